// Package optim turns gradients into new parameter values: nodes of the graph, which
// the engine carries out as soon as all contributions to a gradient are summed, or once all
// gradients are.
//
// The learning rate is an input of every step, so schedules stand apart (package schedule);
// an optimizer's Rate is what they start from. Register gives an optimizer of your own a name
// for configuration files and commands. Weight decay is PyTorch's: with SGD coupled, added to the gradient; with
// AdamW decoupled.
package optim
