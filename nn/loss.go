package nn

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/op"
)

// CrossEntropy is torch.nn.CrossEntropyLoss averaged over the batch.
type CrossEntropy struct {
	// Smoothing is ε of label smoothing (Szegedy et al. 2016): the target becomes
	// (1-ε)·target + ε/K.
	Smoothing float64
}

// Loss adds a target to g, labels [N]int64, and returns it, the mean loss and each
// row's predicted class [N]int64.
func (c CrossEntropy) Loss(g *Graph) (labels, loss, predicted *gorgonia.Node, err error) {
	labels = gorgonia.NewTensor(g.G, tensor.Int64, 1, gorgonia.WithShape(g.Output.Shape()[0]), gorgonia.WithName("labels"))
	if loss, err = op.SoftmaxCrossEntropy("loss", g.Output, labels, c.Smoothing); err != nil {
		return nil, nil, nil, err
	}
	if predicted, err = op.ArgMax("predicted", g.Output); err != nil {
		return nil, nil, nil, err
	}
	return labels, loss, predicted, nil
}
