// Package optim turns gradients into new parameter values: nodes of the graph, which
// the engine carries out as soon as a gradient is whole, or once all are.
//
// The learning rate is an input of every step, so schedules stand apart (package
// schedule). Weight decay is PyTorch's: with SGD coupled, added to the gradient; with
// AdamW decoupled.
package optim
