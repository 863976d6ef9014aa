package engine

import (
	"slices"

	"github.com/euryale-ml/euryale/device"
)

// uses maps every tensor to its producer and readers.
type uses struct {
	producer map[*device.Tensor]*device.Step
	readers  map[*device.Tensor][]*device.Step
	kept     map[*device.Tensor]bool // outputs and assigned values
}

func (b *builder) uses() *uses {
	u := &uses{map[*device.Tensor]*device.Step{}, map[*device.Tensor][]*device.Step{}, map[*device.Tensor]bool{}}
	for _, s := range b.steps {
		for _, t := range s.In {
			u.readers[t] = append(u.readers[t], s)
		}
		for _, t := range s.Out {
			u.producer[t] = s
		}
	}
	for _, n := range b.spec.Outputs {
		u.kept[b.of[n]] = true
	}
	for _, a := range b.assign {
		u.kept[a.value] = true
	}
	return u
}

// only is the single reader of t if it is of that kind and t is not kept.
func (u *uses) only(t *device.Tensor, kind device.Kind) *device.Step {
	if u.kept[t] || len(u.readers[t]) != 1 || u.readers[t][0].Kind != kind {
		return nil
	}
	return u.readers[t][0]
}

// fuse replaces patterns of steps by fused ones that the device supports, until
// none is left. The fused step stands where the last of its parts stood.
func (b *builder) fuse() {
	b.fuseReLUGrads()
	rules := []func(*uses, *device.Step) (fused *device.Step, parts []*device.Step){
		fuseBias, fuseActivation, fuseBatchNormAdd, fuseSGD, fuseLinearUpdate,
	}
	for _, rule := range rules {
		for again := true; again; {
			again = false
			u := b.uses()
			gone := map[*device.Step]bool{}
			for i := 0; i < len(b.steps); i++ {
				s := b.steps[i]
				if gone[s] {
					continue
				}
				fused, parts := rule(u, s)
				if fused == nil || slices.ContainsFunc(parts, func(p *device.Step) bool { return gone[p] }) || !b.dev.Supports(fused) {
					continue
				}
				last := parts[len(parts)-1]
				for _, p := range parts {
					gone[p] = true
				}
				b.steps[slices.Index(b.steps, last)] = fused
				again = true
			}
			b.steps = slices.DeleteFunc(b.steps, func(s *device.Step) bool { return gone[s] })
		}
	}
}

// fuseBias is Conv2D or Linear, then BiasAdd.
func fuseBias(u *uses, s *device.Step) (*device.Step, []*device.Step) {
	if s.Kind != device.Conv2D && s.Kind != device.Linear {
		return nil, nil
	}
	bias := u.only(s.Out[0], device.BiasAdd)
	if bias == nil || len(s.In) != 2 {
		return nil, nil
	}
	relu := bias.Attr.(device.BiasAttr).ReLU
	fused := &device.Step{Kind: s.Kind, Path: s.Path, In: append(slices.Clone(s.In), bias.In[1]), Out: bias.Out}
	switch a := s.Attr.(type) {
	case device.ConvAttr:
		a.Bias, a.ReLU = true, relu
		fused.Attr = a
	case device.LinearAttr:
		a.Bias, a.ReLU = true, relu
		fused.Attr = a
	default:
		fused.Attr = device.LinearAttr{Bias: true, ReLU: relu}
	}
	return fused, []*device.Step{s, bias}
}

// fuseActivation is a step that can end in a ReLU, then ReLU.
func fuseActivation(u *uses, s *device.Step) (*device.Step, []*device.Step) {
	switch s.Kind {
	case device.Conv2D, device.Linear, device.BiasAdd, device.Add, device.BatchNormApply:
	default:
		return nil, nil
	}
	relu := u.only(s.Out[0], device.ReLU)
	if relu == nil {
		return nil, nil
	}
	fused := &device.Step{Kind: s.Kind, Path: s.Path, In: s.In, Out: relu.Out}
	switch a := s.Attr.(type) {
	case device.ConvAttr:
		a.ReLU = true
		fused.Attr = a
	case device.LinearAttr:
		a.ReLU = true
		fused.Attr = a
	case device.BiasAttr:
		fused.Attr = device.BiasAttr{ReLU: true}
	case device.AddAttr:
		fused.Attr = device.AddAttr{ReLU: true}
	case device.BatchNormAttr:
		a.ReLU = true
		fused.Attr = a
	default:
		return nil, nil
	}
	return fused, []*device.Step{s, relu}
}

// fuseBatchNormAdd is BatchNormApply, then Add of a residual, with or without ReLU.
func fuseBatchNormAdd(u *uses, s *device.Step) (*device.Step, []*device.Step) {
	if s.Kind != device.BatchNormApply {
		return nil, nil
	}
	a := s.Attr.(device.BatchNormAttr)
	add := u.only(s.Out[0], device.Add)
	if add == nil || a.ReLU || a.Residual {
		return nil, nil
	}
	residual := add.In[0]
	if residual == s.Out[0] {
		residual = add.In[1]
	}
	a.Residual, a.ReLU = true, add.Attr.(device.AddAttr).ReLU
	return &device.Step{Kind: s.Kind, Attr: a, Path: s.Path, In: append(slices.Clone(s.In), residual), Out: add.Out}, []*device.Step{s, add}
}

// fuseReLUGrads lets the two gradients of a batch normalisation mask dy
// themselves, where nothing else reads the masked gradient.
func (b *builder) fuseReLUGrads() {
	u := b.uses()
	gone := map[*device.Step]bool{}
	for _, s := range b.steps {
		if s.Kind != device.ReLUGrad || u.kept[s.Out[0]] {
			continue
		}
		var fused []*device.Step
		readers := u.readers[s.Out[0]]
		for _, r := range readers {
			if f := b.masked(s, r); f != nil {
				fused = append(fused, f)
			}
		}
		if len(readers) == 0 || len(fused) != len(readers) {
			continue
		}
		for i, r := range readers {
			*r = *fused[i]
		}
		gone[s] = true
	}
	b.steps = slices.DeleteFunc(b.steps, func(s *device.Step) bool { return gone[s] })
}

// masked is the batch normalisation's gradient r, reading dy and y of the ReLU
// instead of relu's result, or nil.
func (b *builder) masked(relu, r *device.Step) *device.Step {
	switch r.Kind {
	case device.BatchNormGradStats, device.BatchNormGradInput, device.BatchNormEvalGradInput:
	default:
		return nil
	}
	a := r.Attr.(device.BatchNormAttr)
	if a.ReLU {
		return nil
	}
	a.ReLU = true
	f := &device.Step{Kind: r.Kind, Attr: a, Path: r.Path, In: slices.Clone(r.In), Out: r.Out}
	dy := 1
	if r.Kind == device.BatchNormEvalGradInput {
		dy = 0
	}
	f.In[dy] = relu.In[1]
	if slices.Contains(f.In, relu.Out[0]) {
		return nil // it is not, or not only, the gradient
	}
	f.In = append(f.In, relu.In[0])
	if !b.dev.Supports(f) {
		return nil
	}
	return f
}

// fuseSGD is SGDVelocity, then SGDWeight.
func fuseSGD(u *uses, s *device.Step) (*device.Step, []*device.Step) {
	if s.Kind != device.SGDWeight {
		return nil, nil
	}
	a := s.Attr.(device.SGDAttr)
	if a.Momentum == 0 {
		return nil, nil
	}
	v := u.producer[s.In[1]]
	if v == nil || v.Kind != device.SGDVelocity || len(u.readers[v.Out[0]]) != 1 || v.In[2] != s.In[0] || v.Attr != s.Attr {
		return nil, nil
	}
	if a.Nesterov && s.In[3] != v.In[1] {
		return nil, nil // another gradient than the velocity's
	}
	// both outputs are assigned to the slots that were read, or the step stays in two
	return &device.Step{
		Kind: device.SGD, Attr: a, Path: s.Path,
		In:  []*device.Tensor{s.In[0], v.In[0], v.In[1], s.In[2]},
		Out: []*device.Tensor{s.Out[0], v.Out[0]},
	}, []*device.Step{v, s}
}

// fuseLinearUpdate is LinearGradWeight, then SGD as the gradient's only reader.
func fuseLinearUpdate(u *uses, s *device.Step) (*device.Step, []*device.Step) {
	if s.Kind != device.LinearGradWeight {
		return nil, nil
	}
	sgd := u.only(s.Out[0], device.SGD)
	if sgd == nil || sgd.In[2] != s.Out[0] {
		return nil, nil
	}
	return &device.Step{
		Kind: device.LinearUpdate, Attr: sgd.Attr, Path: sgd.Path,
		In:  []*device.Tensor{s.In[0], s.In[1], sgd.In[0], sgd.In[1], sgd.In[3]},
		Out: sgd.Out,
	}, []*device.Step{s, sgd}
}
