package nn

import (
	"fmt"
	"reflect"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/op"
)

// Role is the purpose of a parameter; optimizers choose by it which parameters decay.
type Role uint8

// Roles of parameters.
const (
	Weight Role = iota // of a convolution or linear layer
	Bias
	NormScale // γ of a normalisation
	NormShift // β of a normalisation
)

// Param is a parameter of a traced module.
type Param struct {
	Name  string // full path: "layer1.0.conv2.weight"
	Shape []int  // canonical: OIHW, [out, in], [channels]
	Role  Role
	Init  Init
	Node  *gorgonia.Node
}

// Elements is the number of elements.
func (p *Param) Elements() int { return tensor.Shape(p.Shape).TotalSize() }

// Layer returns the path of the layer that declared p, and p's name within it.
func (p *Param) Layer() (path, name string) { return split(p.Name) }

// Buffer is a value that training changes without a gradient, such as a running mean.
type Buffer struct {
	Name  string
	Shape []int
	Fill  float64 // initial value of all elements
	Node  *gorgonia.Node
	Next  *gorgonia.Node // its value after a training step; nil where it does not change, as in evaluation
}

// Layer is a line of a model's summary.
type Layer struct {
	Path         string
	Kind         string // "Conv2D"
	Output       []int  // shape with the batch as first axis
	Parameters   int
	MultiplyAdds int64 // of the traced batch
}

// Scope collects the model while Forward runs: the graph, its parameters and buffers,
// and the first error.
type Scope struct {
	graph    *gorgonia.ExprGraph
	training bool
	keep     func(path string) bool // of Options.KeepStatistics
	dtype    tensor.Dtype

	paths    map[Module]string
	names    map[string]bool
	params   []*Param
	buffers  []*Buffer
	counters []string
	layers   []Layer
	rng      *gorgonia.Node
	err      error
}

// Graph returns the graph that the module is added to.
func (s *Scope) Graph() *gorgonia.ExprGraph { return s.graph }

// Training reports whether this is a training step: batch statistics, dropout.
func (s *Scope) Training() bool { return s.training }

// BatchStatistics reports whether the normalisation layer m uses the statistics of its
// batch and moves its running ones: in training, unless Options.KeepStatistics names it.
func (s *Scope) BatchStatistics(m Module) bool {
	return s.training && (s.keep == nil || !s.keep(s.Path(m)))
}

// DType is the type of activations and parameters: tensor.Float32 or tensor.Float64.
func (s *Scope) DType() tensor.Dtype { return s.dtype }

// Err is the first error.
func (s *Scope) Err() error { return s.err }

// Path returns a module's name: "layer1.0.conv2". It is empty for the root and for
// modules that are not among the root's descendants.
func (s *Scope) Path(m Module) string {
	if !reflect.TypeOf(m).Comparable() {
		return ""
	}
	return s.paths[m]
}

// Param declares a parameter of the layer m and returns its node. Declaring one path
// twice is an error: a layer can be used only once in a graph.
func (s *Scope) Param(m Module, name string, role Role, init Init, shape ...int) *gorgonia.Node {
	full := join(s.Path(m), name)
	if !s.declare(m, full, shape) {
		return nil
	}
	p := &Param{Name: full, Shape: append([]int(nil), shape...), Role: role, Init: init, Node: s.leaf(full, shape)}
	s.params = append(s.params, p)
	return p.Node
}

// Buffer declares a buffer of the layer m and returns its node; fill is the initial
// value of all elements.
func (s *Scope) Buffer(m Module, name string, fill float64, shape ...int) *gorgonia.Node {
	full := join(s.Path(m), name)
	if !s.declare(m, full, shape) {
		return nil
	}
	b := &Buffer{Name: full, Shape: append([]int(nil), shape...), Fill: fill, Node: s.leaf(full, shape)}
	s.buffers = append(s.buffers, b)
	return b.Node
}

// Assign sets the value that a buffer takes after the step.
func (s *Scope) Assign(buffer, value *gorgonia.Node) {
	for _, b := range s.buffers {
		if b.Node == buffer && buffer != nil {
			b.Next = value
			return
		}
	}
	s.Fail(errorf("", ErrModule, "a value is assigned to %v, which is not a buffer", buffer))
}

// Counter declares an int64 that counts training steps: PyTorch's num_batches_tracked.
func (s *Scope) Counter(m Module, name string) {
	if full := join(s.Path(m), name); s.declare(m, full, []int{1}) {
		s.counters = append(s.counters, full)
	}
}

// RNG returns the int64 vector {seed, step} from which random operators derive their
// numbers.
func (s *Scope) RNG() *gorgonia.Node {
	if s.rng == nil {
		s.rng = gorgonia.NewTensor(s.graph, tensor.Int64, 1, gorgonia.WithShape(2), gorgonia.WithName("rng"))
	}
	return s.rng
}

// Note adds a line to the model's summary: the kind of the layer m, its result y, and
// its multiply-adds for the complete batch.
func (s *Scope) Note(m Module, kind string, y *gorgonia.Node, multiplyAdds int64) {
	if y == nil || s.err != nil {
		return
	}
	path := s.Path(m)
	l := Layer{Path: path, Kind: kind, Output: append([]int(nil), y.Shape()...), MultiplyAdds: multiplyAdds}
	for _, p := range s.params {
		if owner, _ := p.Layer(); owner == path {
			l.Parameters += p.Elements()
		}
	}
	s.layers = append(s.layers, l)
}

// Try records err, if it is the first, and returns y. It wraps calls of package op and
// of Gorgonia.
func (s *Scope) Try(y *gorgonia.Node, err error) *gorgonia.Node {
	if err != nil {
		s.Fail(err)
		return nil
	}
	return y
}

// Fail records err, if it is the first.
func (s *Scope) Fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// Errorf records an error about the layer m that matches kind, ErrShape or ErrModule.
// The message begins with m's path or, without one, its type.
func (s *Scope) Errorf(m Module, kind error, format string, args ...any) {
	path := s.Path(m)
	if path == "" {
		path = fmt.Sprintf("%T", m)
	}
	s.Fail(errorf(path, kind, format, args...))
}

// Add returns x + y, both of one shape, for a residual connection of m.
func (s *Scope) Add(m Module, x, y *gorgonia.Node) *gorgonia.Node {
	if s.err != nil || x == nil || y == nil {
		return nil
	}
	return s.Try(op.Add(s.Path(m), x, y))
}

func (s *Scope) declare(m Module, name string, shape []int) bool {
	if s.err != nil {
		return false
	}
	if !reflect.TypeOf(m).Comparable() || !s.reached(m) {
		s.Fail(errorf("", ErrModule, "the model does not reach a %T, so its %s has no name: "+
			"layers are exported fields, of a model that is passed as a pointer, or come from Children", m, name))
		return false
	}
	if s.names[name] {
		s.Fail(errorf(name, ErrModule, "the name is taken: is a layer used twice?"))
		return false
	}
	for _, d := range shape {
		if d < 1 {
			s.Fail(errorf(name, ErrModule, "shape %v has an empty axis", shape))
			return false
		}
	}
	s.names[name] = true
	return true
}

func (s *Scope) reached(m Module) bool {
	_, known := s.paths[m]
	return known
}

func (s *Scope) leaf(name string, shape []int) *gorgonia.Node {
	return gorgonia.NewTensor(s.graph, s.dtype, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name))
}

// split cuts a name into its layer's path and the rest.
func split(name string) (path, last string) {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			return name[:i], name[i+1:]
		}
	}
	return "", name
}
