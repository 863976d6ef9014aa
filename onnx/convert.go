package onnx

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/wire"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/op"
)

// initializer is a constant tensor of the file: float32 in data, or int64 in raw.
type initializer struct {
	name  string
	shape []int
	kind  int
	data  []float32
	raw   []byte
}

// converter converts a graph's nodes to ONNX nodes.
type converter struct {
	graph         *nn.Graph
	tensors       map[string]checkpoint.Tensor
	names         map[*gorgonia.Node]string // of values in the file
	uses          map[*gorgonia.Node]int
	used          map[string]bool // initializers
	nodes         []wire.Message
	initializers  []initializer
	input, output []int
	made          int
}

func convert(g *nn.Graph, tensors []checkpoint.Tensor) (*converter, error) {
	if g.Training || g.DType != tensor.Float32 {
		return nil, fmt.Errorf("%w: want a graph for evaluation in float32", ErrOperator)
	}
	c := &converter{
		graph: g, tensors: map[string]checkpoint.Tensor{}, names: map[*gorgonia.Node]string{g.Input: Input}, uses: map[*gorgonia.Node]int{},
		used: map[string]bool{}, input: g.Input.Shape(), output: g.Output.Shape(),
	}
	for _, t := range tensors {
		c.tensors[t.Name] = t
	}
	for _, p := range g.Params {
		c.names[p.Node] = p.Name
	}
	for _, b := range g.Buffers {
		c.names[b.Node] = b.Name
	}
	needed := c.needed()
	for _, n := range needed {
		if err := c.node(n); err != nil {
			return nil, err
		}
	}
	c.add("Identity", []string{c.names[g.Output]}, Output)
	return c, nil
}

// needed returns the operator nodes that the output depends on, operands first.
func (c *converter) needed() (list []*gorgonia.Node) {
	seen := map[*gorgonia.Node]bool{}
	var visit func(n *gorgonia.Node)
	visit = func(n *gorgonia.Node) {
		c.uses[n]++
		if seen[n] {
			return
		}
		seen[n] = true
		for _, child := range c.children(n) {
			visit(child)
		}
		if n.Op() != nil {
			list = append(list, n)
		}
	}
	visit(c.graph.Output)
	return list
}

// children returns the operands in order, duplicates included.
func (c *converter) children(n *gorgonia.Node) (list []*gorgonia.Node) {
	it := c.graph.G.From(n.ID())
	for it.Next() {
		list = append(list, it.Node().(*gorgonia.Node))
	}
	return list
}

// add adds a node with one output.
func (c *converter) add(kind string, in []string, out string, attributes ...wire.Message) {
	m := wire.Message(nil)
	for _, name := range in {
		m = m.Text(1, name)
	}
	m = m.Text(2, out).Text(3, kind+"_"+strconv.Itoa(len(c.nodes))).Text(4, kind)
	for _, a := range attributes {
		m = m.Bytes(5, a)
	}
	c.nodes = append(c.nodes, m)
}

// Kinds of attributes.
const (
	floatAttribute = 1
	intAttribute   = 2
	intsAttribute  = 7
)

func ints(name string, values ...int) wire.Message {
	m := wire.Message(nil).Text(1, name)
	for _, v := range values {
		m = binary.AppendUvarint(m.Key(8, wire.Varint), uint64(v))
	}
	return m.Int(20, intsAttribute)
}

func integer(name string, v int) wire.Message {
	m := wire.Message(nil).Text(1, name)
	m = binary.AppendUvarint(m.Key(3, wire.Varint), uint64(v))
	return m.Int(20, intAttribute)
}

func float(name string, v float64) wire.Message {
	return wire.Message(nil).Text(1, name).Float(2, float32(v)).Int(20, floatAttribute)
}

// value returns the name of an operand; parameters and buffers become initializers.
func (c *converter) value(n *gorgonia.Node) (string, error) {
	name, ok := c.names[n]
	if !ok {
		return "", fmt.Errorf("%w: the leaf %q has no value", ErrOperator, n.Name())
	}
	if n.Op() != nil || n == c.graph.Input || c.used[name] {
		return name, nil
	}
	t, ok := c.tensors[name]
	data, isFloat := t.Data.([]float32)
	if wide, isWide := t.Data.([]float64); isWide {
		for _, v := range wide {
			data = append(data, float32(v))
		}
		isFloat = true
	}
	if !ok || !isFloat || !slices.Equal(t.Shape, n.Shape()) {
		return "", fmt.Errorf("%w: %s is %v, want %v of floats", ErrWeights, name, t.Shape, []int(n.Shape()))
	}
	c.used[name] = true
	c.initializers = append(c.initializers, initializer{name: name, shape: t.Shape, kind: floatType, data: data})
	return name, nil
}

// constant adds an initializer that is not a parameter and returns its name.
func (c *converter) constant(shape []int, data []float32) string {
	c.made++
	name := "constant_" + strconv.Itoa(c.made)
	c.initializers = append(c.initializers, initializer{name: name, shape: shape, kind: floatType, data: data})
	return name
}

// node converts one node.
func (c *converter) node(n *gorgonia.Node) error {
	o, ok := n.Op().(op.Operator)
	if !ok {
		return fmt.Errorf("%w: gorgonia's operator %v", ErrOperator, n.Op())
	}
	children := c.children(n)
	if o.Kind() == device.BatchNormPack {
		c.names[n] = "" // the normalisation node takes its operands directly
		return nil
	}
	var in []string
	for _, child := range children {
		if pack, isOp := child.Op().(op.Operator); isOp && pack.Kind() == device.BatchNormPack {
			in = append(in, "")
			continue
		}
		name, err := c.value(child)
		if err != nil {
			return err
		}
		in = append(in, name)
	}
	out := "value_" + strconv.Itoa(len(c.names))
	if path := o.Path(); path != "" {
		out = path + "/" + nameOf(o)
		for _, taken := range c.names {
			if taken == out {
				out += "_" + strconv.Itoa(len(c.names))
				break
			}
		}
	}
	c.names[n] = out
	return c.operator(n, o, children, in, out)
}

// nameOf returns the part of a value's name that stands for its operator.
func nameOf(o op.Operator) string {
	if a, ok := o.Attr().(device.ActAttr); ok {
		return a.Act.String()
	}
	return o.Kind().String()
}
