package checkpoint

import (
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// Tensor is an array of numbers with a name.
type Tensor struct {
	// Name is the full path, such as layer1.0.conv1.weight.
	Name string
	// Shape lists the axes, outermost first; empty means a single number.
	Shape []int
	// Data is a []float32, []float64 or []int64 with the elements row after row.
	Data any
}

// File is what a safetensors file holds.
type File struct {
	// Tensors are in the order of their data when read. Writing puts those of 8-byte
	// elements first, so that all are aligned, and else keeps the order.
	Tensors []Tensor
	// Metadata are free texts by key.
	Metadata map[string]string
}

// Find returns the tensor of a name.
func (f *File) Find(name string) (Tensor, bool) {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t, true
		}
	}
	return Tensor{}, false
}

// metadataName is the entry of the header that is no tensor.
const metadataName = "__metadata__"

// width is the size of an element in bytes by its type in the header, 0 for a type that
// is not read. 16-bit types become float32.
func width(dtype string) int {
	switch dtype {
	case "F64", "I64":
		return 8
	case "F32":
		return 4
	case "F16", "BF16":
		return 2
	}
	return 0
}

// describe gives the type of a tensor's elements, and checks all of it.
func (t Tensor) describe() (dtype string, err error) {
	n := 0
	switch d := t.Data.(type) {
	case []float32:
		dtype, n = "F32", len(d)
	case []float64:
		dtype, n = "F64", len(d)
	case []int64:
		dtype, n = "I64", len(d)
	default:
		return "", fmt.Errorf("tensor %q: %w: %T, want []float32, []float64 or []int64", t.Name, ErrDType, t.Data)
	}
	if t.Name == "" || t.Name == metadataName || !utf8.ValidString(t.Name) {
		return "", fmt.Errorf("%w: %q cannot be a tensor's name", ErrTensor, t.Name)
	}
	if want, err := elements(t.Shape); err != nil || want != n {
		return "", fmt.Errorf("%w: %s has %d elements, which is not the shape %v", ErrTensor, t.Name, n, t.Shape)
	}
	return dtype, nil
}

// elements is the product of a shape that fits an int, with room for 8 bytes an element.
func elements(shape []int) (int, error) {
	n := uint64(1)
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v: a negative axis", shape)
		}
		high, low := bits.Mul64(n, uint64(d))
		if high != 0 || low > 1<<59 {
			return 0, fmt.Errorf("shape %v: too many elements", shape)
		}
		n = low
	}
	if uint64(int(n)) != n || int(n) < 0 {
		return 0, fmt.Errorf("shape %v: too many elements", shape)
	}
	return int(n), nil
}
