package device

import (
	"fmt"
	"slices"
	"testing"
)

// TestGroup puts steps of different numbers of operands together and takes them apart.
func TestGroup(t *testing.T) {
	tensor := func(n int) *Tensor { return &Tensor{Shape: []int{n}} }
	a := &Step{Kind: SGD, Path: "a", In: []*Tensor{tensor(1), tensor(2), tensor(3)}, Out: []*Tensor{tensor(4), tensor(5)}}
	b := &Step{Kind: SGD, Path: "b", In: []*Tensor{tensor(6), tensor(7)}, Out: []*Tensor{tensor(8)}}
	g := NewGroup(a, b, a)
	attr := g.Attr.(GroupAttr)
	if g.Kind != Group || g.Path != "a and 2 more" || len(g.In) != 8 || len(g.Out) != 5 || g.FLOPs() != 4+8+4 {
		t.Errorf("the group is %+v with %d operations", g, g.FLOPs())
	}
	pairs := attr.InPlace(func(s *Step) [][2]int { return s.Kind.Overwrites()[:len(s.Out)] })
	if want := [][2]int{{0, 0}, {1, 1}, {2, 3}, {3, 5}, {4, 6}}; !slices.Equal(pairs, want) {
		t.Errorf("in place: %v, want %v", pairs, want)
	}
	var got string
	err := Split(attr, []int{1, 2, 3, 6, 7, 1, 2, 3}, []int{4, 5, 8, 4, 5}, func(s *Step, in, out []int) error {
		got += fmt.Sprint(s.Path, in, out)
		return nil
	})
	if want := "a[1 2 3] [4 5]b[6 7] [8]a[1 2 3] [4 5]"; got != want || err != nil {
		t.Errorf("%s (%v), want %s", got, err, want)
	}
	failed := fmt.Errorf("b")
	if err := Split(attr, g.In, g.Out, func(s *Step, _, _ []*Tensor) error {
		if s == b {
			return failed
		}
		return nil
	}); err != failed {
		t.Errorf("error %v, want the step's", err)
	}
}
