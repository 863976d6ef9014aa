package engine

import (
	"slices"

	"github.com/euryale-ml/euryale/device"
)

// fuseLoss joins SoftmaxCrossEntropy, SoftmaxCrossEntropyGrad and ArgMax of the same logits, so
// that a device reads the logits once. The fused step takes the gradient's position, so no step
// before that may read the loss or the classes.
func (b *builder) fuseLoss(u *uses, s *device.Step) (*device.Step, []*device.Step) {
	if s.Kind != device.SoftmaxCrossEntropy {
		return nil, nil
	}
	var gradient, class *device.Step
	for _, r := range u.readers[s.In[0]] {
		switch {
		case r.Kind == device.ArgMax && class == nil:
			class = r
		case r.Kind == device.SoftmaxCrossEntropyGrad && gradient == nil && r.In[0] == s.In[0] && r.In[1] == s.In[1] && r.Attr == s.Attr:
			gradient = r
		}
	}
	if gradient == nil || class == nil {
		return nil, nil
	}
	at := slices.Index(b.steps, gradient)
	for _, t := range []*device.Tensor{s.Out[0], class.Out[0]} {
		for _, r := range u.readers[t] {
			if slices.Index(b.steps, r) <= at {
				return nil, nil
			}
		}
	}
	return &device.Step{
		Kind: device.ClassificationLoss, Attr: s.Attr, Path: s.Path,
		In:  gradient.In,
		Out: []*device.Tensor{s.Out[0], gradient.Out[0], class.Out[0]},
	}, []*device.Step{s, class, gradient}
}
