// Package engine compiles graphs of Gorgonia's into programs for a device.
//
// Compile works in passes, a file each: prune drops what nobody needs, lower
// turns nodes into steps, fuse joins steps that a device can do in one pass over
// memory, fold turns sums of gradients into accumulation, schedule orders the
// steps and puts every update right after the last reader of the old value, and
// plan gives tensors their places in one arena by their lifetimes. A Program runs
// the steps over the slots of a State, which outlive it.
//
// Updates are immediate: a parameter changes as soon as its gradient is whole, and the
// gradient's memory is free again. A plan that defers them, as clipping by norm, sums
// over several batches or several machines need, is another schedule over the same
// steps: gradients are kept, and all updates come after the last of them.
package engine
