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

// only returns the single reader of t if it is of that kind and t is not kept, else nil.
func (u *uses) only(t *device.Tensor, kind device.Kind) *device.Step {
	if u.kept[t] || len(u.readers[t]) != 1 || u.readers[t][0].Kind != kind {
		return nil
	}
	return u.readers[t][0]
}

// fuse replaces patterns of steps by fused ones that the device supports, until
// none is left. The fused step takes the position of the last of its parts.
func (b *builder) fuse() {
	b.fuseActivationGrads()
	rules := []func(*uses, *device.Step) (fused *device.Step, parts []*device.Step){
		b.fuseLoss, fuseBias, fuseActivation, fuseBatchNormAdd, fuseRunningStats, fuseSGD, fuseLinearUpdate,
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

// fuseBias joins Conv2D or Linear and the BiasAdd after it. This and the functions below
// return the fused step and its parts, or nil where s is not part of such a pattern.
func fuseBias(u *uses, s *device.Step) (*device.Step, []*device.Step) {
	if s.Kind != device.Conv2D && s.Kind != device.Linear {
		return nil, nil
	}
	bias := u.only(s.Out[0], device.BiasAdd)
	if bias == nil || len(s.In) != 2 {
		return nil, nil
	}
	act := bias.Attr.(device.BiasAttr).Act
	fused := &device.Step{Kind: s.Kind, Path: s.Path, In: append(slices.Clone(s.In), bias.In[1]), Out: bias.Out}
	switch a := s.Attr.(type) {
	case device.ConvAttr:
		a.Bias, a.Act = true, act
		fused.Attr = a
	case device.LinearAttr:
		a.Bias, a.Act = true, act
		fused.Attr = a
	default:
		fused.Attr = device.LinearAttr{Bias: true, Act: act}
	}
	return fused, []*device.Step{s, bias}
}

// fuseActivation joins a step that can end in an activation and the activation after it.
// Where the activation's gradient reads its operand, as in training, the two stay separate.
func fuseActivation(u *uses, s *device.Step) (*device.Step, []*device.Step) {
	if !s.Kind.Activates() {
		return nil, nil
	}
	act := u.only(s.Out[0], device.Activate)
	if act == nil {
		return nil, nil
	}
	a, ok := s.Attr.(device.Activated)
	if !ok {
		a = s.Kind.Attr().(device.Activated) // Linear's, which a graph leaves out
	}
	if a.Activation() != device.None {
		return nil, nil
	}
	attr := a.WithActivation(act.Attr.(device.ActAttr).Act)
	return &device.Step{Kind: s.Kind, Attr: attr, Path: s.Path, In: s.In, Out: act.Out}, []*device.Step{s, act}
}

// fuseBatchNormAdd joins BatchNormApply and the Add of a residual, with or without an activation.
func fuseBatchNormAdd(u *uses, s *device.Step) (*device.Step, []*device.Step) {
	if s.Kind != device.BatchNormApply {
		return nil, nil
	}
	a := s.Attr.(device.BatchNormAttr)
	add := u.only(s.Out[0], device.Add)
	if add == nil || a.Act != device.None || a.Residual {
		return nil, nil
	}
	residual := add.In[0]
	if residual == s.Out[0] {
		residual = add.In[1]
	}
	a.Residual, a.Act = true, add.Attr.(device.AddAttr).Act
	return &device.Step{Kind: s.Kind, Attr: a, Path: s.Path, In: append(slices.Clone(s.In), residual), Out: add.Out}, []*device.Step{s, add}
}

// fuseActivationGrads joins the gradient of an activation with the gradients of the batch
// normalisation before it, where nothing else reads the activation's gradient.
func (b *builder) fuseActivationGrads() {
	u := b.uses()
	gone := map[*device.Step]bool{}
	for _, s := range b.steps {
		if s.Kind != device.ActivateGrad || u.kept[s.Out[0]] {
			continue
		}
		var fused []*device.Step
		readers := u.readers[s.Out[0]]
		for _, r := range readers {
			if f := b.activated(u, s, r); f != nil {
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

// activated is the batch normalisation's gradient r, changed to read the gradient of the
// activation's result instead of that of its operand; nil where that is not possible.
func (b *builder) activated(u *uses, act, r *device.Step) *device.Step {
	a, ok := r.Attr.(device.BatchNormAttr)
	if !ok || a.Act != device.None || r.Kind == device.BatchNormApply {
		return nil
	}
	a.Act = act.Attr.(device.ActAttr).Act
	f := &device.Step{Kind: r.Kind, Attr: a, Path: r.Path, In: slices.Clone(r.In), Out: r.Out}
	dy := 1
	if r.Kind == device.BatchNormEvalGradInput {
		dy = 0
	}
	f.In[dy] = act.In[1]
	if slices.Contains(f.In, act.Out[0]) {
		return nil // it is not, or not only, the gradient
	}
	if a.Act.GradOfOutput() {
		f.In = append(f.In, act.In[0])
	} else if operands := recomputed(u.producer[act.In[0]], r); operands != nil {
		f.In = append(f.In, operands...)
	} else {
		return nil
	}
	if !b.dev.Supports(f) {
		return nil
	}
	return f
}

// recomputed lists the additional operands with which the batch normalisation's gradient r
// can compute the activation's operand again, the result of apply; nil if r is the gradient
// of another normalisation.
func recomputed(apply, r *device.Step) []*device.Tensor {
	if apply == nil || apply.Kind != device.BatchNormApply || len(apply.In) != 4 || apply.Attr.(device.BatchNormAttr).Eps != r.Attr.(device.BatchNormAttr).Eps {
		return nil
	}
	x, stats, gamma, beta := apply.In[0], apply.In[1], apply.In[2], apply.In[3]
	switch {
	case r.Kind == device.BatchNormGradStats && r.In[0] == x && r.In[2] == stats:
		return []*device.Tensor{gamma, beta}
	case r.Kind == device.BatchNormGradInput && r.In[0] == x && r.In[2] == gamma && r.In[3] == stats:
		return []*device.Tensor{beta}
	case r.Kind == device.BatchNormEvalGradInput && r.In[1] == gamma && r.In[2] == stats:
		return []*device.Tensor{x, beta}
	}
	return nil
}

// fuseSGD joins SGDVelocity and SGDWeight.
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

// fuseLinearUpdate joins LinearGradWeight and SGD, the gradient's only reader.
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
