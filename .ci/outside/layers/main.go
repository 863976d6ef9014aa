// Layers writes a small model of many kinds of layer to a folder, as model.onnx and as
// model.safetensors: for layers.py, which compares ONNX Runtime with PyTorch.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/onnx"
)

func main() {
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(dir string) error {
	g, err := nn.Trace(nn.NewSequential(
		&nn.Conv2D{In: 3, Out: 6, KernelHW: [2]int{1, 5}, PaddingHW: [2]int{0, 2}, StrideHW: [2]int{2, 1}, Bias: true}, &nn.SiLU{},
		&nn.Conv2D{In: 6, Out: 8, Kernel: 3, Padding: 1}, &nn.BatchNorm2D{Channels: 8, Eps: 1e-2}, &nn.GELU{},
		&nn.MaxPool2D{KernelHW: [2]int{1, 2}}, &nn.AdaptiveAvgPool2D{SizeHW: [2]int{2, 3}}, &nn.Flatten{},
		&nn.Linear{In: 48, Out: 10, NoBias: true}, &nn.GELU{Tanh: true}, &nn.Linear{In: 10, Out: 4},
	), []int{1, 3, 12, 12}, nn.Options{})
	if err != nil {
		return err
	}
	var tensors []checkpoint.Tensor
	for _, p := range g.Params {
		values, err := p.Fresh(3)
		if err != nil {
			return err
		}
		tensors = append(tensors, checkpoint.Tensor{Name: p.Name, Shape: p.Shape, Data: values})
	}
	for i, b := range g.Buffers {
		values := make([]float32, b.Shape[0])
		for k := range values {
			values[k] = 0.5 + float32(i+k)/10
		}
		tensors = append(tensors, checkpoint.Tensor{Name: b.Name, Shape: b.Shape, Data: values})
	}
	if err := checkpoint.Write(filepath.Join(dir, "model.safetensors"), &checkpoint.File{Tensors: tensors}); err != nil {
		return err
	}
	return onnx.Write(filepath.Join(dir, "model.onnx"), g, tensors, nil)
}
