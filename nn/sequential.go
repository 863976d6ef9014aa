package nn

import (
	"strconv"

	"gorgonia.org/gorgonia"
)

// Sequential applies its modules in order; they are named "0", "1", ….
type Sequential struct{ Modules []Module }

var (
	_ Module = (*Sequential)(nil)
	_ Parent = (*Sequential)(nil)
)

// NewSequential returns a Sequential of the modules.
func NewSequential(modules ...Module) *Sequential { return &Sequential{Modules: modules} }

// Children are the modules.
func (q *Sequential) Children() []Child {
	children := make([]Child, len(q.Modules))
	for i, m := range q.Modules {
		children[i] = Child{Name: strconv.Itoa(i), Module: m}
	}
	return children
}

// Forward applies the modules.
func (q *Sequential) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	for i, m := range q.Modules {
		if isNil(m) {
			s.Errorf(q, ErrModule, "module %d is nil", i)
		}
		if s.Err() != nil {
			return nil
		}
		x = m.Forward(s, x)
	}
	return x
}
