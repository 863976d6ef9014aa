// Package onnx writes models as ONNX files, for ONNX Runtime and other readers: the
// evaluation graph with a batch of any size.
//
// The input is called image, [N, C, H, W] of float32 after normalisation, the output
// logits, [N, classes]. Operators are those of opset 17. Batch normalisation is not folded
// into convolutions, as in PyTorch's exports; runtimes fold it when they load the file.
package onnx
