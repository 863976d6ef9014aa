package transforms

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// packed is an image in testdata.
type packed struct {
	W, H int
	Pix  string
}

func (p packed) image(t testing.TB) *RGB {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(p.Pix)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	pix, err := io.ReadAll(z)
	if err != nil || len(pix) != 3*p.W*p.H {
		t.Fatalf("%d bytes of %d×%d pixels: %v", len(pix), p.W, p.H, err)
	}
	return &RGB{W: p.W, H: p.H, Pix: pix}
}

func readJSON(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

type goldenFile struct {
	Inputs []packed
	Cases  []struct {
		Input int
		Op    string
		Args  []float64
		Want  packed
	}
	Palettes []struct {
		Op     string
		Amount float64
		CRC    uint32
	}
	Boxes []struct {
		Seed         uint64
		W, H         int
		Scale, Ratio [2]float64
		Boxes        [][4]int
	}
	Normalized []float32
}

// golden are the values that internal/gen/golden/transforms.py wrote.
func golden(t testing.TB) *goldenFile {
	g := new(goldenFile)
	readJSON(t, "transforms.json", g)
	return g
}

// edits change a copy of an image.
func edited(img *RGB, f func(*RGB, float64), amount float64) *RGB {
	out := img.Clone()
	f(out, amount)
	return out
}

var edits = map[string]func(*RGB, float64){
	"brightness": brightness, "contrast": contrast, "saturation": saturation, "hue_scale": hueScale, "hue_shift": hueShift,
}

func apply(op string, img *RGB, a []float64) *RGB {
	switch op {
	case "resize":
		return Resize{int(a[0])}.Apply(img, nil)
	case "crop":
		return resizeBox(img, Box{int(a[0]), int(a[1]), int(a[2]), int(a[3])}, int(a[4]), int(a[4]))
	case "center":
		return CenterCrop{int(a[0])}.Apply(img, nil)
	case "flip":
		return RandomHorizontalFlip{P: 1}.Apply(img, rand.New(rand.NewPCG(1, 1)))
	}
	return edited(img, edits[op], a[0])
}

// difference is the greatest and the mean difference of two images' levels;
// 256 where the sizes differ.
func difference(a, b *RGB) (most int, mean float64) {
	if a.W != b.W || a.H != b.H {
		return 256, 256
	}
	sum := 0
	for i, v := range a.Pix[:3*a.W*a.H] {
		d := max(int(v), int(b.Pix[i])) - min(int(v), int(b.Pix[i]))
		most, sum = max(most, d), sum+d
	}
	return most, float64(sum) / float64(3*a.W*a.H)
}

func TestPillowsLevels(t *testing.T) {
	g := golden(t)
	for _, c := range g.Cases {
		input := g.Inputs[c.Input].image(t)
		before := input.Clone()
		got, want := apply(c.Op, input, c.Args), c.Want.image(t)
		if got.W != want.W || got.H != want.H {
			t.Errorf("%s %v: %d×%d pixels, Pillow's has %d×%d", c.Op, c.Args, got.W, got.H, want.W, want.H)
			continue
		}
		if most, mean := difference(got, want); most > 0 {
			t.Errorf("%s %v of input %d: up to %d levels from Pillow's, %.3f on average", c.Op, c.Args, c.Input, most, mean)
		}
		if !bytes.Equal(before.Pix, input.Pix) {
			t.Errorf("%s %v changed its input", c.Op, c.Args)
		}
	}
}

// Every fifth colour there is, compared by checksum.
func TestPillowsColours(t *testing.T) {
	const blues = 52
	all := NewRGB(256*blues, 256)
	for i, p := 0, all.Pix; len(p) > 0; i, p = i+1, p[3:] {
		p[0], p[1], p[2] = uint8(i/(256*blues)), uint8(i/blues), uint8(i%blues*5)
	}
	for _, c := range golden(t).Palettes {
		if crc := crc32.ChecksumIEEE(edited(all, edits[c.Op], c.Amount).Pix); crc != c.CRC {
			t.Errorf("%s by %g: checksum %08x, Pillow's is %08x", c.Op, c.Amount, crc, c.CRC)
		}
	}
}

func TestNormalizedLevels(t *testing.T) {
	ramp := NewRGB(256, 1)
	for i := range ramp.Pix {
		ramp.Pix[i] = uint8(i / 3)
	}
	got, want := make([]float32, 3*256), golden(t).Normalized
	TaskNormalize().Tensor(got, ramp)
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("channel %d level %d: %g, PyTorch has %g", i/256, i%256, got[i], want[i])
		}
	}
}

// splitMix is the generator that stands behind the golden rectangles.
type splitMix struct{ state uint64 }

func (s *splitMix) Uint64() uint64 {
	s.state += 0x9E3779B97F4A7C15
	z := s.state
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
	z = (z ^ (z >> 27)) * 0x94D049BB133111EB
	return z ^ (z >> 31)
}

func TestCropRectangles(t *testing.T) {
	for _, c := range golden(t).Boxes {
		r := rand.New(&splitMix{c.Seed})
		crop := RandomResizedCrop{Size: 8, Scale: c.Scale, Ratio: c.Ratio}
		for i, want := range c.Boxes {
			if got := crop.Box(c.W, c.H, r); got != (Box{want[0], want[1], want[2], want[3]}) {
				t.Fatalf("%d×%d scale %v ratio %v, rectangle %d: %v, torchvision's is %v", c.W, c.H, c.Scale, c.Ratio, i, got, want)
			}
		}
	}
}
