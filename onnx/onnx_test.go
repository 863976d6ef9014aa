package onnx

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/internal/wire"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
)

// fresh traces a model for evaluation and gives it its fresh weights.
func fresh(t testing.TB, m nn.Module, size int) (*nn.Graph, []checkpoint.Tensor) {
	t.Helper()
	g, err := nn.Trace(m, []int{1, 3, size, size}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var tensors []checkpoint.Tensor
	for _, p := range g.Params {
		tensors = append(tensors, checkpoint.Tensor{Name: p.Name, Shape: p.Shape, Data: p.Draw(1)})
	}
	for _, b := range g.Buffers {
		tensors = append(tensors, checkpoint.Tensor{Name: b.Name, Shape: b.Shape, Data: make([]float32, tensor.Shape(b.Shape).TotalSize())})
	}
	return g, tensors
}

// described is what a file holds: the kinds of nodes, what they take and make, the
// initializers with the bytes of each, and the metadata.
type described struct {
	kinds        map[string]int
	makes        map[string]bool
	takes        []string
	initializers map[string]int
	metadata     map[string]string
}

// read decodes a file as far as the test needs it.
func read(t *testing.T, path string) (d described) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d = described{map[string]int{}, map[string]bool{}, nil, map[string]int{}, map[string]string{}}
	fields := func(m []byte) []wire.Field {
		f, ok := wire.Message(m).Fields()
		if !ok {
			t.Fatal("a message cannot be decoded")
		}
		return f
	}
	text := func(m []byte, number int) string {
		for _, f := range fields(m) {
			if f.Number == number && f.Kind == wire.Length {
				return string(f.Bytes)
			}
		}
		return ""
	}
	for _, f := range fields(data) {
		switch f.Number {
		case modelMetadata:
			d.metadata[text(f.Bytes, 1)] = text(f.Bytes, 2)
		case modelGraph:
			for _, g := range fields(f.Bytes) {
				switch g.Number {
				case graphNode:
					d.kinds[text(g.Bytes, 4)]++
					for _, n := range fields(g.Bytes) {
						if n.Number == 1 {
							d.takes = append(d.takes, string(n.Bytes))
						}
					}
					d.makes[text(g.Bytes, 2)] = true
				case graphInitializer:
					d.initializers[text(g.Bytes, tensorName)] = len(text(g.Bytes, tensorData))
				}
			}
		}
	}
	return d
}

func TestModels(t *testing.T) {
	for name, want := range map[string]map[string]int{
		"resnet50":  {"Conv": 53, "BatchNormalization": 53, "Relu": 49, "Add": 16, "MaxPool": 1, "GlobalAveragePool": 1, "Flatten": 1, "Gemm": 1, "Identity": 1},
		"resnet50d": {"Conv": 55, "BatchNormalization": 55, "Relu": 51, "Add": 16, "MaxPool": 1, "AveragePool": 3, "GlobalAveragePool": 1, "Flatten": 1, "Gemm": 1, "Identity": 1},
	} {
		m, err := models.New(name, models.Config{Classes: 5})
		if err != nil {
			t.Fatal(err)
		}
		g, tensors := fresh(t, m, 64)
		path := filepath.Join(t.TempDir(), "model.onnx")
		if err := Write(path, g, tensors, map[string]string{"euryale.model": name}); err != nil {
			t.Fatal(err)
		}
		d := read(t, path)
		for kind, n := range want {
			if d.kinds[kind] != n {
				t.Errorf("%s: %d nodes %s, want %d", name, d.kinds[kind], kind, n)
			}
		}
		if len(d.kinds) != len(want) || d.metadata["euryale.model"] != name || len(d.initializers) != len(tensors) {
			t.Errorf("%s: %v, metadata %v, %d initializers of %d tensors", name, d.kinds, d.metadata, len(d.initializers), len(tensors))
		}
		for _, one := range tensors {
			if d.initializers[one.Name] != 4*tensor.Shape(one.Shape).TotalSize() {
				t.Errorf("%s: %s has %d bytes", name, one.Name, d.initializers[one.Name])
			}
		}
		for _, taken := range d.takes {
			if _, constant := d.initializers[taken]; !constant && !d.makes[taken] && taken != Input {
				t.Errorf("%s: nothing makes %q", name, taken)
			}
		}
		if !d.makes[Output] {
			t.Errorf("%s: nothing makes the output", name)
		}
	}
}

// odd is a model with what others do not have.
type odd struct {
	Conv *nn.Conv2D
	Pool *nn.AdaptiveAvgPool2D
	Flat *nn.Flatten
	FC   *nn.Linear
	own  func(x *gorgonia.Node) (*gorgonia.Node, error)
}

func (m *odd) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	x = m.Pool.Forward(s, m.Conv.Forward(s, x))
	if m.own != nil {
		y, err := m.own(x)
		if err != nil {
			s.Fail(err)
			return nil
		}
		x = y
	}
	return m.FC.Forward(s, m.Flat.Forward(s, x))
}

func newOdd() *odd {
	return &odd{
		Conv: &nn.Conv2D{In: 3, Out: 4, Kernel: 3, Bias: true}, Pool: &nn.AdaptiveAvgPool2D{Size: 3}, Flat: &nn.Flatten{}, FC: &nn.Linear{In: 36, Out: 2},
	}
}

func TestOddModels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.onnx")
	g, tensors := fresh(t, newOdd(), 10)
	if err := Write(path, g, tensors, nil); err != nil {
		t.Fatal(err)
	}
	d := read(t, path)
	if d.kinds["MatMul"] != 2 || d.kinds["Conv"] != 1 || d.kinds["Add"] != 0 || len(d.initializers) != 6 {
		t.Errorf("%v, %v", d.kinds, d.initializers)
	}
	if got := means(8, 3, false); !slices.Equal(got[:8], []float32{1. / 3, 1. / 3, 1. / 3, 0, 0, 0, 0, 0}) || got[8+2] != 0.25 || got[16+7] != 1./3 {
		t.Errorf("means %v", got)
	}

	m := newOdd()
	m.own = func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Tanh(x) }
	g, tensors = fresh(t, m, 10)
	if err := Write(path, g, tensors, nil); !errors.Is(err, ErrOperator) || !strings.Contains(err.Error(), "tanh") {
		t.Errorf("a foreign operator: %v", err)
	}
	g, tensors = fresh(t, newOdd(), 10)
	if err := Write(path, g, tensors[1:], nil); !errors.Is(err, ErrWeights) || !strings.Contains(err.Error(), tensors[0].Name) {
		t.Errorf("a missing tensor: %v", err)
	}
	training, err := nn.Trace(newOdd(), []int{2, 3, 10, 10}, nn.Options{Training: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(path, training, tensors, nil); !errors.Is(err, ErrOperator) {
		t.Errorf("a graph for training: %v", err)
	}
}
