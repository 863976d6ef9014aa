package nn_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/internal/nntest"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/op"
)

type (
	node   = gorgonia.Node
	module = nn.Module
)

func let(t *testing.T, leaf *node, backing any) {
	t.Helper()
	if err := gorgonia.Let(leaf, tensor.New(tensor.WithShape(leaf.Shape()...), tensor.WithBacking(backing))); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, g *gorgonia.ExprGraph) {
	t.Helper()
	machine := gorgonia.NewTapeMachine(g)
	defer machine.Close()
	if err := machine.RunAll(); err != nil {
		t.Fatal(err)
	}
}

// fc keeps 2 features.
func fc() *nn.Linear { return &nn.Linear{In: 2, Out: 2} }

// Shared holds layers and is no module.
type Shared struct{ Inner *nn.Linear }

// everyName has a child of each kind of naming.
type everyName struct {
	Tagged  *nn.Linear `nn:"conv1"`
	Dotted  *nn.Linear `nn:"a.b"`
	LowerIt nn.Linear  // a value
	List    []*nn.Linear
	Values  [2]nn.Linear
	Nested  [][]nn.Module
	Any     nn.Module
	Nil     *nn.Linear
	NilAny  nn.Module
	Left    *nn.Linear `nn:"-"`
	Block   *nn.Sequential
	Number  int
	Shared
	hidden *nn.Linear
}

func newEveryName() *everyName {
	m := &everyName{
		Tagged: fc(), Dotted: fc(), LowerIt: *fc(), List: []*nn.Linear{fc(), nil, fc()}, Values: [2]nn.Linear{*fc(), *fc()},
		Nested: [][]nn.Module{{fc()}, {fc(), fc()}}, Any: fc(), Left: fc(), Block: nn.NewSequential(&nn.ReLU{}, fc()),
		Shared: Shared{Inner: fc()}, hidden: fc(),
	}
	return m
}

func (m *everyName) Forward(s *nn.Scope, x *node) *node {
	all := []module{m.Tagged, m.Dotted, &m.LowerIt, m.List[0], m.List[2], &m.Values[0], &m.Values[1],
		m.Nested[0][0], m.Nested[1][0], m.Nested[1][1], m.Any, m.Block, m.Inner}
	return nn.NewSequential(all...).Forward(s, x)
}

func TestNaming(t *testing.T) {
	g := trace(t, newEveryName(), nn.Options{}, 1, 2)
	var got []string
	for _, p := range g.Params {
		if name, ok := strings.CutSuffix(p.Name, ".weight"); ok {
			got = append(got, name)
		}
	}
	want := []string{"conv1", "a.b", "lowerit", "list.0", "list.2", "values.0", "values.1", "nested.0.0", "nested.1.0", "nested.1.1", "any",
		"block.1", "inner"}
	if !slices.Equal(got, want) {
		t.Errorf("names %v\nwant  %v", got, want)
	}
	if path, name := g.Params[2].Layer(); path != "a.b" || name != "weight" {
		t.Errorf("%s is %q of the layer %q", g.Params[2].Name, name, path)
	}
}

// doubled embeds a layer, whose parameters appear as its own, and adds one.
type doubled struct {
	nn.Linear
	Second nn.Linear
}

func (m *doubled) Forward(s *nn.Scope, x *node) *node {
	return m.Second.Forward(s, m.Linear.Forward(s, x))
}

// flat names its children itself, one of them without a name.
type flat struct {
	children []nn.Child
}

func (m *flat) Children() []nn.Child { return m.children }

func (m *flat) Forward(s *nn.Scope, x *node) *node {
	for _, c := range m.children {
		if l, ok := c.Module.(*nn.Linear); ok && l == nil || c.Module == nil {
			continue
		}
		x = c.Module.Forward(s, x)
	}
	return x
}

func TestPathsOfParents(t *testing.T) {
	var absent *nn.Linear
	for _, c := range []struct {
		m    module
		want string
	}{
		{&doubled{Linear: *fc(), Second: *fc()}, "weight bias second.weight second.bias"},
		{&flat{[]nn.Child{{Name: "x.0", Module: fc()}, {Name: "x.1", Module: fc()}, {Name: "nil"}, {Name: "typed", Module: absent}}},
			"x.0.weight x.0.bias x.1.weight x.1.bias"},
		{&flat{[]nn.Child{{Module: nn.NewSequential(fc())}, {Name: "fc", Module: fc()}}}, "0.weight 0.bias fc.weight fc.bias"},
		{fc(), "weight bias"},
	} {
		var got []string
		for _, p := range trace(t, c.m, nn.Options{}, 1, 2).Params {
			got = append(got, p.Name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%T: parameters %v, want %s", c.m, got, c.want)
		}
	}
}

// twice uses one layer two times.
type twice struct{ FC *nn.Linear }

func (m *twice) Forward(s *nn.Scope, x *node) *node { return m.FC.Forward(s, m.FC.Forward(s, x)) }

// pair has two fields.
type pair struct {
	A *nn.Linear `nn:"fc"`
	B *nn.Linear `nn:"fc2"`
}

func (m *pair) Forward(s *nn.Scope, x *node) *node { return m.B.Forward(s, m.A.Forward(s, x)) }

// sameName has two fields of one name.
type sameName struct {
	A *nn.Linear `nn:"fc"`
	B *nn.Linear `nn:"fc"`
}

func (m *sameName) Forward(s *nn.Scope, x *node) *node { return m.B.Forward(s, m.A.Forward(s, x)) }

// private keeps its layer where no one finds it.
type private struct{ fc *nn.Linear }

func (m *private) Forward(s *nn.Scope, x *node) *node { return m.fc.Forward(s, x) }

// byValue has Forward on the value, so that its layer is a copy in each call.
type byValue struct{ FC nn.Linear }

func (m byValue) Forward(s *nn.Scope, x *node) *node { return m.FC.Forward(s, x) }

// incomparable can be no key of a map.
type incomparable struct{ _ []int }

func (incomparable) Forward(_ *nn.Scope, x *node) *node { return x }

// ring contains itself.
type ring struct{ Next module }

func (m *ring) Forward(_ *nn.Scope, x *node) *node { return x }

// call is a module of a function.
type call struct {
	f func(s *nn.Scope, m module, x *node) *node
}

func (m *call) Forward(s *nn.Scope, x *node) *node { return m.f(s, m, x) }

// TestTraceErrors reads the message of each module that makes no sense.
func TestTraceErrors(t *testing.T) {
	shared := fc()
	loop := &ring{}
	loop.Next = nn.NewSequential(loop)
	var absent *nn.Linear
	on := []int{1, 2}
	for _, c := range []struct {
		m     module
		shape []int
		is    error
		want  []string
	}{
		{nil, on, nn.ErrModule, []string{"the module is nil"}},
		{absent, on, nn.ErrModule, []string{"the module is nil"}},
		{fc(), []int{1, 0}, nn.ErrShape, []string{"[1 0]", "empty axis"}},
		{fc(), nil, nn.ErrShape, []string{"[]"}},
		{&twice{fc()}, on, nn.ErrModule, []string{"fc.weight", "used twice"}},
		{&pair{shared, shared}, on, nn.ErrModule, []string{"fc.weight", "used twice"}},
		{&sameName{fc(), fc()}, on, nn.ErrModule, []string{"fc", "two modules", "*nn.Linear"}},
		{&private{fc()}, on, nn.ErrModule, []string{"does not reach", "*nn.Linear", "weight", "exported fields"}},
		{byValue{*fc()}, on, nn.ErrModule, []string{"does not reach", "passed as a pointer"}},
		{incomparable{}, on, nn.ErrModule, []string{"incomparable", "method of the pointer"}},
		{loop, on, nn.ErrModule, []string{"next.0", "contains itself"}},
		{nn.NewSequential(fc(), nil), on, nn.ErrModule, []string{"module 1 is nil"}},
		{&call{func(*nn.Scope, module, *node) *node { return nil }}, on, nn.ErrModule, []string{"*nn_test.call", "no node"}},
		{&call{func(*nn.Scope, module, *node) *node { panic("ouch") }}, on, nn.ErrModule, []string{"*nn_test.call", "panicked", "ouch"}},
		{&call{func(s *nn.Scope, m module, x *node) *node {
			s.Errorf(m, nn.ErrShape, "first")
			panic("second")
		}}, on, nn.ErrShape, []string{"first"}},
		{&call{func(s *nn.Scope, m module, x *node) *node {
			s.Param(m, "weight", nn.Weight, nn.Constant(0), 2, 0)
			return x
		}}, on, nn.ErrModule, []string{"weight", "[2 0]", "empty axis"}},
		{&call{func(s *nn.Scope, m module, x *node) *node {
			s.Assign(x, x)
			return x
		}}, on, nn.ErrModule, []string{"is not a buffer"}},
		{&call{func(s *nn.Scope, m module, x *node) *node {
			s.Param(m, "input", nn.Weight, nn.Constant(0), 1, 2) // would be one node with the input
			return x
		}}, on, nn.ErrModule, []string{"input", "taken"}},
		{&call{func(s *nn.Scope, m module, x *node) *node {
			return s.Add(m, x, s.Param(m, "weight", nn.Weight, nn.Constant(0), 3))
		}}, on, nn.ErrShape, []string{"[3]", "[1 2]"}},
	} {
		_, err := nn.Trace(c.m, c.shape, nn.Options{})
		if !errors.Is(err, c.is) {
			t.Errorf("%T: error %v, want %v", c.m, err, c.is)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%T: error %q does not say %q", c.m, err, want)
			}
		}
	}
	if _, err := nn.Trace(fc(), on, nn.Options{DType: tensor.Int64}); !errors.Is(err, op.ErrType) || !strings.Contains(err.Error(), "not int64") {
		t.Errorf("error %v for int64", err)
	}
}

// TestLayerErrors checks that layers deep in a model name their path and the shapes.
func TestLayerErrors(t *testing.T) {
	for _, c := range []struct {
		m     module
		shape []int
		is    error
		want  []string
	}{
		{&nn.Conv2D{In: 3, Out: 4, Kernel: 3}, []int{1, 2, 8, 8}, nn.ErrShape, []string{"nn: b.0", "[1 2 8 8]", "[N, 3, H, W]"}},
		{&nn.Conv2D{In: 3, Out: 4, Kernel: 3}, []int{1, 3}, nn.ErrShape, []string{"nn: b.0", "[1 3]", "[N, 3, H, W]"}},
		{&nn.Conv2D{In: 3, Out: 4, Kernel: 5}, []int{1, 3, 4, 9}, nn.ErrShape, []string{"at b.0", "[1 3 4 9]", "5×5"}},
		{&nn.Conv2D{In: 3, Kernel: 3}, []int{1, 3, 8, 8}, nn.ErrModule, []string{"nn: b.0", "Out 0"}},
		{&nn.Conv2D{In: 3, Out: 4}, []int{1, 3, 8, 8}, nn.ErrModule, []string{"nn: b.0", "Kernel 0"}},
		{&nn.Conv2D{In: 3, Out: 4, Kernel: 3, Groups: 2}, []int{1, 3, 8, 8}, nn.ErrModule, []string{"nn: b.0", "Groups 2"}},
		{&nn.Conv2D{In: 4, Out: 3, Kernel: 3, Groups: 2}, []int{1, 4, 8, 8}, nn.ErrModule, []string{"nn: b.0", "Groups 2"}},
		{&nn.Conv2D{In: 3, Out: 4, Kernel: 3, Stride: -1}, []int{1, 3, 8, 8}, op.ErrAttribute, []string{"at b.0", "stride -1"}},
		{&nn.Conv2D{In: 3, Out: 4, Kernel: 3, Padding: -1}, []int{1, 3, 8, 8}, op.ErrAttribute, []string{"at b.0", "padding -1"}},
		{&nn.BatchNorm2D{}, []int{1, 3, 8, 8}, nn.ErrModule, []string{"nn: b.0", "Channels 0"}},
		{&nn.BatchNorm2D{Channels: 4}, []int{1, 3, 8, 8}, nn.ErrShape, []string{"nn: b.0", "[1 3 8 8]", "[N, 4, H, W]"}},
		{&nn.BatchNorm2D{Channels: 3}, []int{1, 3, 1, 1}, nn.ErrShape, []string{"at b.0", "1 value per channel"}},
		{&nn.Linear{In: 4}, []int{1, 4}, nn.ErrModule, []string{"nn: b.0", "Out 0"}},
		{&nn.Linear{In: 4, Out: 2}, []int{1, 4, 1, 1}, nn.ErrShape, []string{"nn: b.0", "[1 4 1 1]", "[N, 4]"}},
		{&nn.Dropout{P: 1}, []int{1, 4}, nn.ErrModule, []string{"nn: b.0", "P is 1"}},
		{&nn.MaxPool2D{}, []int{1, 3, 8, 8}, op.ErrAttribute, []string{"at b.0", "kernel 0×0"}},
		{&nn.MaxPool2D{Kernel: 3}, []int{1, 3, 2, 8}, nn.ErrShape, []string{"at b.0", "[1 3 2 8]", "3×3"}},
		{&nn.AvgPool2D{Kernel: 2, Padding: 2}, []int{1, 3, 8, 8}, op.ErrAttribute, []string{"at b.0", "padding 2×2"}},
		{&nn.AdaptiveAvgPool2D{Size: 7}, []int{1, 4}, nn.ErrShape, []string{"at b.0", "[1 4]"}},
		{&nn.Flatten{}, []int{4}, nn.ErrShape, []string{"at b.0", "[4]"}},
	} {
		m := &flat{[]nn.Child{{Name: "a", Module: &nn.Identity{}}, {Name: "b", Module: nn.NewSequential(c.m, &nn.ReLU{})}}}
		_, err := nn.Trace(m, c.shape, nn.Options{Training: true})
		if !errors.Is(err, c.is) {
			t.Errorf("%+v: error %v, want %v", c.m, err, c.is)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: error %q does not say %q", c.m, err, want)
			}
		}
	}
}

// TestOwnModel checks the gradients of the example's model, Gorgonia's operators in it.
func TestOwnModel(t *testing.T) {
	m := &Classifier{
		Conv: nn.Conv2D{In: 3, Out: 4, Kernel: 3, Padding: 1}, Gate: SwishGate{Features: 4}, FC: &nn.Linear{In: 4, Out: 3},
	}
	nntest.GradCheck(t, m, true, 2, 3, 4, 5)
}
