package device

import "fmt"

// GroupAttr belongs to Group: steps of one kind, with equal attributes and operands of the
// same types, such as the updates of many parameters. None of them reads or overwrites what
// another one makes, so a device may run them in any order or at once. It refuses a step in
// groups by not supporting the group of that step alone.
type GroupAttr struct{ Steps []*Step }

// NewGroup makes one step of several, whose operands and results it has one after the other.
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

// InPlace lists pairs {result, operand} of the group that may share memory, by those of
// its steps.
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

// Split calls do for each step of the group with its parts of what belongs to the group's
// operands and results.
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
