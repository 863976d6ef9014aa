package viz

import (
	"math"
	"slices"
	"testing"

	"github.com/euryale-ml/euryale/run"
)

// TestEpochMeansByImages has the mean over the images of each epoch, and over its steps where the
// numbers of images are not known.
func TestEpochMeansByImages(t *testing.T) {
	r := Run{Train: []run.Point{
		{Epoch: 1, Step: 1, Loss: 1, Images: 8}, {Epoch: 1, Step: 2, Loss: 3.5, Images: 2},
		{Epoch: 2, Step: 3, Loss: 1}, {Epoch: 2, Step: 4, Loss: 2}, {Epoch: 3, Step: 5, Loss: math.NaN(), Images: 8},
	}}
	epochs, means := r.epochMeans()
	if !slices.Equal(epochs, []float64{1, 2, 3}) || means[0] != 1.5 || means[1] != 1.5 || !math.IsNaN(means[2]) {
		t.Errorf("%v of epochs %v", means, epochs)
	}
}

// TestBestOfARun takes the evaluation that the run chose, or the highest accuracy of those
// whose test loss is finite.
func TestBestOfARun(t *testing.T) {
	test := []run.Point{{Epoch: 1, Step: 2, Loss: math.NaN(), Accuracy: 0.9}, {Epoch: 2, Step: 4, Loss: 1, Accuracy: 0.5}, {Epoch: 3, Step: 6, Loss: 0.5, Accuracy: 0.4}}
	for best, want := range map[int]int{0: 2, 6: 3, 99: 2} {
		if got, ok := (Run{Test: test, Best: best}).best(); !ok || got.Epoch != want {
			t.Errorf("best %d: %+v, want epoch %d", best, got, want)
		}
	}
	if got, ok := (Run{Test: test[:1]}).best(); ok {
		t.Errorf("without a finite test loss: %+v", got)
	}
}
