package dataset

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/euryale-ml/euryale/transforms"
)

func mustDraw(t testing.TB, d Drawn) (train, test Dataset) {
	t.Helper()
	train, test, err := d.Splits()
	if err != nil {
		t.Fatal(err)
	}
	return train, test
}

func mustSample(t testing.TB, set Dataset, i int) Sample {
	t.Helper()
	s, err := set.Sample(background, i)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDrawn(t *testing.T) {
	train, test := mustDraw(t, Drawn{})
	if train.Len() != 3700 || test.Len() != 740 || len(train.Classes()) != 37 {
		t.Errorf("%d and %d images of %d classes, want 3700, 740, 37", train.Len(), test.Len(), len(train.Classes()))
	}
	names := slices.Clone(train.Classes())
	slices.Sort(names)
	if len(slices.Compact(names)) != 37 {
		t.Error("two classes have one name")
	}
	for _, size := range []int{8, 31, 224} {
		train, _ := mustDraw(t, Drawn{Size: size, Classes: 5, Images: 2})
		s := mustSample(t, train, 8)
		if s.Image.W != size || s.Image.H != size || s.Label != 3 {
			t.Errorf("size %d: %d×%d pixels, label %d; want label 3", size, s.Image.W, s.Image.H, s.Label)
		}
	}
	_, err := train.Sample(background, 3700)
	if err == nil {
		t.Error("an image past the end has no error")
	}
}

// Image i is a pure function of the seed, the split and i.
func TestDrawnIsPure(t *testing.T) {
	a, atest := mustDraw(t, Drawn{Size: 24, Seed: 1})
	b, _ := mustDraw(t, Drawn{Size: 24, Seed: 1, Images: 50})
	c, _ := mustDraw(t, Drawn{Size: 24, Seed: 2})
	for i := range 74 {
		x := mustSample(t, a, i)
		mustSample(t, b, 73-i) // another order
		if y := mustSample(t, b, i); !bytes.Equal(x.Image.Pix, y.Image.Pix) || x.Label != y.Label {
			t.Errorf("image %d differs between two sets of one seed", i)
		}
		for what, other := range map[string]Dataset{"another seed": c, "the test split": atest} {
			if y := mustSample(t, other, i); bytes.Equal(x.Image.Pix, y.Image.Pix) || x.Label != y.Label {
				t.Errorf("image %d of %s: the same picture, or another class", i, what)
			}
		}
	}
}

func TestDrawnBadInput(t *testing.T) {
	for says, d := range map[string]Drawn{
		"Drawn.Classes = 38, want 2 to 37": {Classes: 38},
		"Drawn.Classes = 1":                {Classes: 1},
		"Drawn.Images = -1":                {Images: -1},
		"Drawn.Test = -1":                  {Test: -1},
		"Drawn.Size = 4":                   {Size: 4},
		"Drawn.Size = 100000":              {Size: 100000},
	} {
		_, _, err := d.Splits()
		wantError(t, says, err, ErrConfig, says)
	}
}

// features are what simple classifiers look at: the picture, 8 pixels a side,
// and the shares of 64 colours.
func features(img *transforms.RGB) (picture, colours []float64) {
	small := transforms.ResizeTo(img, 8, 8)
	for _, v := range small.Pix {
		picture = append(picture, float64(v))
	}
	colours = make([]float64, 64)
	for p := img.Pix; len(p) > 0; p = p[3:] {
		colours[p[0]>>6<<4|p[1]>>6<<2|p[2]>>6]++
	}
	return picture, colours
}

// nearest is the index of the closest of the means.
func nearest(means [][]float64, x []float64) int {
	best, at := 0.0, -1
	for i, m := range means {
		d := 0.0
		for j, v := range x {
			d += (v - m[j]) * (v - m[j])
		}
		if at < 0 || d < best {
			best, at = d, i
		}
	}
	return at
}

// The classes cannot be recognised by their mean picture nor by their colours,
// and a little can be learnt from both.
func TestDrawnIsNotTooEasy(t *testing.T) {
	train, test := mustDraw(t, Drawn{Size: 32, Images: 30, Test: 6, Seed: 5})
	k := len(train.Classes())
	means := [2][][]float64{make([][]float64, k), make([][]float64, k)}
	for i := range train.Len() {
		s := mustSample(t, train, i)
		var f [2][]float64
		f[0], f[1] = features(s.Image)
		for kind := range f {
			if means[kind][s.Label] == nil {
				means[kind][s.Label] = make([]float64, len(f[kind]))
			}
			for j, v := range f[kind] {
				means[kind][s.Label][j] += v / 30
			}
		}
	}
	var right [2]float64
	for i := range test.Len() {
		s := mustSample(t, test, i)
		picture, colours := features(s.Image)
		for kind, x := range [][]float64{picture, colours} {
			if nearest(means[kind], x) == s.Label {
				right[kind] += 1 / float64(test.Len())
			}
		}
	}
	t.Logf("nearest mean picture %.3f, nearest mean colours %.3f; chance %.3f", right[0], right[1], 1/float64(k))
	for kind, name := range []string{"picture", "colours"} {
		if right[kind] > 0.40 || right[kind] < 2/float64(k) {
			t.Errorf("nearest mean %s: %.3f of the test images are right, want between twice the chance and 0.40", name, right[kind])
		}
	}
}

// Markings do not rest on hue alone: they stand out from the coat after any
// colour jitter of the recipes.
func TestDrawnSurvivesJitter(t *testing.T) {
	jitter := transforms.ColorJitter{Brightness: [2]float64{0.6, 1.4}, Saturation: [2]float64{0.6, 1.4}, HueScale: [2]float64{0.6, 1.4}}
	r := rand.New(rand.NewPCG(1, 1))
	for i := range breeds {
		b := &breeds[i]
		img := transforms.NewRGB(1, 2)
		for c := range 3 {
			img.Pix[c], img.Pix[3+c] = uint8(b.coat[c]*255), uint8(b.second[c]*255)
		}
		if b.coat == b.second {
			continue
		}
		for range 50 {
			out := jitter.Apply(img, r)
			d := 0
			for c := range 3 {
				d += max(int(out.Pix[c]), int(out.Pix[3+c])) - min(int(out.Pix[c]), int(out.Pix[3+c]))
			}
			if b.marking != plain && d < 24 {
				t.Errorf("%s: markings and coat are %d levels apart after jitter", b.name, d)
				break
			}
		}
	}
}

func BenchmarkDrawn(b *testing.B) {
	train, _ := mustDraw(b, Drawn{Size: 64})
	for i := 0; b.Loop(); i++ {
		mustSample(b, train, i%train.Len())
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}
