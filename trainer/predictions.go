package trainer

import (
	"context"
	"math"
	"path/filepath"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/run"
)

// Predictions classifies the test set with the current weights, in the set's order. Images
// that cannot be decoded are left out.
func (t *Trainer) Predictions(ctx context.Context) ([]run.Prediction, error) {
	e, err := t.evaluate(ctx)
	return e.Predictions, err
}

// predictions are the predictions of a batch of set, from its logits.
func predictions(set dataset.Dataset, b *dataset.Batch, r Result) []run.Prediction {
	all := make([]run.Prediction, b.N)
	classes := len(r.Logits) / b.N
	for i := range all {
		row := r.Logits[i*classes : (i+1)*classes]
		p := run.Prediction{Index: b.Index[i], Label: int(b.Labels[i]), Predicted: int(r.Predicted[i])}
		p.Image = imageName(set, b.Index[i], b.Names[i])
		p.Loss = crossEntropy(row, p.Label)
		p.Probability = math.Exp(-crossEntropy(row, p.Predicted))
		all[i] = p
	}
	return all
}

// imageName is the name of image i in predictions: its path below the set's folder if the set
// is dataset.Listed, else the last element of the sample's name.
func imageName(set dataset.Dataset, i int, sample string) string {
	if l, ok := set.(dataset.Listed); ok {
		name, _ := l.Image(i)
		return name
	}
	if sample == "" {
		return ""
	}
	return filepath.Base(sample)
}
