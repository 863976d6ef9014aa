package engine_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/op"
)

// drawn is a training program that is drawn at random: layers that read any map before
// them, updates of several kinds, slots that get old values or one another's, and outputs
// that are anything.
type drawn struct {
	*rand.Rand
	g      *G.ExprGraph
	spec   engine.Spec
	values map[string]*tensor.Dense // of slots, at the beginning
	params G.Nodes
	maps   G.Nodes
	n      int // of names
}

func draw(seed uint64, dt tensor.Dtype) *drawn {
	d := &drawn{Rand: rand.New(rand.NewPCG(seed, 7)), g: G.NewGraph(), values: map[string]*tensor.Dense{}}
	d.spec = engine.Spec{Name: fmt.Sprintf("drawn %d of %v", seed, dt), Graph: d.g, Slots: map[*G.Node]string{}}
	x := d.input(dt, 2, 5, 4, 4)
	d.maps = G.Nodes{x, G.Must(op.Conv2D(d.name("conv"), x, d.param(dt, 5, 5, 3, 3), op.Conv2DOptions{Stride: [2]int{1, 1}, Padding: [2]int{1, 1}}))}
	for range 3 + d.IntN(10) {
		d.layer(dt)
	}
	sum := d.maps[len(d.maps)-1]
	for range d.IntN(3) {
		sum = G.Must(op.Add(d.name("add"), d.any(d.maps), sum))
	}
	flat := G.Must(op.Flatten("flat", G.Must(op.AdaptiveAvgPool2D("pool", sum, 1, 1))))
	logits := G.Must(op.Linear("fc", flat, d.param(dt, 7, 5)))
	labels := G.NewVector(d.g, tensor.Int64, G.WithName("labels"), G.WithValue(tensor.New(tensor.WithShape(2), tensor.WithBacking([]int64{1, 6}))))
	loss := G.Must(op.SoftmaxCrossEntropy("loss", logits, labels, 0))
	d.spec.Outputs = G.Nodes{loss}
	if d.IntN(2) == 0 {
		d.spec.Outputs = append(d.spec.Outputs, G.Must(op.ArgMax("class", logits)))
	}
	used := slices.DeleteFunc(slices.Clone(d.params), func(p *G.Node) bool { return !reaches(d.g, loss, p) })
	grads, err := G.Grad(loss, used...)
	if err != nil {
		panic(err)
	}
	d.updates(dt, used, grads)
	for range d.IntN(4) {
		d.spec.Outputs = append(d.spec.Outputs, d.any(slices.Concat(d.maps, grads, d.params)))
	}
	return d
}

func (d *drawn) name(of string) string {
	d.n++
	return fmt.Sprintf("%s%d", of, d.n)
}

func (d *drawn) any(nodes G.Nodes) *G.Node { return nodes[d.IntN(len(nodes))] }

func (d *drawn) input(dt tensor.Dtype, shape ...int) *G.Node {
	n := optest.Random(d.name("in"), uint64(d.n), shape...).Node(d.g, dt)
	d.spec.Inputs = append(d.spec.Inputs, n)
	return n
}

// slot is a leaf that has a slot.
func (d *drawn) slot(dt tensor.Dtype, name string, shape ...int) *G.Node {
	n := optest.Affine(name, uint64(len(d.values)+50), 0.2, 0.3, shape...).Node(d.g, dt) // none is negative
	d.spec.Slots[n], d.values[name] = name, n.Value().(*tensor.Dense)
	return n
}

func (d *drawn) param(dt tensor.Dtype, shape ...int) *G.Node {
	p := d.slot(dt, d.name("w"), shape...)
	d.params = append(d.params, p)
	return p
}

func (d *drawn) assign(slot, value *G.Node) {
	name := d.spec.Slots[slot]
	if !slices.ContainsFunc(d.spec.Assign, func(a engine.Assignment) bool { return a.Slot == name }) {
		d.spec.Assign = append(d.spec.Assign, engine.Assignment{Slot: name, Value: value})
	}
}

// layer adds a map.
func (d *drawn) layer(dt tensor.Dtype) {
	x := d.any(d.maps)
	if d.IntN(2) == 0 {
		x = d.maps[len(d.maps)-1]
	}
	var y *G.Node
	switch d.IntN(7) {
	case 6:
		y = G.Must(G.Tanh(x)) // an operator of somebody else's
	case 0:
		y = G.Must(op.Activate(d.name("act"), x, device.Act(1+d.IntN(4))))
	case 1:
		y = G.Must(op.Add(d.name("add"), x, d.any(d.maps)))
	case 2, 3:
		y = G.Must(op.Conv2D(d.name("conv"), x, d.param(dt, 5, 5, 3, 3), op.Conv2DOptions{Stride: [2]int{1, 1}, Padding: [2]int{1, 1}}))
	case 4:
		y = G.Must(op.BiasAdd(d.name("bias"), x, d.param(dt, 5)))
	default:
		y = d.norm(dt, x)
	}
	if d.IntN(3) == 0 {
		y = G.Must(op.Activate(d.name("act"), y, device.Act(1+d.IntN(4))))
	}
	d.maps = append(d.maps, y)
}

// norm adds a batch normalisation, whose running statistics move.
func (d *drawn) norm(dt tensor.Dtype, x *G.Node) *G.Node {
	path := d.name("norm")
	stats := G.Must(op.BatchNormStats(path, x))
	mean, variance := d.slot(dt, path+".mean", 5), d.slot(dt, path+".var", 5)
	d.assign(mean, G.Must(op.RunningMean(path, mean, stats, 0.1)))
	d.assign(variance, G.Must(op.RunningVar(path, variance, stats, 0.1, 32)))
	if d.IntN(3) == 0 {
		d.spec.Outputs = append(d.spec.Outputs, d.any(G.Nodes{mean, variance}))
	}
	if d.IntN(4) == 0 { // gets the old statistic
		d.assign(d.slot(dt, path+".old", 5), d.any(G.Nodes{mean, variance}))
	}
	if d.IntN(4) == 0 { // evaluates with the old ones
		return G.Must(op.BatchNormApply(path, x, G.Must(op.BatchNormPack(path, mean, variance)), d.param(dt, 5), d.param(dt, 5), 0.1, false))
	}
	return G.Must(op.BatchNormApply(path, x, stats, d.param(dt, 5), d.param(dt, 5), 0.1, true))
}

// updates assigns to the slots.
func (d *drawn) updates(dt tensor.Dtype, params, grads G.Nodes) {
	scalar := func(v float64) *G.Node {
		var value any = v
		if dt == tensor.Float32 {
			value = float32(v)
		}
		return G.NewScalar(d.g, dt, G.WithName(d.name("scalar")), G.WithValue(value))
	}
	lr, share, number := scalar(0.1), scalar(0.5), scalar(3)
	d.spec.Inputs = append(d.spec.Inputs, lr, share, number)
	for i, w := range params {
		g, shape := grads[i], w.Shape()
		if d.IntN(5) == 0 { // summed in a slot
			sum := d.slot(dt, d.name("sum"), shape...)
			g = G.Must(op.Add(d.name("sum"), sum, g))
			d.assign(sum, g)
			if d.IntN(2) == 0 {
				continue
			}
		} else if d.IntN(5) == 0 { // clipped in a slot
			g = G.Must(op.Scale(d.name("clip"), g, share))
			d.assign(d.slot(dt, d.name("clip"), shape...), g)
		}
		path := d.name("update")
		next := w
		switch d.IntN(5) {
		case 4:
			next = G.Must(G.Sub(w, G.Must(G.Mul(g, lr))))
		case 0:
			v := d.slot(dt, path+".v", shape...)
			o := op.SGDOptions{Momentum: 0.9, WeightDecay: 0.01, Nesterov: d.IntN(2) == 0}
			moved := G.Must(op.SGDVelocity(path, v, g, w, o))
			separate := g
			if !o.Nesterov {
				separate = nil
			}
			next = G.Must(op.SGDWeight(path, w, moved, lr, separate, o))
			d.assign(v, moved)
		case 1:
			next = G.Must(op.SGDWeight(path, w, g, lr, nil, op.SGDOptions{WeightDecay: 0.01}))
		case 2:
			m, v := d.slot(dt, path+".m", shape...), d.slot(dt, path+".v", shape...)
			m2, v2 := G.Must(op.Lerp(path, m, g, 0.1)), G.Must(op.SquareLerp(path, v, g, 0.1))
			next = G.Must(op.AdamWeight(path, w, m2, v2, lr, number, op.AdamOptions{Beta1: 0.9, Beta2: 0.99, Eps: 0.1}))
			d.assign(m, m2)
			d.assign(v, v2)
		}
		switch other := d.any(params); {
		case d.IntN(8) == 0 && other.Shape().Eq(shape): // two slots are exchanged
			d.assign(w, other)
			d.assign(other, w)
		default:
			d.assign(w, next)
		}
		if d.IntN(3) == 0 {
			average := d.slot(dt, path+".ema", shape...)
			d.assign(average, G.Must(op.Lerp(path, average, d.any(G.Nodes{next, w}), 0.3)))
		}
	}
}

// reaches reports whether a node is computed from another one.
func reaches(g *G.ExprGraph, from, to *G.Node) bool {
	if from == to {
		return true
	}
	for it := g.From(from.ID()); it.Next(); {
		if reaches(g, it.Node().(*G.Node), to) {
			return true
		}
	}
	return false
}

// run returns the slots and outputs after two runs.
func (d *drawn) run(dev device.Device, change func(*engine.Spec)) (map[string][]float64, string, error) {
	st := engine.NewState(dev)
	defer st.Close()
	for _, name := range slices.Sorted(maps.Keys(d.values)) {
		v := d.values[name]
		dt := device.Float32
		if v.Dtype() == tensor.Float64 {
			dt = device.Float64
		}
		if err := st.Add(name, v.Shape(), dt, v.Data()); err != nil {
			return nil, "", err
		}
	}
	spec := d.spec
	change(&spec)
	p, err := engine.Compile(dev, st, spec)
	if err != nil {
		return nil, "", err
	}
	defer p.Close()
	got := map[string][]float64{}
	for range 2 {
		for _, n := range spec.Inputs {
			v := n.Value().Data()
			if f, ok := v.(float32); ok {
				v = []float32{f}
			} else if f, ok := v.(float64); ok {
				v = []float64{f}
			}
			if err := p.Bind(n, v); err != nil {
				return nil, "", err
			}
		}
		if err := p.Run(); err != nil {
			return nil, p.Explain(), err
		}
	}
	read := func(name string, shape []int, dt tensor.Dtype, read func(host any) error) {
		var host any
		switch n := tensor.Shape(shape).TotalSize(); dt {
		case tensor.Float32:
			host = make([]float32, n)
		case tensor.Float64:
			host = make([]float64, n)
		default:
			host = make([]int64, n)
		}
		err = errors.Join(err, read(host))
		switch h := host.(type) {
		case []float64:
			got[name] = h
		case []float32:
			for _, v := range h {
				got[name] = append(got[name], float64(v))
			}
		case []int64:
			for _, v := range h {
				got[name] = append(got[name], float64(v))
			}
		}
	}
	for name, v := range d.values {
		read(name, v.Shape(), v.Dtype(), func(host any) error { return st.Read(name, host) })
	}
	for i, n := range spec.Outputs {
		read(fmt.Sprintf("output %d, %v", i, n), n.Shape(), n.Dtype(), func(host any) error { return p.Read(n, host) })
	}
	return got, p.Explain(), err
}

// TestDrawnPrograms compares programs that are fused with their steps one by one, and, bit by
// bit, programs that share memory with those whose tensors have memory of their own.
func TestDrawnPrograms(t *testing.T) {
	dev := testdevice.Open(t, device.Options{})
	seeds := []uint64{1137, 1221} // sums that share operands
	for seed := range uint64(60) {
		seeds = append(seeds, seed)
	}
	if testing.Short() {
		seeds = seeds[:15]
	}
	for _, seed := range seeds {
		for _, dt := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
			d := draw(seed, dt)
			tolerance := 1e-9
			if dt == tensor.Float32 {
				tolerance = 2e-3
			}
			fused, single := func(*engine.Spec) {}, func(s *engine.Spec) { s.NoFuse, s.NoReuse = true, true }
			d.compare(t, dev, single, dev, fused, tolerance)
			for _, precision := range []device.DType{0, device.BFloat16} {
				if precision != 0 && dt != tensor.Float32 {
					continue
				}
				apart := func(s *engine.Spec) { s.Precision, s.NoReuse = precision, true }
				for _, other := range []device.Device{dev, greedy{dev}} {
					d.compare(t, other, apart, other, func(s *engine.Spec) { s.Precision, s.Poison = precision, true }, 0)
				}
			}
		}
	}
}

// compare compares the results of a program that is made in two ways.
func (d *drawn) compare(t *testing.T, a device.Device, one func(*engine.Spec), b device.Device, other func(*engine.Spec), tolerance float64) {
	t.Helper()
	want, text, err := d.run(a, one)
	if err != nil {
		t.Fatalf("%s: %v\n%s", d.spec.Name, err, text)
	}
	got, text, err := d.run(b, other)
	if err != nil {
		t.Fatalf("%s: %v\n%s", d.spec.Name, err, text)
	}
	for name, w := range want {
		if far := farthest(got[name], w); !(far <= tolerance) {
			t.Fatalf("%s: %s is off by %v of its largest value, more than %v\n%s", d.spec.Name, name, far, tolerance, text)
		}
	}
}

// farthest is the largest difference, by the largest value.
func farthest(got, want []float64) (far float64) {
	largest := 1.0
	for i, w := range want {
		largest = max(largest, math.Abs(w))
		if d := math.Abs(got[i] - w); !(d <= far) {
			far = d
		}
	}
	return far / largest
}
