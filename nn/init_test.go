package nn_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/nn"
)

func param(name string, init nn.Init, shape ...int) *nn.Param {
	return &nn.Param{Name: name, Shape: shape, Init: init}
}

// TestDrawDistributions checks mean, deviation and bounds within five standard errors,
// over more elements than one generator draws.
func TestDrawDistributions(t *testing.T) {
	for _, c := range []struct {
		what             string
		p                *nn.Param
		deviation, bound float64 // bound 0: none
	}{
		{"normal", param("a", nn.Normal(0.01), 300, 500), 0.01, 0},
		{"uniform", param("b", nn.Uniform(0.3), 150_000), 0.3 / math.Sqrt(3), 0.3},
		{"He, convolution", param("c", nn.HeNormal{}, 128, 64, 3, 3), math.Sqrt(2.0 / (128 * 9)), 0},
		{"He, grouped", param("d", nn.HeNormal{}, 256, 2, 7, 7), math.Sqrt(2.0 / (256 * 49)), 0},
		{"He, linear", param("e", nn.HeNormal{}, 50, 2000), math.Sqrt(2.0 / 50), 0},
		{"fan in", param("f", nn.FanInUniform{In: 2048}, 37, 2048), 1 / math.Sqrt(3*2048), 1 / math.Sqrt(2048)},
	} {
		var mean, square, top float64
		w := c.p.Draw(3)
		for _, v := range w {
			mean, square, top = mean+float64(v), square+float64(v)*float64(v), max(top, math.Abs(float64(v)))
		}
		n := float64(len(w))
		mean, square = mean/n, math.Sqrt(square/n)
		if math.Abs(mean) > 5*c.deviation/math.Sqrt(n) || math.Abs(square-c.deviation) > 5*c.deviation/math.Sqrt(n) {
			t.Errorf("%s: mean %.3g and deviation %.5g, want 0 and %.5g", c.what, mean, square, c.deviation)
		}
		if c.bound > 0 && (top > c.bound*(1+1e-7) || top < 0.99*c.bound) {
			t.Errorf("%s: greatest value %v, want nearly %v", c.what, top, c.bound)
		}
	}
	if w := param("g", nn.Constant(-2), 3, 2).Draw(1); !slices.Equal(w, []float32{-2, -2, -2, -2, -2, -2}) {
		t.Errorf("a constant gives %v", w)
	}
}

// initFunc is a custom initializer.
type initFunc func(w []float64, shape []int)

func (f initFunc) Fill(w []float64, shape []int, _ *rand.Rand) { f(w, shape) }

// TestInitializersThatFail has initializers of users: a panic in a goroutine of Fresh would
// end the process.
func TestInitializersThatFail(t *testing.T) {
	for what, c := range map[string]struct {
		init  nn.Init
		words string
	}{
		"panics":       {initFunc(func([]float64, []int) { panic("boom") }), "panicked: boom"},
		"wrong shape":  {initFunc(func(w []float64, shape []int) { w[0] = float64(shape[7]) }), "out of range"},
		"none":         {nil, "panicked"},
		"no number":    {initFunc(func(w []float64, _ []int) { w[len(w)-1] = math.NaN() }), "NaN"},
		"infinite":     {nn.FanInUniform{}, "Inf"},
		"beyond float": {nn.Constant(1e300), "1e+300"},
	} {
		for _, n := range []int{3, 1 << 20} { // one generator, and many
			_, err := param("fc.weight", c.init, n).Fresh(1)
			if !errors.Is(err, nn.ErrModule) || !strings.Contains(err.Error(), "fc.weight") || !strings.Contains(err.Error(), c.words) {
				t.Errorf("%s, %d elements: %v", what, n, err)
			}
		}
	}
	w, err := param("w", initFunc(func(w []float64, _ []int) { w[0]++ }), 1<<18).Fresh(1)
	for i, v := range w {
		if (v == 1) != (i%(1<<16) == 0) || v != 0 && v != 1 {
			t.Fatalf("element %d is %v: values of another part", i, v)
		}
	}
	if err != nil {
		t.Error(err)
	}
}

// TestDraw checks that values are a function of the seed and the name alone.
func TestDraw(t *testing.T) {
	const n = 200_000
	first := param("layer.weight", nn.Normal(1), n).Draw(42)
	if !slices.Equal(first, param("layer.weight", nn.Normal(1), n).Draw(42)) {
		t.Error("two draws differ")
	}
	for what, other := range map[string][]float32{
		"another name": param("layer.bias", nn.Normal(1), n).Draw(42), "another seed": param("layer.weight", nn.Normal(1), n).Draw(43),
	} {
		if slices.Equal(first[:4], other[:4]) {
			t.Errorf("%s gives the same values", what)
		}
	}
	// Parts that generators of their own draw do not repeat each other.
	if slices.Equal(first[:8], first[1<<16:1<<16+8]) {
		t.Error("the second part repeats the first")
	}
	if w := param("w", nn.Uniform(1), 5).Draw(7); !slices.Equal(w, param("w", nn.Uniform(1), 9).Draw(7)[:5]) {
		t.Error("the first values depend on the shape")
	}
}
