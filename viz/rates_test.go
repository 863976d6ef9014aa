package viz

import (
	"errors"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sweep is a curve that falls and blows up.
func sweep() RateCurve {
	c := RateCurve{Title: "a recipe", Steepest: 1e-2, Tenth: 1e-3}
	for i := range 60 {
		x := float64(i)/10 - 6 // of 10 to the power
		c.Rates = append(c.Rates, math.Pow(10, x))
		c.Smoothed = append(c.Smoothed, 2-1/(1+math.Exp(-4*(x+2)))+math.Exp(3*(x+0.5)))
		c.Losses = append(c.Losses, c.Smoothed[i]+0.1*math.Sin(float64(7*i)))
	}
	return c
}

func TestRates(t *testing.T) {
	dir := t.TempDir()
	picture, drawing := filepath.Join(dir, "new", "rates.png"), filepath.Join(dir, "svg", "rates.SVG")
	for _, path := range []string{picture, drawing} {
		if err := Rates(path, sweep()); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if s := img.Bounds().Size(); s.X != ratesWidth || s.Y != ratesHeight {
		t.Errorf("%v", s)
	}
	// The marks stand at their rates: 1e-2 and 1e-3 of 1e-6 to 10^-0.1.
	columns := map[color.NRGBA]int{}
	for x := 100; x < ratesWidth; x++ {
		for y := 200; y < 500; y++ {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			if c == orange || c == green {
				columns[c] = x
			}
		}
	}
	apart := float64(columns[orange] - columns[green])
	if want := 1 / 5.9 * (ratesWidth - 2*28 - 50); columns[green] == 0 || math.Abs(apart-want) > 12 {
		t.Errorf("the marks stand at %v, want them %v apart", columns, want)
	}
	text, err := os.ReadFile(drawing)
	if err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{"<svg", "a recipe · 60 steps from 1e-6 to 0.794", "steepest fall: 0.01", "a tenth of the lowest: 0.001", "Go,sans-serif", "</svg>"} {
		if !strings.Contains(string(text), says) {
			t.Errorf("the SVG lacks %q", says)
		}
	}
}

func TestRatesErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(c *RateCurve)
		err    error
	}{
		"none":     {func(c *RateCurve) { *c = RateCurve{} }, ErrEmpty},
		"lengths":  {func(c *RateCurve) { c.Losses = c.Losses[1:] }, ErrMismatch},
		"rate":     {func(c *RateCurve) { c.Rates[0] = 0 }, ErrMismatch},
		"infinite": {func(c *RateCurve) { c.Rates[59] = math.Inf(1) }, ErrMismatch},
		"falling":  {func(c *RateCurve) { c.Rates[0], c.Rates[59] = c.Rates[59], c.Rates[0] }, ErrMismatch},
		"NaN":      {func(c *RateCurve) { c.Smoothed[3] = math.NaN() }, ErrMismatch},
	} {
		curve := sweep()
		c.change(&curve)
		path := filepath.Join(t.TempDir(), "x.png")
		if err := Rates(path, curve); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", name, err, c.err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: a file was written", name)
		}
	}
}
