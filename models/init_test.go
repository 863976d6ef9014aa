package models_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
)

// moments are mean and standard deviation, and the greatest absolute value.
func moments(w []float32) (mean, deviation, top float64) {
	for _, v := range w {
		mean += float64(v)
		top = math.Max(top, math.Abs(float64(v)))
	}
	mean /= float64(len(w))
	for _, v := range w {
		deviation += (float64(v) - mean) * (float64(v) - mean)
	}
	return mean, math.Sqrt(deviation / float64(len(w))), top
}

// checkDrawn compares values with a distribution of mean 0 and a deviation, within
// five standard errors.
func checkDrawn(t *testing.T, name string, w []float32, deviation float64) {
	t.Helper()
	mean, got, _ := moments(w)
	n := math.Sqrt(float64(len(w)))
	if math.Abs(mean) > 5*deviation/n || math.Abs(got-deviation) > 5*deviation/n {
		t.Errorf("%s: mean %.3g and deviation %.4g of %d values, want 0 and %.4g", name, mean, got, len(w), deviation)
	}
}

func checkAll(t *testing.T, name string, w []float32, want float32) {
	t.Helper()
	if i := slices.IndexFunc(w, func(v float32) bool { return v != want }); i >= 0 {
		t.Errorf("%s[%d] is %v, want %v", name, i, w[i], want)
	}
}

// TestInitWeights checks every tensor of fresh models against its distribution.
func TestInitWeights(t *testing.T) {
	for _, m := range []nn.Module{
		models.VGG16(models.VGGConfig{Classes: 37, BatchNorm: true, Hidden: 128}),
		models.ResNet50(models.ResNetConfig{Form: models.D, Classes: 37}),
	} {
		weights, err := models.InitWeights(m, 42)
		if err != nil {
			t.Fatal(err)
		}
		g := trace(t, m, nn.Options{}, 1, 3, 64, 64)
		if len(weights) != len(g.Params)+len(g.Buffers) {
			t.Errorf("%d tensors, want %d", len(weights), len(g.Params)+len(g.Buffers))
		}
		for _, p := range g.Params {
			checkParam(t, p, weights[p.Name])
		}
		for _, b := range g.Buffers {
			want := float32(0)
			if strings.HasSuffix(b.Name, "running_var") {
				want = 1
			}
			checkAll(t, b.Name, weights[b.Name], want)
		}
	}
}

func checkParam(t *testing.T, p *nn.Param, w []float32) {
	t.Helper()
	switch {
	case len(w) != p.Elements():
		t.Errorf("%s has %d values, want %d", p.Name, len(w), p.Elements())
	case p.Role == nn.NormScale:
		checkAll(t, p.Name, w, 1)
	case p.Role == nn.NormShift:
		checkAll(t, p.Name, w, 0)
	case strings.HasPrefix(p.Name, "fc."): // U(±1/√2048)
		bound := 1 / math.Sqrt(2048)
		if _, _, top := moments(w); top > bound {
			t.Errorf("%s reaches %v, want at most %v", p.Name, top, bound)
		}
		checkDrawn(t, p.Name, w, bound/math.Sqrt(3))
	case p.Role == nn.Bias:
		checkAll(t, p.Name, w, 0)
	case len(p.Shape) == 4:
		checkDrawn(t, p.Name, w, math.Sqrt(2/float64(p.Shape[0]*p.Shape[2]*p.Shape[3])))
	default:
		checkDrawn(t, p.Name, w, 0.01)
	}
}

// TestZeroGamma checks that it reaches the last normalisation of each block alone.
func TestZeroGamma(t *testing.T) {
	g := trace(t, newModel(t, "resnet50d", models.Config{Classes: 2, ZeroGamma: true}), nn.Options{}, 1, 3, 64, 64)
	zeros := 0
	for _, p := range g.Params {
		if p.Role != nn.NormScale {
			continue
		}
		want := float32(1)
		if strings.HasSuffix(p.Name, "bn3.weight") {
			want = 0
			zeros++
		}
		checkAll(t, p.Name, p.Draw(1), want)
	}
	if zeros != 16 {
		t.Errorf("%d blocks, want 16", zeros)
	}
}
