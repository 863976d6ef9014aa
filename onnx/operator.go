package onnx

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/geometry"
	"github.com/euryale-ml/euryale/internal/wire"
	"github.com/euryale-ml/euryale/op"
)

// operator adds the ONNX nodes that compute a node.
func (c *converter) operator(n *gorgonia.Node, o op.Operator, children []*gorgonia.Node, in []string, out string) error {
	switch o.Kind() {
	case device.Conv2D:
		a := o.Attr().(device.ConvAttr)
		c.add("Conv", in, out, ints("kernel_shape", a.KH, a.KW), ints("strides", a.StrideH, a.StrideW),
			ints("pads", a.PadH, a.PadW, a.PadH, a.PadW), ints("dilations", a.DilationH, a.DilationW), integer("group", a.Groups))
	case device.Linear:
		c.add("Gemm", in, out, integer("transB", 1))
	case device.BiasAdd:
		c.biasAdd(n, children, in, out)
	case device.BatchNormApply:
		return c.batchNorm(o, children, in, out)
	case device.Activate:
		return c.activation(o.Attr().(device.ActAttr).Act, in, out)
	case device.Add:
		c.add("Add", in, out)
	case device.MaxPool, device.AvgPool:
		a := o.Attr().(device.PoolAttr).Pool2D
		attributes := []wire.Message{
			ints("kernel_shape", a.KH, a.KW), ints("strides", a.StrideH, a.StrideW), ints("pads", a.PadH, a.PadW, a.PadH, a.PadW),
		}
		if a.CeilMode {
			attributes = append(attributes, integer("ceil_mode", 1))
		}
		if o.Kind() == device.MaxPool {
			c.add("MaxPool", in, out, attributes...)
			break
		}
		if a.CountIncludePad {
			attributes = append(attributes, integer("count_include_pad", 1))
		}
		c.add("AveragePool", in, out, attributes...)
	case device.AdaptiveAvgPool:
		c.adaptivePool(o.Attr().(device.AdaptivePoolAttr).AdaptivePool2D, in, out)
	case device.Reshape:
		return c.reshape(n, children[0], in, out)
	case device.Softmax:
		c.add("Softmax", in, out, integer("axis", 1))
	default:
		return fmt.Errorf("%w: the operator %v", ErrOperator, o)
	}
	return nil
}

// biasAdd makes the bias an input of the convolution or linear layer before it if nothing
// else uses that layer's output; else it adds a sum.
func (c *converter) biasAdd(n *gorgonia.Node, children []*gorgonia.Node, in []string, out string) {
	x := children[0]
	before, ok := x.Op().(op.Operator)
	if ok && c.uses[x] == 1 && (before.Kind() == device.Conv2D || before.Kind() == device.Linear) {
		last := c.nodes[len(c.nodes)-1]
		c.nodes = c.nodes[:len(c.nodes)-1]
		c.withBias(before, last, in, out)
		return
	}
	shape := "shape_of_" + out
	dims := slices.Repeat([]int{1}, len(x.Shape()))
	dims[1] = x.Shape()[1]
	c.shapeConstant(shape, dims)
	c.add("Reshape", []string{in[1], shape}, out+"/bias")
	c.add("Add", []string{in[0], out + "/bias"}, out)
}

// withBias adds a node again, with a bias and another output name.
func (c *converter) withBias(before op.Operator, last wire.Message, in []string, out string) {
	fields, _ := last.Fields()
	var inputs []string
	var attributes []wire.Message
	for _, f := range fields {
		switch f.Number {
		case 1:
			inputs = append(inputs, string(f.Bytes))
		case 5:
			attributes = append(attributes, f.Bytes)
		}
	}
	kind := "Conv"
	if before.Kind() == device.Linear {
		kind = "Gemm"
	}
	c.add(kind, append(inputs, in[1]), out, attributes...)
}

// batchNorm takes mean and variance from the operands of BatchNormPack.
func (c *converter) batchNorm(o op.Operator, children []*gorgonia.Node, in []string, out string) error {
	pack, ok := children[1].Op().(op.Operator)
	if !ok || pack.Kind() != device.BatchNormPack {
		return fmt.Errorf("%w: batch normalisation by the batch's statistics, %v", ErrOperator, o)
	}
	var statistics []string
	for _, child := range c.children(children[1]) {
		name, err := c.value(child)
		if err != nil {
			return err
		}
		statistics = append(statistics, name)
	}
	c.add("BatchNormalization", []string{in[0], in[2], in[3], statistics[0], statistics[1]}, out, float("epsilon", o.Attr().(device.BatchNormAttr).Eps))
	return nil
}

// shapeConstant adds a tensor of integers.
func (c *converter) shapeConstant(name string, dims []int) {
	var raw []byte
	for _, d := range dims {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(d))
	}
	c.initializers = append(c.initializers, initializer{name: name, shape: []int{len(dims)}, kind: intType, raw: raw})
}

// reshape keeps the first axis of any size if its length does not change.
func (c *converter) reshape(n, x *gorgonia.Node, in []string, out string) error {
	from, to := x.Shape(), n.Shape()
	if len(to) == 2 && from[0] == to[0] {
		c.add("Flatten", in, out, integer("axis", 1))
		return nil
	}
	if from[0] != to[0] {
		return fmt.Errorf("%w: a reshape of %v to %v, which mixes the images of a batch", ErrOperator, []int(from), []int(to))
	}
	dims := slices.Clone([]int(to))
	dims[0] = 0 // unchanged, in ONNX
	c.made++
	name := "shape_" + strconv.Itoa(c.made)
	c.shapeConstant(name, dims)
	c.add("Reshape", []string{in[0], name}, out)
	return nil
}

// adaptivePool is an AveragePool if all windows have one size. For windows of different
// sizes, for which ONNX has no operator, it multiplies the maps by a matrix on each side.
func (c *converter) adaptivePool(g geometry.AdaptivePool2D, in []string, out string) {
	switch {
	case g.OutH == 1 && g.OutW == 1:
		c.add("GlobalAveragePool", in, out)
	case g.OutH == g.H && g.OutW == g.W:
		c.add("Identity", in, out)
	case g.H%g.OutH == 0 && g.W%g.OutW == 0:
		kh, kw := g.H/g.OutH, g.W/g.OutW
		c.add("AveragePool", in, out, ints("kernel_shape", kh, kw), ints("strides", kh, kw))
	default:
		rows := c.constant([]int{g.OutH, g.H}, means(g.H, g.OutH, false))
		columns := c.constant([]int{g.W, g.OutW}, means(g.W, g.OutW, true))
		c.add("MatMul", []string{rows, in[0]}, out+"/rows")
		c.add("MatMul", []string{out + "/rows", columns}, out)
	}
}

// means returns the matrix [out, in] of means over windows, or its transpose.
func means(in, out int, transposed bool) []float32 {
	m := make([]float32, in*out)
	for i := range out {
		lo, hi := geometry.AdaptiveWindow(i, in, out)
		for j := lo; j < hi; j++ {
			if transposed {
				m[j*out+i] = 1 / float32(hi-lo)
			} else {
				m[i*in+j] = 1 / float32(hi-lo)
			}
		}
	}
	return m
}
