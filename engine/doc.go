// Package engine compiles graphs of Gorgonia's into programs for a device.
//
// Compile works in passes, a file each: prune drops what nobody needs, lower turns nodes
// into steps, fuse joins steps that a device can do in one pass over memory, fold turns sums
// of gradients into accumulation, round decides what is stored as bfloat16, schedule orders
// the steps and puts every update right after the last reader of the old value, alias leaves
// out steps whose result lies in their operand already, group makes one step of the updates
// of small parameters, and plan gives tensors their places in one arena by their lifetimes. A
// Program runs the steps over the slots of a State, which outlive it.
//
// Updates in a program are immediate: a parameter changes as soon as all
// contributions to its gradient are summed, and the gradient's memory is free again; small
// parameters may wait for others of their group. A plan that defers them, as clipping by
// norm, sums over several batches or several machines need, is several programs over one
// State: the first ones assign gradients to slots, or add to them, a later one reads the
// slots and makes all updates. Package trainer owns that choice.
package engine
