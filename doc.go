// Package euryale is the root of a deep-learning library that trains image
// classifiers in Go, without Python and without cgo.
//
// The graph is Gorgonia's; operators, engine and kernels are Euryale's own. A
// program usually needs these packages:
//
//	models      VGG-16 and ResNet-50 in all their forms, and a registry for more
//	dataset     Oxford-IIIT Pet, image folders, drawn animals; the Loader
//	transforms  crops, flips, colour jitter, resizing, normalisation
//	trainer     the training loop, or a single Step for loops of one's own
//	infer       classification with trained weights
//	cli         the commands' flags and output for a program of one's own
//
// Below them are nn (layers), op (operators on the graph), engine (the compiler
// of graphs into programs), device and device/cpu (the kernels).
//
// The commands are in examples and cmd/euryale.
package euryale
