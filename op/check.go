package op

import (
	"fmt"
	"slices"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
)

// check records the first error in the operands of an operator.
type check struct {
	kind device.Kind
	path string
	err  error
}

func newCheck(kind device.Kind, path string) *check { return &check{kind: kind, path: path} }

func (c *check) errorf(sentinel error, format string, args ...any) {
	if c.err == nil {
		c.err = errorf(c.kind, c.path, sentinel, format, args...)
	}
}

// floats checks that the operand is a float32 or float64 tensor of some rank.
func (c *check) floats(name string, n *gorgonia.Node, ranks ...int) {
	if !c.present(name, n) {
		return
	}
	if dt := dtypeOf(n.Type()); dt != tensor.Float32 && dt != tensor.Float64 {
		c.errorf(ErrType, "%s is %v, want float32 or float64", name, dt)
	}
	if len(ranks) > 0 && !slices.Contains(ranks, len(n.Shape())) {
		c.errorf(ErrShape, "%s has shape %v, want %s axes", name, dims(n), oneOf(ranks))
	}
}

// int64s checks that the operand is an int64 tensor of a shape.
func (c *check) int64s(name string, n *gorgonia.Node, shape ...int) {
	if !c.present(name, n) {
		return
	}
	if dt := dtypeOf(n.Type()); dt != tensor.Int64 {
		c.errorf(ErrType, "%s is %v, want int64", name, dt)
	}
	if !slices.Equal(n.Shape(), shape) {
		c.errorf(ErrShape, "%s has shape %v, want %v", name, dims(n), shape)
	}
}

// like checks that the operand has x's element type.
func (c *check) like(name string, n *gorgonia.Node, xName string, x *gorgonia.Node) {
	if !c.present(name, n) || !c.present(xName, x) {
		return
	}
	if a, b := dtypeOf(n.Type()), dtypeOf(x.Type()); a != b {
		c.errorf(ErrType, "%s is %v, %s is %v", name, a, xName, b)
	}
}

// same checks that the operand has x's element type and shape.
func (c *check) same(name string, n *gorgonia.Node, xName string, x *gorgonia.Node) {
	c.like(name, n, xName, x)
	if c.err == nil && !slices.Equal(n.Shape(), x.Shape()) {
		c.errorf(ErrShape, "%s has shape %v, %s has %v", name, dims(n), xName, dims(x))
	}
}

// sized checks that the operand has x's element type and the shape that x implies.
func (c *check) sized(name string, n *gorgonia.Node, xName string, x *gorgonia.Node, shape ...int) {
	c.like(name, n, xName, x)
	if c.err == nil && !slices.Equal(n.Shape(), shape) {
		c.errorf(ErrShape, "%s %v wants %s of shape %v, got %v", xName, dims(x), name, shape, dims(n))
	}
}

func (c *check) present(name string, n *gorgonia.Node) bool {
	if n == nil {
		c.errorf(ErrType, "%s is missing", name)
		return false
	}
	return c.err == nil
}

// oneOf is "2, 3 or 4".
func oneOf(numbers []int) string {
	s := fmt.Sprint(numbers[0])
	for i, n := range numbers[1:] {
		if i == len(numbers)-2 {
			s += fmt.Sprintf(" or %d", n)
		} else {
			s += fmt.Sprintf(", %d", n)
		}
	}
	return s
}

func dims(n *gorgonia.Node) []int { return []int(n.Shape()) }

// dtypeOf is the element type of a node's type; a zero Dtype if it has none.
func dtypeOf(t hm.Type) tensor.Dtype {
	switch t := t.(type) {
	case tensor.Dtype:
		return t
	case gorgonia.TensorType:
		return dtypeOf(t.Of)
	case *gorgonia.TensorType:
		return dtypeOf(t.Of)
	}
	return tensor.Dtype{}
}

// typeOf is the type of a result with x's element type and the given rank.
func typeOf(x *gorgonia.Node, rank int) hm.Type { return tensorType(dtypeOf(x.Type()), rank) }

func tensorType(dt tensor.Dtype, rank int) hm.Type {
	if rank == 0 {
		return dt
	}
	return gorgonia.TensorType{Dims: rank, Of: dt}
}
