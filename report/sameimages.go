package report

import (
	"path"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/run"
)

// sameImages reports whether two runs with equal settings were tested on the same images,
// by their splits, else by their predictions. Drawn images differ from seed to seed but
// count as the same.
func sameImages(a, b *Run) bool {
	if a.redrawn() && b.redrawn() {
		return true
	}
	if a.Summary.TestImages != b.Summary.TestImages {
		return false
	}
	if x, y := a.testPart(), b.testPart(); x != nil && y != nil && x.Hash != "" && y.Hash != "" {
		return x.Hash == y.Hash
	}
	if a.Predictions == nil || b.Predictions == nil {
		return true
	}
	bare := a.bareNames() || b.bareNames()
	return slices.EqualFunc(a.Predictions, b.Predictions, func(p, q run.Prediction) bool {
		return p.Label == q.Label && imageKey(p, bare) == imageKey(q, bare)
	})
}

func (r *Run) testPart() *run.SplitPart {
	if r.Split == nil {
		return nil
	}
	return r.Split.Part(run.TestPart)
}

// bareNames reports whether the run's predictions have only file names, as those of earlier
// versions, and not paths below the set's folder.
func (r *Run) bareNames() bool {
	return !slices.ContainsFunc(r.Predictions, func(p run.Prediction) bool { return strings.Contains(p.Image, "/") })
}

// imageKey is the name by which an image is compared with those of another run.
func imageKey(p run.Prediction, bare bool) string {
	if bare {
		return path.Base(p.Image)
	}
	return p.Image
}
