// Package onnx writes models as ONNX files, for ONNX Runtime and whatever else reads them:
// the evaluation graph with a batch of any size.
//
// The input is called image, [N, C, H, W] of float32 after normalisation, the output
// logits, [N, classes]. Operators are those of opset 17. Batch normalisation stays a node
// of its own, as PyTorch exports it; runtimes fold it by themselves.
package onnx
