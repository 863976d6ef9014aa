// Package nn holds the layers of networks. A layer, a block and a model are all
// the same thing: a Go struct with a Forward method, a Module.
//
// The exported fields of a module that are modules themselves, or slices of them,
// are its children; their names, joined by dots, are the paths that name parameters,
// as PyTorch's state dicts do. Forward runs once for each graph that is built:
// layers ask the Scope for their parameters and add operators to its graph. Errors
// are collected in the Scope, so that Forward reads like mathematics.
package nn
