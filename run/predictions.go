package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"

	"github.com/euryale-ml/euryale/internal/smallfile"
)

// Prediction is the best weights' prediction of a test image: a line of predictions.jsonl.
type Prediction struct {
	Index       int     `json:"index"`       // in the test set
	Image       string  `json:"image"`       // its path below the set's folder, with forward slashes, or the set's name for it
	Label       int     `json:"label"`       // the true class
	Predicted   int     `json:"predicted"`   // the class of the greatest logit
	Probability float64 `json:"probability"` // of Predicted
	Loss        float64 `json:"loss"`        // cross-entropy of this image
}

// Is reports whether a prediction is of the image name, a path below the set's folder or a
// complete path. Predictions of earlier versions have only the path's last element.
func (p Prediction) Is(name string) bool {
	name = filepath.ToSlash(name)
	if !strings.Contains(p.Image, "/") {
		return path.Base(name) == p.Image
	}
	return name == p.Image || strings.HasSuffix(name, "/"+p.Image)
}

// WritePredictions writes predictions.jsonl: a JSON object a line.
func (f Folder) WritePredictions(all []Prediction) error {
	return f.write(PredictionsFile, func(w io.Writer) error {
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

// maxPredictions is the largest file of predictions that is read, in bytes: some million
// images.
const maxPredictions = 1 << 30

// Predictions reads predictions.jsonl.
func (f Folder) Predictions() ([]Prediction, error) {
	path := f.Path(PredictionsFile)
	data, err := smallfile.Read(path, maxPredictions)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	var all []Prediction
	for {
		var p Prediction
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err == nil && (p.Index < 0 || p.Label < 0 || p.Predicted < 0) {
			err = errors.New("a negative number")
		}
		if err != nil {
			return nil, fmt.Errorf("run: %w: %s, line %d: %w", ErrFile, path, len(all)+1, err)
		}
		all = append(all, p)
	}
}
