package nn

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/op"
)

// LossFunc is a custom loss: it returns the mean loss of a batch, a scalar, from logits and
// target probabilities, both [N, classes] and of one type. All its operators need
// gradients. A label is passed as a row with probability 1 for its class.
type LossFunc func(logits, targets *gorgonia.Node) (*gorgonia.Node, error)

// Loss adds targets [N, classes] to g and returns them, the loss and each row's predicted
// class [N]int64.
func (f LossFunc) Loss(g *Graph) (target, loss, predicted *gorgonia.Node, err error) {
	shape := g.Output.Shape()
	target = gorgonia.NewTensor(g.G, g.Output.Dtype(), len(shape), gorgonia.WithShape(shape...), gorgonia.WithName("targets"))
	if loss, err = f(g.Output, target); err != nil {
		return nil, nil, nil, err
	}
	if loss == nil || !loss.IsScalar() {
		return nil, nil, nil, errorf("", ErrShape, "the loss is %v, want a scalar: the mean over the batch", loss)
	}
	predicted, err = op.ArgMax("predicted", g.Output)
	return target, loss, predicted, err
}

// CrossEntropy is torch.nn.CrossEntropyLoss averaged over the batch.
type CrossEntropy struct {
	// Smoothing is ε of label smoothing (Szegedy et al. 2016): the target becomes
	// (1-ε)·target + ε/K.
	Smoothing float64
	// Soft: the target is probabilities [N, K] of the classes, as mixup needs, instead of
	// labels [N]. torch's cross_entropy accepts both too.
	Soft bool
}

// Loss adds a target to g, labels [N]int64 or with Soft probabilities [N, K] of the
// graph's type, and returns it, the mean loss and each row's predicted class [N]int64.
func (c CrossEntropy) Loss(g *Graph) (target, loss, predicted *gorgonia.Node, err error) {
	if shape := g.Output.Shape(); c.Soft {
		target = gorgonia.NewTensor(g.G, g.Output.Dtype(), len(shape), gorgonia.WithShape(shape...), gorgonia.WithName("targets"))
	} else {
		target = gorgonia.NewTensor(g.G, tensor.Int64, 1, gorgonia.WithShape(shape[0]), gorgonia.WithName("labels"))
	}
	if loss, err = op.SoftmaxCrossEntropy("loss", g.Output, target, c.Smoothing); err != nil {
		return nil, nil, nil, err
	}
	if predicted, err = op.ArgMax("predicted", g.Output); err != nil {
		return nil, nil, nil, err
	}
	return target, loss, predicted, nil
}
