// Package engine compiles graphs of Gorgonia's into programs for a device.
//
// Compile works in passes, a file each: prune drops what nobody needs, lower
// turns nodes into steps, fuse joins steps that a device can do in one pass over
// memory, fold turns sums of gradients into accumulation, schedule orders the
// steps and puts every update right after the last reader of the old value, and
// plan gives tensors their places in one arena by their lifetimes. A Program runs
// the steps over the slots of a State, which outlive it.
//
// Updates in a program are immediate: a parameter changes as soon as its gradient is
// whole, and the gradient's memory is free again. A plan that defers them, as clipping by
// norm, sums over several batches or several machines need, is several programs over one
// State: the first ones assign gradients to slots, or add to them, a later one reads the
// slots and makes all updates. Package trainer owns that choice.
package engine
