package device

import "fmt"

// GroupAttr belongs to Group: steps of one kind, with equal attributes and operands of the
// same types, such as the updates of many parameters. None of them reads or overwrites what
// another one writes, so a device may run them in any order or at once. A device that does not
// support the group of a single step never gets that step in groups.
type GroupAttr struct{ Steps []*Step }

// NewGroup makes one step of several. Its operands and results are theirs, in order.
func NewGroup(steps ...*Step) *Step {
	g := &Step{Kind: Group, Attr: GroupAttr{steps}, Path: steps[0].Path}
	if n := len(steps) - 1; n > 0 {
		g.Path += fmt.Sprintf(" and %d more", n)
	}
	for _, s := range steps {
		g.In, g.Out = append(g.In, s.In...), append(g.Out, s.Out...)
	}
	return g
}

// InPlace lists the pairs {result, operand} of the group that may share memory; of lists those
// of one step, such as Device.InPlace.
func (a GroupAttr) InPlace(of func(*Step) [][2]int) (pairs [][2]int) {
	var in, out int
	for _, s := range a.Steps {
		for _, p := range of(s) {
			pairs = append(pairs, [2]int{p[0] + out, p[1] + in})
		}
		in, out = in+len(s.In), out+len(s.Out)
	}
	return pairs
}

// Split calls do for each step of the group with the step's parts of in and out, which have an
// element for each operand and each result of the group.
func Split[T any](a GroupAttr, in, out []T, do func(s *Step, in, out []T) error) error {
	for _, s := range a.Steps {
		i, o := len(s.In), len(s.Out)
		if err := do(s, in[:i:i], out[:o:o]); err != nil {
			return err
		}
		in, out = in[i:], out[o:]
	}
	return nil
}
