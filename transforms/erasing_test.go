package transforms

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestErasingStatistics draws rectangles and compares their number, area, ratio and place
// with what torchvision's rule says.
func TestErasingStatistics(t *testing.T) {
	const n, w, h = 20000, 200, 100
	e := DefaultErasing(0.25)
	r := rand.New(rand.NewPCG(1, 2))
	planes := make([]float32, 3*w*h)
	erased := 0
	var area, x, y float64
	var logs []float64
	for range n {
		b := e.Erase(planes, w, h, r)
		if b.W == 0 {
			continue
		}
		erased++
		share := float64(b.W*b.H) / (w * h)
		ratio := float64(b.H) / float64(b.W)
		if share < 0.018 || share > 0.335 || ratio < 0.27 || ratio > 3.7 || b.X < 0 || b.Y < 0 || b.X+b.W > w || b.Y+b.H > h || b.W >= w || b.H >= h {
			t.Fatalf("%+v of %d×%d", b, w, h)
		}
		area += share
		x, y = x+float64(b.X)/float64(w-b.W), y+float64(b.Y)/float64(h-b.H)
		if share < 0.06 { // where every ratio fits
			logs = append(logs, math.Log(ratio))
		}
	}
	if p := float64(erased) / n; math.Abs(p-0.25) > 0.012 {
		t.Errorf("%v of the images were changed, want 0.25", p)
	}
	f := float64(erased)
	if math.Abs(x/f-0.5) > 0.02 || math.Abs(y/f-0.5) > 0.02 {
		t.Errorf("the rectangles lie at %v, %v of what is free, want 0.5", x/f, y/f)
	}
	if m := area / f; m < 0.155 || m > 0.18 { // 0.175, less since tall ones do not fit
		t.Errorf("mean area %v", m)
	}
	low, high := math.Log(0.3), math.Log(3.3)
	below, mean := 0, 0.0
	for _, l := range logs {
		mean += l / float64(len(logs))
		if l < (low+high)/2 {
			below++
		}
	}
	if want := (low + high) / 2; math.Abs(mean-want) > 0.06 || math.Abs(float64(below)/float64(len(logs))-0.5) > 0.05 {
		t.Errorf("log ratio has mean %v, %d of %d below the middle; want %v and a half", mean, below, len(logs), want)
	}
}

// TestErasingAsTorchvision compares means over many rectangles with torchvision's.
func TestErasingAsTorchvision(t *testing.T) {
	var cases []struct {
		W, H                                   int
		Missed, Area, Height, Width, Top, Left float64
	}
	readJSON(t, "erasing.json", &cases)
	if len(cases) != 3 {
		t.Fatalf("%d cases", len(cases))
	}
	const n = 30000
	for _, c := range cases {
		r := rand.New(rand.NewPCG(5, uint64(c.W)))
		var sum [5]float64
		drawn := 0.0
		for range n {
			b := DefaultErasing(1).Box(c.W, c.H, r)
			if b == (Box{}) {
				continue
			}
			drawn++
			w, h := float64(c.W), float64(c.H)
			for i, v := range []float64{float64(b.W*b.H) / (w * h), float64(b.H) / h, float64(b.W) / w, float64(b.Y) / h, float64(b.X) / w} {
				sum[i] += v
			}
		}
		for i, want := range []float64{c.Area, c.Height, c.Width, c.Top, c.Left} {
			if got := sum[i] / drawn; math.Abs(got-want) > 0.007 { // four standard deviations of both
				t.Errorf("%d×%d: mean %d is %v, want %v", c.W, c.H, i, got, want)
			}
		}
		if missed := 1 - drawn/n; math.Abs(missed-c.Missed) > 0.001 {
			t.Errorf("%d×%d: %v without a rectangle, want %v", c.W, c.H, missed, c.Missed)
		}
	}
}

// TestErase looks at every pixel.
func TestErase(t *testing.T) {
	const w, h = 9, 7
	e := DefaultErasing(1)
	e.Value = -2
	for seed := range uint64(50) {
		planes := make([]float32, 3*w*h)
		for i := range planes {
			planes[i] = float32(i)
		}
		b := e.Erase(planes, w, h, rand.New(rand.NewPCG(seed, 0)))
		for i, v := range planes {
			x, y := i%w, i/w%h
			want := float32(i)
			if x >= b.X && x < b.X+b.W && y >= b.Y && y < b.Y+b.H {
				want = -2
			}
			if v != want {
				t.Fatalf("seed %d, %+v: value %d is %v, want %v", seed, b, i, v, want)
			}
		}
	}
	// Nothing fits: the image stays, as torchvision's.
	if b := (RandomErasing{P: 1, Scale: [2]float64{1, 1}, Ratio: [2]float64{1, 1}}).Erase(make([]float32, 12), 2, 2, rand.New(rand.NewPCG(1, 1))); b != (Box{}) {
		t.Errorf("%+v", b)
	}
	if b := (RandomErasing{}).Erase(nil, 2, 2, nil); b != (Box{}) {
		t.Errorf("the zero value erases %+v", b)
	}
}

func TestErasingValidate(t *testing.T) {
	for says, e := range map[string]RandomErasing{
		"P = 1.5":       {P: 1.5},
		"P = NaN":       {P: math.NaN()},
		"Scale = [2 3]": {P: 1, Scale: [2]float64{2, 3}, Ratio: [2]float64{1, 1}},
		"Ratio = [0 1]": {P: 1, Scale: [2]float64{0, 1}, Ratio: [2]float64{0, 1}},
	} {
		if err := e.Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %q", e, err, says)
		}
	}
	if err := DefaultErasing(0.5).Validate(); err != nil {
		t.Error(err)
	}
	if err := (RandomErasing{}).Validate(); err != nil {
		t.Error(err)
	}
}

// TestNormalizeImage goes to float32 and back.
func TestNormalizeImage(t *testing.T) {
	img := NewRGB(16, 16)
	for i := range img.Pix {
		img.Pix[i] = uint8(i % 256)
	}
	n := TaskNormalize()
	planes := make([]float32, 3*16*16)
	n.Tensor(planes, img)
	got := n.Image(planes, 16, 16)
	for i, v := range got.Pix {
		if v != img.Pix[i] {
			t.Fatalf("value %d is %d, was %d", i, v, img.Pix[i])
		}
	}
	planes[0], planes[1], planes[2] = 100, -100, float32(math.NaN())
	if got := n.Image(planes, 16, 16); got.Pix[0] != 255 || got.Pix[3] != 0 || got.Pix[6] != 0 {
		t.Errorf("%v", got.Pix[:9])
	}
}
