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
	// Shape lists the axes, outermost first; empty: a single number.
	Shape []int
	// Data is a []float32, []float64 or []int64 with the elements in row-major order.
	Data any
}

// File is the contents of a safetensors file.
type File struct {
	// Tensors are, after reading, in the order of their data. Writing puts those with 8-byte
	// elements first, so that all are aligned, and otherwise keeps the order.
	Tensors []Tensor
	// Metadata are texts by key.
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

// metadataName is the entry of the header that is not a tensor.
const metadataName = "__metadata__"

// width is the size of an element in bytes by its type in the header, 0 for an unsupported
// type. 16-bit types become float32.
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

// describe checks a tensor and returns the type of its elements.
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

// elements is the number of elements of a shape; an error if 8 times as many overflow an int.
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
