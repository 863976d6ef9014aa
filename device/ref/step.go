package ref

import (
	"fmt"
	"sync"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/bfloat16"
)

// Run executes a complete step, plain or fused, on one goroutine: the meaning of
// every kind in one place. in and out are in the order of s.In and s.Out, each a
// []float32, []float64 or []int64 of canonical elements; the shapes come from
// s.In and s.Out. Outputs may be the inputs that a kind updates in place.
//
// The elements of an output that is stored as bfloat16 (device.Tensor.Stored) are rounded at
// the end; intermediate values of a step are not.
//
// A kind without a kernel is an error; labels outside the classes make the loss
// NaN. Operands that do not fit the step may panic.
func Run(s *device.Step, in, out []any) error {
	if g, ok := s.Attr.(device.GroupAttr); ok {
		return device.Split(g, in, out, Run)
	}
	if s.Kind == device.Reshape {
		if ints, ok := out[0].([]int64); ok {
			copy(ints, in[0].([]int64))
			return nil
		}
	}
	for _, operands := range [2][]any{out, in} {
		for _, o := range operands {
			switch o.(type) {
			case []float32:
				return run[float32](s, in, out)
			case []float64:
				return run[float64](s, in, out)
			}
		}
	}
	return fmt.Errorf("ref: %v has no float operand", s.Kind)
}

// operands are a step's elements: in[i] or ints[i] is input i, by its type.
type operands[T Float] struct {
	*device.Step
	in    [][]T
	ints  [][]int64
	out   [][]T
	class []int64 // the predicted classes
}

func run[T Float](s *device.Step, in, out []any) error {
	a := operands[T]{Step: s, in: make([][]T, len(in)), ints: make([][]int64, len(in)), out: make([][]T, len(out))}
	for i, v := range in {
		a.in[i], _ = v.([]T)
		a.ints[i], _ = v.([]int64)
	}
	for i, v := range out {
		a.out[i], _ = v.([]T)
		if class, ok := v.([]int64); ok {
			a.class = class
		}
	}
	if s.Accumulate {
		sum := a.out[0]
		a.out[0] = make([]T, len(sum))
		if err := a.kernel(); err != nil {
			return err
		}
		Add(sum, a.out[0], sum, device.None)
		a.out[0] = sum
	} else if err := a.kernel(); err != nil {
		return err
	}
	for i, t := range s.Out {
		if t.Storage() == device.BFloat16 {
			bfloat16.RoundAll(a.out[i])
		}
	}
	return nil
}

// Elementwise divides a step of an elementwise kind on n elements into pieces of size
// elements, each a function that allocates nothing. Operands with axes may have any layout,
// padding included, if all have the same; those without axes are scalars. It panics for a kind
// without a kernel.
func Elementwise[T Float](s *device.Step, in, out [][]T, n, size int) (pieces []func()) {
	for from := 0; from < n; from += size {
		to := min(n, from+size)
		cut := func(list [][]T, tensors []*device.Tensor) (operands [][]T) {
			for i, x := range list {
				if len(tensors[i].Shape) > 0 {
					x = x[from:to]
				}
				operands = append(operands, x)
			}
			return operands
		}
		a := operands[T]{Step: s, in: cut(in, s.In), out: cut(out, s.Out)}
		pieces = append(pieces, func() {
			if err := a.kernel(); err != nil {
				panic(err)
			}
		})
	}
	return pieces
}

// kernel computes the step's outputs.
func (a operands[T]) kernel() error {
	for _, family := range []func(operands[T]) bool{
		runConv[T], runBatchNorm[T], runPool[T], runLinear[T], runElementwise[T], runLoss[T], runSGD[T], runAdam[T],
	} {
		if family(a) {
			return nil
		}
	}
	return fmt.Errorf("ref: no kernel for %v", a.Kind)
}

func runConv[T Float](a operands[T]) bool {
	attr, _ := a.Attr.(device.ConvAttr)
	g := attr.Conv2D
	switch a.Kind {
	case device.Conv2D:
		withScratch(Conv2DScratch(g), func(scratch []T) {
			Conv2D(g, a.in[0], a.in[1], a.out[0], 0, Conv2DUnits(g), scratch)
		})
		a.epilogue(attr.Bias, attr.Act)
	case device.Conv2DGradInput:
		withScratch(Conv2DScratch(g), func(scratch []T) {
			Conv2DGradInput(g, a.in[0], a.in[1], a.out[0], false, 0, Conv2DGradInputUnits(g), scratch)
		})
	case device.Conv2DGradWeight:
		withScratch(Conv2DScratch(g), func(scratch []T) {
			Conv2DGradWeight(g, a.in[0], a.in[1], a.out[0], 0, Conv2DGradWeightUnits(g), scratch)
		})
	default:
		return false
	}
	return true
}

// epilogue adds the bias (operand 2) to the output, then applies the activation.
func (a operands[T]) epilogue(bias bool, act device.Act) {
	y := a.out[0]
	if bias {
		m := MapsOf(a.Out[0].Shape)
		BiasAdd(m, y, a.in[2], y, act, 0, m.Planes())
	} else if act != device.None {
		Activate(act, y, y)
	}
}

func runBatchNorm[T Float](a operands[T]) bool {
	attr, _ := a.Attr.(device.BatchNormAttr)
	in, out := a.in, a.out[:1]
	switch a.Kind {
	case device.BatchNormStats:
		m := MapsOf(a.In[0].Shape)
		BatchNormStats(m, in[0], out[0], 0, m.C)
	case device.BatchNormPack:
		BatchNormPack(in[0], in[1], out[0])
	case device.BatchNormApply:
		m := MapsOf(a.In[0].Shape)
		var residual []T
		if attr.Residual {
			residual = in[4]
		}
		BatchNormApply(m, attr, in[0], in[1], in[2], in[3], residual, out[0], 0, m.Planes())
	case device.BatchNormGradStats:
		m := MapsOf(a.In[0].Shape)
		p := normalized[T]{in[0], in[2], nil, nil}
		a.withActivationGrad(attr, p, in[1], in[3:], func(dy []T) {
			BatchNormGradStats(m, attr, in[0], dy, in[2], out[0], 0, m.C)
		})
	case device.BatchNormGradInput:
		m := MapsOf(a.In[0].Shape)
		p := normalized[T]{in[0], in[3], in[2], nil}
		a.withActivationGrad(attr, p, in[1], in[5:], func(dy []T) {
			BatchNormGradInput(m, attr, in[0], dy, in[2], in[3], in[4], out[0], 0, m.Planes())
		})
	case device.BatchNormEvalGradInput:
		m := MapsOf(a.In[0].Shape)
		p := normalized[T]{nil, in[2], in[1], nil}
		a.withActivationGrad(attr, p, in[0], in[3:], func(dy []T) {
			BatchNormEvalGradInput(m, attr, dy, in[1], in[2], out[0], 0, m.Planes())
		})
	case device.Row:
		Row(in[0], out[0], a.Attr.(device.RowAttr).Row)
	case device.RunningStat:
		RunningStat(a.Attr.(device.RunningStatAttr), in[0], in[1], out[0])
	case device.BatchNormUpdate:
		m, update := MapsOf(a.In[0].Shape), a.Attr.(device.BatchNormUpdateAttr)
		BatchNormStats(m, in[0], out[0], 0, m.C)
		RunningStat(update.Mean, in[1], out[0], a.out[1])
		RunningStat(update.Variance, in[2], out[0], a.out[2])
	default:
		return false
	}
	return true
}

// normalized are the operands of a normalisation.
type normalized[T Float] struct{ x, stats, gamma, beta []T }

// withActivationGrad calls do with the gradient of the result of normalisation p. dy is the
// gradient of the activation's result; rest are the step's additional operands: y, or the
// operands that p lacks.
func (a operands[T]) withActivationGrad(attr device.BatchNormAttr, p normalized[T], dy []T, rest [][]T, do func(dy []T)) {
	if attr.Act == device.None {
		do(dy)
		return
	}
	withScratch(len(dy), func(scratch []T) {
		v := scratch
		if attr.Act.GradOfOutput() {
			v = rest[0]
		} else {
			for _, operand := range []*[]T{&p.x, &p.gamma, &p.beta} {
				if *operand == nil {
					*operand, rest = rest[0], rest[1:]
				}
			}
			m := MapsOf(a.In[0].Shape)
			BatchNormApply(m, device.BatchNormAttr{Eps: attr.Eps}, p.x, p.stats, p.gamma, p.beta, nil, v, 0, m.Planes())
		}
		ActivateGrad(attr.Act, v, dy, scratch)
		do(scratch)
	})
}

func runPool[T Float](a operands[T]) bool {
	pool, _ := a.Attr.(device.PoolAttr)
	adaptive, _ := a.Attr.(device.AdaptivePoolAttr)
	planes, adaptivePlanes := pool.N*pool.C, adaptive.N*adaptive.C
	switch a.Kind {
	case device.MaxPool:
		MaxPool(pool.Pool2D, a.in[0], a.out[0], 0, planes)
	case device.MaxPoolGrad:
		MaxPoolGrad(pool.Pool2D, a.in[0], a.in[1], a.out[0], 0, planes)
	case device.AvgPool:
		AvgPool(pool.Pool2D, a.in[0], a.out[0], 0, planes)
	case device.AvgPoolGrad:
		AvgPoolGrad(pool.Pool2D, a.in[0], a.out[0], 0, planes)
	case device.AdaptiveAvgPool:
		AdaptiveAvgPool(adaptive.AdaptivePool2D, a.in[0], a.out[0], 0, adaptivePlanes)
	case device.AdaptiveAvgPoolGrad:
		AdaptiveAvgPoolGrad(adaptive.AdaptivePool2D, a.in[0], a.out[0], 0, adaptivePlanes)
	default:
		return false
	}
	return true
}

func runLinear[T Float](a operands[T]) bool {
	switch a.Kind {
	case device.Linear:
		n, k, o := a.In[0].Shape[0], a.In[0].Shape[1], a.In[1].Shape[0]
		withScratch(GemmScratch, func(scratch []T) {
			Linear(n, k, o, a.in[0], a.in[1], a.out[0], 0, o, scratch)
		})
		attr, _ := a.Attr.(device.LinearAttr)
		a.epilogue(attr.Bias, attr.Act)
	case device.LinearGradInput:
		n, o, k := a.In[0].Shape[0], a.In[0].Shape[1], a.In[1].Shape[1]
		withScratch(GemmScratch, func(scratch []T) {
			LinearGradInput(n, k, o, a.in[0], a.in[1], a.out[0], false, 0, k, scratch)
		})
	case device.LinearGradWeight:
		a.linearGradWeight(a.out[0])
	case device.LinearUpdate: // x, dy, w, [v], lr → w', [v']
		attr, last := a.Attr.(device.SGDAttr), len(a.in)-1
		g := make([]T, len(a.in[2]))
		a.linearGradWeight(g)
		a.sgd(attr, a.in[2:last], g, a.in[last][0])
	default:
		return false
	}
	return true
}

func (a operands[T]) linearGradWeight(dw []T) {
	n, k, o := a.In[0].Shape[0], a.In[0].Shape[1], a.In[1].Shape[1]
	withScratch(GemmScratch, func(scratch []T) {
		LinearGradWeight(n, k, o, a.in[0], a.in[1], dw, 0, o, scratch)
	})
}

func runElementwise[T Float](a operands[T]) bool {
	switch a.Kind {
	case device.BiasAdd:
		m := MapsOf(a.In[0].Shape)
		attr, _ := a.Attr.(device.BiasAttr)
		BiasAdd(m, a.in[0], a.in[1], a.out[0], attr.Act, 0, m.Planes())
	case device.ChannelSum:
		m := MapsOf(a.In[0].Shape)
		ChannelSum(m, a.in[0], a.out[0], 0, m.C)
	case device.Activate:
		Activate(a.Attr.(device.ActAttr).Act, a.in[0], a.out[0])
	case device.ActivateGrad:
		ActivateGrad(a.Attr.(device.ActAttr).Act, a.in[0], a.in[1], a.out[0])
	case device.Add:
		attr, _ := a.Attr.(device.AddAttr)
		Add(a.in[0], a.in[1], a.out[0], attr.Act)
	case device.Scale:
		Scale(a.in[0], a.in[1][0], a.out[0])
	case device.Reshape, device.Cast:
		for i, x := range a.in {
			copy(a.out[i], x)
		}
	case device.Dropout:
		attr, rng := a.Attr.(device.DropoutAttr), a.ints[1]
		Dropout(a.in[0], a.out[0], DropoutKey(attr, rng), attr.P, 0, len(a.out[0]))
	default:
		return false
	}
	return true
}

func runLoss[T Float](a operands[T]) bool {
	var n, k int
	if len(a.In) > 0 && len(a.In[0].Shape) == 2 {
		n, k = a.In[0].Shape[0], a.In[0].Shape[1]
	}
	target := func() Target[T] {
		return Target[T]{Labels: a.ints[1], Probabilities: a.in[1], Smoothing: a.Attr.(device.CrossEntropyAttr).Smoothing}
	}
	switch a.Kind {
	case device.Softmax:
		Softmax(k, a.in[0], a.out[0], 0, n)
	case device.SoftmaxCrossEntropy:
		a.out[0][0] = SoftmaxCrossEntropy(n, k, a.in[0], target())
	case device.SoftmaxCrossEntropyGrad:
		SoftmaxCrossEntropyGrad(n, k, a.in[0], target(), a.in[2][0], a.out[0], 0, n)
	case device.ArgMax:
		ArgMax(k, a.in[0], a.class, 0, n)
	case device.ClassificationLoss:
		a.out[0][0] = SoftmaxCrossEntropy(n, k, a.in[0], target())
		SoftmaxCrossEntropyGrad(n, k, a.in[0], target(), a.in[2][0], a.out[1], 0, n)
		ArgMax(k, a.in[0], a.class, 0, n)
	default:
		return false
	}
	return true
}

func runSGD[T Float](a operands[T]) bool {
	attr, _ := a.Attr.(device.SGDAttr)
	switch a.Kind {
	case device.SGDVelocity:
		SGDVelocity(attr, a.in[0], a.in[1], a.in[2], a.out[0])
	case device.SGDWeight:
		var g []T
		if attr.Nesterov {
			g = a.in[3]
		}
		SGDWeight(attr, a.in[0], a.in[1], a.in[2][0], g, a.out[0])
	case device.SGD: // w, [v], g, lr → w', [v']
		last := len(a.in) - 1
		a.sgd(attr, a.in[:last-1], a.in[last-1], a.in[last][0])
	default:
		return false
	}
	return true
}

// sgd updates copies, in the outputs, of the weight and the velocity.
func (a operands[T]) sgd(attr device.SGDAttr, state [][]T, g []T, lr T) {
	for i, s := range state {
		copy(a.out[i], s)
	}
	var v []T
	if attr.Momentum != 0 {
		v = a.out[1]
	}
	SGD(attr, a.out[0], v, g, lr)
}

// scratch32 and scratch64 keep the kernels' working memory between steps.
var scratch32, scratch64 sync.Pool

// withScratch calls f with size elements of arbitrary contents.
func withScratch[T Float](size int, f func(scratch []T)) {
	pool := &scratch32
	if _, ok := any(T(0)).(float64); ok {
		pool = &scratch64
	}
	s, _ := pool.Get().(*[]T)
	if s == nil || cap(*s) < size {
		fresh := make([]T, size)
		s = &fresh
	}
	f((*s)[:size])
	pool.Put(s)
}
