package transforms

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// One generator, one image; and the image that came in stays as it was.
func TestRandomTransformsArePure(t *testing.T) {
	img := golden(t).Inputs[0].image(t)
	before := img.Clone()
	a := DefaultAugment()
	a.Contrast, a.HueShift = [2]float64{0.5, 2}, [2]float64{-0.1, 0.1}
	train := Train(24, a, TaskNormalize())
	different := 0
	for seed := range uint64(40) {
		one, err := train.Image(img, seeded(seed))
		if err != nil {
			t.Fatal(err)
		}
		again, _ := train.Image(img, seeded(seed))
		if !bytes.Equal(one.Pix, again.Pix) {
			t.Fatalf("seed %d gives two images", seed)
		}
		other, _ := train.Image(img, seeded(seed+1000))
		if !bytes.Equal(one.Pix, other.Pix) {
			different++
		}
	}
	if different != 40 {
		t.Errorf("%d of 40 pairs of seeds give different images", different)
	}
	if !bytes.Equal(before.Pix, img.Pix) {
		t.Error("the pipeline changed its input")
	}
}

// Factors are uniform in their ranges and all orders are equally likely.
func TestColorJitterDistribution(t *testing.T) {
	const n = 12_000
	orders := map[string]int{}
	sums, squares := map[string]float64{}, map[string]float64{}
	jitter := ColorJitter{Brightness: [2]float64{0.6, 1.4}, Saturation: [2]float64{0.6, 1.4}, HueScale: [2]float64{0.6, 1.4}}
	for seed := range uint64(n) {
		order := ""
		jitter.each(seeded(seed), func(a adjustment, amount float64) {
			order += a.name[:1]
			sums[a.name] += amount
			squares[a.name] += amount * amount
			if amount < 0.6 || amount >= 1.4 {
				t.Fatalf("%s by %g", a.name, amount)
			}
		})
		orders[order]++
	}
	if len(orders) != 6 {
		t.Errorf("orders %v, want all 6", orders)
	}
	for order, count := range orders {
		if math.Abs(float64(count)-n/6) > 5*math.Sqrt(n/6) {
			t.Errorf("order %s came %d times of %d, want about a sixth", order, count, n)
		}
	}
	for name, sum := range sums {
		mean := sum / n
		deviation := math.Sqrt(squares[name]/n - mean*mean)
		if math.Abs(mean-1) > 0.01 || math.Abs(deviation-0.8/math.Sqrt(12)) > 0.01 {
			t.Errorf("%s: mean %.4f, deviation %.4f; want 1 and 0.231", name, mean, deviation)
		}
	}
}

func TestColorJitterOff(t *testing.T) {
	img := golden(t).Inputs[0].image(t)
	if out := (ColorJitter{Contrast: [2]float64{1, 1}}).Apply(img, nil); out != img {
		t.Error("a jitter whose ranges are off made a new image")
	}
}

func TestFlipProbability(t *testing.T) {
	img := &RGB{W: 2, H: 1, Pix: []uint8{1, 2, 3, 4, 5, 6}}
	flipped := 0
	for seed := range uint64(10_000) {
		if (RandomHorizontalFlip{P: 0.3}).Apply(img, seeded(seed)).Pix[0] == 4 {
			flipped++
		}
	}
	if flipped < 2800 || flipped > 3200 {
		t.Errorf("flipped %d of 10000, want about 3000", flipped)
	}
}

// Area and ratio of the rectangles follow their ranges.
func TestCropDistribution(t *testing.T) {
	crop := RandomResizedCrop{Size: 1, Scale: [2]float64{0.08, 1}, Ratio: [2]float64{0.75, 4. / 3}}
	r := seeded(3)
	area, logRatio := 0.0, 0.0
	const n, side = 20_000, 400
	for range n {
		b := crop.Box(side, side, r)
		if b.X < 0 || b.Y < 0 || b.W < 1 || b.H < 1 || b.X+b.W > side || b.Y+b.H > side {
			t.Fatalf("rectangle %v leaves the image", b)
		}
		area += float64(b.W*b.H) / side / side
		logRatio += math.Log(float64(b.W) / float64(b.H))
	}
	// Large rectangles of an extreme ratio do not fit and are drawn again, so
	// that the mean is a little below (0.08 + 1)/2.
	if mean := area / n; mean < 0.46 || mean > 0.50 {
		t.Errorf("mean area %.3f of the image", mean)
	}
	if mean := logRatio / n; math.Abs(mean) > 0.01 {
		t.Errorf("mean log ratio %.4f, want 0", mean)
	}
}

func TestValidate(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		t    interface{ Validate() error }
		says string
	}{
		{Resize{0}, "Resize.Size = 0"},
		{CenterCrop{-1}, "CenterCrop.Size = -1"},
		{RandomResizedCrop{Size: 0, Scale: [2]float64{0.1, 1}, Ratio: [2]float64{1, 1}}, "RandomResizedCrop.Size = 0"},
		{RandomResizedCrop{Size: 8, Scale: [2]float64{0, 1}, Ratio: [2]float64{1, 1}}, "Scale = [0 1]"},
		{RandomResizedCrop{Size: 8, Scale: [2]float64{0.5, 1}, Ratio: [2]float64{2, 1}}, "Ratio = [2 1]"},
		{RandomHorizontalFlip{P: nan}, "P = NaN"},
		{RandomHorizontalFlip{P: 1.5}, "P = 1.5, want 0 to 1"},
		{ColorJitter{Brightness: [2]float64{-1, 1}}, "Brightness = [-1 1]"},
		{ColorJitter{HueScale: [2]float64{1.4, 0.6}}, "HueScale = [1.4 0.6]"},
		{ColorJitter{HueShift: [2]float64{-0.6, 0}}, "HueShift = [-0.6 0]"},
		{Normalize{}, "Std[0] = 0"},
		{Compose{Resize{8}, CenterCrop{0}}, "step 1: transforms: CenterCrop.Size = 0"},
		{Compose{nil}, "step 0 is nil"},
		{Pipeline{Steps: Compose{}, W: 0, H: 3}, "Pipeline.W, H = 0, 3"},
		{Augment{CropScale: [2]float64{0.08, 2}, CropRatio: [2]float64{1, 1}}, "Scale = [0.08 2]"},
	} {
		if err := c.t.Validate(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want %q", c.t, err, c.says)
		}
	}
	for _, good := range []interface{ Validate() error }{
		DefaultAugment(), TaskNormalize(), Train(224, DefaultAugment(), TaskNormalize()), Test(256, 224, TaskNormalize()),
	} {
		if err := good.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestPipelines(t *testing.T) {
	img := NewRGB(50, 70)
	for i := range img.Pix {
		img.Pix[i] = uint8(i)
	}
	test := Test(36, 32, TaskNormalize())
	if w, h := test.Steps.OutputSize(); w != 32 || h != 32 {
		t.Errorf("test images of %d×%d pixels, want 32×32", w, h)
	}
	if w, h := Train(24, DefaultAugment(), TaskNormalize()).Steps.OutputSize(); w != 24 || h != 24 {
		t.Errorf("training images of %d×%d pixels, want 24×24", w, h)
	}
	if w, _ := (Compose{CenterCrop{8}, Resize{9}}).OutputSize(); w != 0 {
		t.Errorf("Resize last: size %d told, want 0: it depends on the image", w)
	}
	dst := make([]float32, test.Len())
	if err := test.Tensor(dst, img, nil); err != nil {
		t.Fatal(err)
	}
	step := CenterCrop{32}.Apply(Resize{36}.Apply(img, nil), nil)
	if want := (float32(step.Pix[1])/255 - 0.456) / 0.224; dst[32*32] != want {
		t.Errorf("first green value %g, want %g", dst[32*32], want)
	}
	test.W = 33
	if err := test.Tensor(dst, img, nil); !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), "made 32×32, want 33×32") {
		t.Errorf("a pipeline of the wrong size: %v", err)
	}
	if err := test.Tensor(dst, nil, nil); !errors.Is(err, ErrShape) {
		t.Errorf("no image: %v", err)
	}
}
