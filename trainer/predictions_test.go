package trainer_test

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
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
	all, err := trainer.ReadPredictions(dir)
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

func TestReadPredictionsErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := trainer.ReadPredictions(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	for _, text := range []string{"{", `{"index":-1}`, `{"index":0,"label":"cat"}`, `{"label":-2}` + "\n", "[]"} {
		if err := os.WriteFile(filepath.Join(dir, run.PredictionsFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if all, err := trainer.ReadPredictions(dir); !errors.Is(err, trainer.ErrFolder) {
			t.Errorf("%s: %v, %v", text, all, err)
		}
	}
}

// TestPredictionIs finds images by their names, also where the set has moved, and by those
// of earlier versions.
func TestPredictionIs(t *testing.T) {
	for _, c := range []struct {
		image, name string
		want        bool
	}{
		{"cat/1.jpg", "cat/1.jpg", true}, {"cat/1.jpg", "/new/root/cat/1.jpg", true}, {"cat/1.jpg", "/root/dog/1.jpg", false},
		{"cat/1.jpg", "/root/tomcat/1.jpg", false}, {"1.jpg", "/root/dog/1.jpg", true}, {"1.jpg", "/root/dog/11.jpg", false},
		{"drawn test image 1 (cat)", "drawn test image 1 (cat)", true},
	} {
		if got := (trainer.Prediction{Image: c.image}).Is(c.name); got != c.want {
			t.Errorf("%q is %q: %v", c.image, c.name, got)
		}
	}
}
