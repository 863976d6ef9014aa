package trainer_test

import (
	"context"
	"math"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// TestPredictions compares a run's predictions with its best scores, and with those of
// the best weights, loaded again.
func TestPredictions(t *testing.T) {
	dir, r := undisturbed(t, nil)
	all, err := run.Folder(dir).Predictions()
	if err != nil {
		t.Fatal(err)
	}
	right, loss := 0, 0.0
	for i, p := range all {
		if p.Index != i || p.Image == "" {
			t.Errorf("prediction %d: %+v", i, p)
		}
		if p.Label == p.Predicted {
			right++
			if math.Abs(p.Loss+math.Log(p.Probability)) > 1e-9 {
				t.Errorf("%+v: the loss of a right class is not -log of its probability", p)
			}
		}
		loss += p.Loss / float64(len(all))
	}
	if len(all) != r.TestImages || float64(right)/float64(len(all)) != r.Best.Accuracy || math.Abs(loss-r.Best.Loss) > 1e-6 {
		t.Errorf("%d predictions, %d right, loss %v; the best scores are %+v of %d images", len(all), right, loss, r.Best, r.TestImages)
	}

	again := start(t, nil)
	if err := again.LoadModel(filepath.Join(dir, run.CheckpointDir, run.BestFile), trainer.LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	loaded, err := again.Predictions(context.Background())
	if err != nil || !reflect.DeepEqual(loaded, all) {
		t.Errorf("the best weights predict otherwise when they are loaded: %v", err)
	}
}
