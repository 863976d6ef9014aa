// Package optim turns gradients into new parameter values: nodes of the graph, which
// the engine runs as soon as all contributions to a gradient are summed, or after all
// gradients.
//
// The learning rate is an input of every step, so schedules are separate (package
// schedule); they start from an optimizer's Rate. Register gives a custom optimizer a name
// for configuration files and commands. Weight decay is PyTorch's: SGD's is coupled (added
// to the gradient), AdamW's decoupled.
package optim
