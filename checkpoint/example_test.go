package checkpoint_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/euryale-ml/euryale/checkpoint"
)

func Example() {
	dir, err := os.MkdirTemp("", "weights")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "best.safetensors")
	err = checkpoint.Write(path, &checkpoint.File{
		Tensors:  []checkpoint.Tensor{{Name: "fc.bias", Shape: []int{2}, Data: []float32{0.5, -0.5}}},
		Metadata: checkpoint.Info{Model: "vgg16", Classes: []string{"cat", "dog"}}.Metadata(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := checkpoint.Read(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	info, err := checkpoint.ReadInfo(f.Metadata)
	fmt.Println(info.Model, info.Classes, f.Tensors[0].Name, f.Tensors[0].Data, err)
	// Output: vgg16 [cat dog] fc.bias [0.5 -0.5] <nil>
}

// ExampleOpen finds a model's tensors in a file that has them below a prefix.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "weights")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "wrapped.pth")
	err = checkpoint.WriteTorch(path, &checkpoint.File{Tensors: []checkpoint.Tensor{
		{Name: "n_averaged", Shape: []int{}, Data: []int64{3}},
		{Name: "module.fc.bias", Shape: []int{2}, Data: []float32{0.5, -0.5}},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := checkpoint.Open(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	m, err := f.Match([]checkpoint.Spec{{Name: "fc.bias", Shape: []int{2}}}, checkpoint.MatchOptions{})
	fmt.Println(m.Tensors[0].Name, m.Tensors[0].Data, err)
	fmt.Println(m.Choice)
	// Output:
	// fc.bias [0.5 -0.5] <nil>
	// 1 tensors taken from "module."; 1 left over: n_averaged
}
