package trainer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path/filepath"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/internal/smallfile"
	"github.com/euryale-ml/euryale/run"
)

// Prediction is what a model makes of a test image.
type Prediction struct {
	Index       int     `json:"index"`       // in the test set
	Image       string  `json:"image"`       // its path below the set's folder, with forward slashes, or what the set calls it
	Label       int     `json:"label"`       // the true class
	Predicted   int     `json:"predicted"`   // the class of the greatest logit
	Probability float64 `json:"probability"` // of Predicted
	Loss        float64 `json:"loss"`        // cross-entropy of this image
}

// Predictions classifies the test set with the weights as they are, in the set's order.
// Images that cannot be decoded are left out.
func (t *Trainer) Predictions(ctx context.Context) ([]Prediction, error) {
	e, err := t.evaluate(ctx)
	return e.Predictions, err
}

// predictions are those of a batch, from its logits.
func predictions(set dataset.Dataset, b *dataset.Batch, r Result) []Prediction {
	all := make([]Prediction, b.N)
	classes := len(r.Logits) / b.N
	for i := range all {
		row := r.Logits[i*classes : (i+1)*classes]
		p := Prediction{Index: b.Index[i], Label: int(b.Labels[i]), Predicted: int(r.Predicted[i])}
		p.Image = imageName(set, b.Index[i], b.Names[i])
		p.Loss = crossEntropy(row, p.Label)
		p.Probability = math.Exp(-crossEntropy(row, p.Predicted))
		all[i] = p
	}
	return all
}

// imageName is what predictions call image i: its path below the set's folder where the
// set knows it, else the last element of the sample's name.
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

// WritePredictions puts predictions into a run's folder.
func WritePredictions(dir string, all []Prediction) error {
	return atomicfile.Write(filepath.Join(dir, run.PredictionsFile), 0o644, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		for _, p := range all {
			if err := e.Encode(p); err != nil {
				return err
			}
		}
		return nil
	})
}

// maxPredictions is the most bytes of predictions that are read: those of some million
// images.
const maxPredictions = 1 << 30

// ReadPredictions reads the predictions in a run's folder. Without them the error is
// fs.ErrNotExist.
func ReadPredictions(dir string) ([]Prediction, error) {
	path := filepath.Join(dir, run.PredictionsFile)
	data, err := smallfile.Read(path, maxPredictions)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	var all []Prediction
	for {
		var p Prediction
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("trainer: %w: %s, line %d: %w", ErrFolder, path, len(all)+1, err)
		}
		if p.Index < 0 || p.Label < 0 || p.Predicted < 0 {
			return nil, fmt.Errorf("trainer: %w: %s, line %d: a negative number", ErrFolder, path, len(all)+1)
		}
		all = append(all, p)
	}
}
