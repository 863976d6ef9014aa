// Package engine compiles graphs of Gorgonia's into programs for a device.
//
// Compile (compile.go) works in passes, a file each: prune drops unneeded nodes, lower turns nodes
// into steps, fuse joins steps that a device can do in one pass over memory, fold turns sums
// of gradients into accumulation, round decides which values are stored as bfloat16, schedule orders
// the steps and puts every update right after the last reader of the old value, alias drops
// steps whose result is a part of their operand's memory, group makes one step of the updates
// of small parameters, and plan gives tensors their places in one arena by their lifetimes. A
// Program (program.go, run.go) runs the steps over the slots of a State, which outlive it. The
// kernels of the steps are a device's: device/ref for their meaning, device/cpu for speed.
//
// Updates in a program are immediate: a parameter changes as soon as all
// contributions to its gradient are summed, and the gradient's memory is free again; small
// parameters may wait for others of their group. A plan that defers them, as clipping by
// norm, sums over several batches or several machines need, is several programs over one
// State: the first ones assign gradients to slots, or add to them, a later one reads the
// slots and makes all updates. Package trainer owns that choice.
package engine
