package viz

import (
	"crypto/sha256"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/run"
)

// simulated is a run that learns, with noise.
func simulated(name string, seed uint64, epochs, steps int) Run {
	r := rand.New(rand.NewPCG(seed, 1))
	drawn := Run{Name: name, Chance: 1.0 / 37}
	for e := 1; e <= epochs; e++ {
		for s := 1; s <= steps; s++ {
			step := (e-1)*steps + s
			t := float64(step) / float64(epochs*steps)
			accuracy := 0.9 * (1 - math.Exp(-3*t))
			drawn.Train = append(drawn.Train, run.Point{
				Epoch: e, Step: step,
				Loss:             0.6 + 3*math.Exp(-3*t) + 0.05*r.NormFloat64(),
				Accuracy:         max(0, min(1, accuracy+0.04*r.NormFloat64())),
				BalancedAccuracy: max(0, min(1, accuracy+0.05*r.NormFloat64())),
				LR:               0.025 * min(1, 10*t) * (1 - 0.9*t),
			})
		}
		t := float64(e) / float64(epochs)
		drawn.Test = append(drawn.Test, run.Point{
			Epoch: e, Step: e * steps,
			Loss: 0.9 + 2.6*math.Exp(-3*t), Accuracy: 0.75 * (1 - math.Exp(-3*t)), BalancedAccuracy: 0.7 * (1 - math.Exp(-3*t)),
		})
	}
	return drawn
}

// open reads a picture back.
func open(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return img
}

// drawn is the picture that a function writes, checked for a clear margin, equal
// bytes when written again over the first, and nothing left beside it.
func drawn(t *testing.T, write func(path string) error) image.Image {
	t.Helper()
	path := filepath.Join(t.TempDir(), "figures", "picture.png")
	var sums [2][sha256.Size]byte
	for i := range sums {
		if err := write(path); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = sha256.Sum256(data)
	}
	if sums[0] != sums[1] {
		t.Errorf("two pictures of the same values differ in bytes")
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("files left beside the picture: %v", entries)
	}
	img := open(t, path)
	clearMargin(t, img)
	return img
}

// clearMargin fails where anything is drawn near the edge: it would be cut text.
func clearMargin(t *testing.T, img image.Image) {
	t.Helper()
	const margin = 16
	b := img.Bounds()
	inside := b.Inset(margin)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if x == inside.Min.X && y >= inside.Min.Y && y < inside.Max.Y {
				x = inside.Max.X
			}
			if at(img, x, y) != paper {
				t.Fatalf("pixel (%d, %d) of a picture of %v is %v; want a margin of %d", x, y, b.Max, at(img, x, y), margin)
			}
		}
	}
}

func at(img image.Image, x, y int) color.NRGBA {
	if rgba, ok := img.(*image.RGBA); ok { // opaque, as all pictures are
		i := rgba.PixOffset(x, y)
		return color.NRGBA{rgba.Pix[i], rgba.Pix[i+1], rgba.Pix[i+2], 255}
	}
	return color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
}

// pixels are the places in r that have nearly the colour c.
func pixels(img image.Image, r image.Rectangle, c color.NRGBA) (places []image.Point) {
	r = r.Intersect(img.Bounds())
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			p := at(img, x, y)
			if near(p.R, c.R) && near(p.G, c.G) && near(p.B, c.B) {
				places = append(places, image.Pt(x, y))
			}
		}
	}
	return places
}

func near(a, b uint8) bool { return max(a, b)-min(a, b) <= 12 }

// middle is the centre of places.
func middle(places []image.Point) (x, y float64) {
	for _, p := range places {
		x, y = x+float64(p.X), y+float64(p.Y)
	}
	return x / float64(len(places)), y / float64(len(places))
}

// panelArea is where panel i of a figure has its curves, with its numbers but
// without its title and key. extra is what the figure has above its panels.
func panelArea(i, extra int) image.Rectangle {
	const head = 70 // title and key
	top := newFigure("", "", 4, 0).y + extra + i/panelColumns*(panelHeight+panelGap)
	width := (figureWidth - 2*figureMargin - panelGap) / panelColumns
	left := figureMargin + i%panelColumns*(width+panelGap)
	return image.Rect(left, top+head-20, left+width, top+panelHeight)
}

// third is the i-th vertical third of r.
func third(r image.Rectangle, i int) image.Rectangle {
	w := r.Dx() / 3
	return image.Rect(r.Min.X+i*w, r.Min.Y, r.Min.X+(i+1)*w, r.Max.Y)
}

// refused fails unless err wraps want and says each of the words.
func refused(t *testing.T, err, want error, words ...string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want one that wraps %q", err, want)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

// longNames are 37 classes with names as long as those of pets.
func longNames(n int) []string {
	known := []string{"Abyssinian", "american_pit_bull_terrier", "staffordshire_bull_terrier", "english_cocker_spaniel", "pug"}
	names := make([]string, n)
	for i := range names {
		names[i] = known[i%len(known)]
	}
	return names
}

// plain is an image of one colour.
func plain(c color.Color, w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	fill(img, img.Rect, c)
	return img
}
