package device

import (
	"reflect"
	"testing"
)

// TestTable names a kind whose row lacks what the engine and the devices rely on.
func TestTable(t *testing.T) {
	named := map[string]Kind{}
	for k := range Kinds() {
		r := table[k]
		if r.name == "" {
			t.Errorf("kind %d, after %v, has no row in the table", k, k-1)
			continue
		}
		if other, taken := named[r.name]; taken {
			t.Errorf("kinds %d and %d are both %s", other, k, r.name)
		}
		named[r.name] = k
		if len(r.in) == 0 || len(r.out) == 0 {
			t.Errorf("%v: the table does not say how its operands and results are laid out: %v → %v", k, r.in, r.out)
		}
		if r.attr != nil && reflect.TypeOf(r.attr).Kind() != reflect.Struct {
			t.Errorf("%v: its attribute is a %T, want a struct", k, r.attr)
		}
		if _, ok := r.attr.(Activated); r.activates && !ok {
			t.Errorf("%v may end in an activation, but its attribute %T cannot hold one", k, r.attr)
		}
		if r.update && (len(r.overwrites) == 0 || !k.Result(0).Param()) {
			t.Errorf("%v is an update, but not of a parameter in place", k)
		}
		for i, p := range r.overwrites {
			if i > 0 && p[0] < r.overwrites[i-1][0] {
				t.Errorf("%v: the pairs %v are not in the order of the results", k, r.overwrites)
			}
			over, under := k.Result(p[0]), k.Operand(p[1])
			if over.Param() != under.Param() || (over == Alike) != (under == Alike) {
				t.Errorf("%v: result %d, %v, cannot overwrite operand %d, %v", k, p[0], over, p[1], under)
			}
		}
	}
	if k := numKinds; k.String() != "Kind(?)" || k.Attr() != nil || k.Operand(0) != Any {
		t.Errorf("a number that is no kind: %v, %v, %v", k, k.Attr(), k.Operand(0))
	}
}

// TestActs names an activation that lacks its row.
func TestActs(t *testing.T) {
	names := map[string]bool{None.String(): true}
	for a := range Acts() {
		if a.String() == "" || names[a.String()] {
			t.Errorf("activation %d, after %v, is called %q", a, a-1, a)
		}
		names[a.String()] = true
		for _, attr := range []Activated{ConvAttr{}, LinearAttr{}, BiasAttr{}, AddAttr{}, BatchNormAttr{}} {
			if got := attr.WithActivation(a).(Activated).Activation(); got != a || attr.Activation() != None {
				t.Errorf("%T with %v has %v", attr, a, got)
			}
		}
	}
	if len(names) != int(numActs) || numActs.String() != "Act(?)" {
		t.Errorf("activations %v", names)
	}
}

func TestOperandNames(t *testing.T) {
	for o := Features; o <= Any; o++ {
		if o.String() == "" {
			t.Errorf("operand %d has no name", o)
		}
	}
	if s := Any.String(); s != "Any" {
		t.Errorf("the last operand is called %s", s)
	}
}

// TestFLOPs counts a 3×3 convolution of 2 → 5 channels to 2×4×4 pixels, and its gradients.
func TestFLOPs(t *testing.T) {
	tensor := func(shape ...int) *Tensor { return &Tensor{Shape: shape} }
	var a ConvAttr
	a.N, a.C, a.H, a.W, a.O, a.KH, a.KW = 2, 2, 6, 6, 5, 3, 3
	a.StrideH, a.StrideW, a.DilationH, a.DilationW, a.Groups = 1, 1, 1, 1, 1
	x, dy, w := tensor(8, 3), tensor(8, 4), tensor(4, 3)
	for _, c := range []struct {
		s    Step
		want int64
	}{
		{Step{Kind: Conv2D, Attr: a}, 2 * 2 * 16 * 5 * 2 * 9},
		{Step{Kind: Conv2DGradWeight, Attr: a}, 2 * 2 * 16 * 5 * 2 * 9},
		{Step{Kind: Linear, In: []*Tensor{x, w}, Out: []*Tensor{dy}}, 2 * 8 * 4 * 3},
		{Step{Kind: LinearGradInput, In: []*Tensor{dy, w}, Out: []*Tensor{x}}, 2 * 8 * 4 * 3},
		{Step{Kind: LinearGradWeight, In: []*Tensor{x, dy}, Out: []*Tensor{w}}, 2 * 8 * 4 * 3},
		{Step{Kind: Add, In: []*Tensor{x, x}, Out: []*Tensor{x}}, 24},
	} {
		if got := c.s.FLOPs(); got != c.want {
			t.Errorf("%v: %d operations, want %d", c.s.Kind, got, c.want)
		}
	}
}
