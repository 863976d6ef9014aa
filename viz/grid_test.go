package viz

import (
	"errors"
	"image"
	"image/color"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tones are colours that differ from each other, of the paper and of text.
func tones(n int) []color.NRGBA {
	c := make([]color.NRGBA, n)
	for i := range c {
		c[i] = color.NRGBA{uint8(40 + 50*(i%4)), uint8(40 + 50*(i/4%4)), uint8(200 - 50*(i/16%4)), 255}
	}
	return c
}

// tile is the middle of tile i of a grid with a title and a subtitle.
func tile(img image.Image, i, columns, lines int) color.NRGBA {
	const side = 168
	title, plain, caption := newWriter(nil, 24, true), newWriter(nil, 15, false), newWriter(nil, 13, false)
	top := gridMargin + title.height + 4 + plain.height + 4 + gridGap
	row := side + 4 + lines*caption.height + gridGap
	return at(img, gridMargin+i%columns*(side+gridGap)+side/2, top+i/columns*row+side/2)
}

func TestShowBatch(t *testing.T) {
	const n = 11
	before, after := tones(2 * n)[:n], tones(2 * n)[n:]
	b := Batch{Classes: longNames(n), Title: strings.Repeat("resnet50d-oxford-iiit-pet-", 20)}
	for i := range n {
		b.Before = append(b.Before, plain(before[i], 200+i, 300-i))
		b.After = append(b.After, plain(after[i], 64, 64))
	}
	dir := filepath.Join(t.TempDir(), "run", "figures")
	for range 2 { // over what is there too
		first, second, err := ShowBatch(dir, b)
		if err != nil {
			t.Fatal(err)
		}
		if first != filepath.Join(dir, "show_batch_before.png") || second != filepath.Join(dir, "show_batch_after.png") {
			t.Fatalf("paths %s and %s", first, second)
		}
		for path, want := range map[string][]color.NRGBA{first: before, second: after} {
			img := open(t, path)
			clearMargin(t, img)
			for i, c := range want {
				if got := tile(img, i, 5, 1); got != c {
					t.Errorf("%s: image %d is %v, want %v", filepath.Base(path), i, got, c)
				}
			}
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("the folder holds %v", entries)
	}
}

func TestShowBatchCaptions(t *testing.T) {
	captioned := func(class string) image.Image {
		b := Batch{Before: []image.Image{plain(blue, 9, 9)}, After: []image.Image{plain(blue, 9, 9)}, Classes: []string{class}}
		path, _, err := ShowBatch(t.TempDir(), b)
		if err != nil {
			t.Fatal(err)
		}
		return open(t, path)
	}
	none, some := captioned(""), captioned("american_pit_bull_terrier")
	b := none.Bounds()
	if b != some.Bounds() {
		t.Fatalf("sizes %v and %v", b, some.Bounds())
	}
	caption := image.Rect(0, b.Max.Y-gridMargin-20, b.Max.X, b.Max.Y)
	if n, m := len(pixels(none, caption, ink)), len(pixels(some, caption, ink)); n != 0 || m < 50 {
		t.Errorf("%d dark pixels below an image without a class, %d with one", n, m)
	}
}

func TestShowBatchShowsTheFirst(t *testing.T) {
	var b Batch
	for range MaxShown + 20 {
		b.Before, b.After, b.Classes = append(b.Before, plain(blue, 4, 4)), append(b.After, plain(blue, 4, 4)), append(b.Classes, "pug")
	}
	path, _, err := ShowBatch(t.TempDir(), b)
	if err != nil {
		t.Fatal(err)
	}
	want := Grid(make([]Tile, MaxShown), GridOptions{Title: "t", Subtitle: "s"}).Bounds()
	if got := open(t, path).Bounds(); got != want {
		t.Errorf("a picture of %v, want %v", got, want)
	}
}

func TestShowBatchRefuses(t *testing.T) {
	dir := t.TempDir()
	one, class := []image.Image{plain(blue, 4, 4)}, []string{"pug"}
	_, _, err := ShowBatch(dir, Batch{})
	refused(t, err, ErrEmpty, dir, "without images")
	_, _, err = ShowBatch(dir, Batch{Before: one, Classes: class})
	refused(t, err, ErrMismatch, "1 images before augmentation, 0 after, 1 classes")
	_, _, err = ShowBatch(dir, Batch{Before: one, After: one})
	refused(t, err, ErrMismatch, "0 classes")
	_, _, err = ShowBatch(dir, Batch{Before: one, After: []image.Image{nil}, Classes: class})
	refused(t, err, ErrEmpty, "image 0 after augmentation has no pixels")
	_, _, err = ShowBatch(dir, Batch{Before: []image.Image{image.NewGray(image.Rectangle{})}, After: one, Classes: class})
	refused(t, err, ErrEmpty, "image 0 before augmentation has no pixels")
	_, _, err = ShowBatch(dir, Batch{Before: one, After: one, Classes: class, AfterClasses: []string{"pug", "cat"}})
	refused(t, err, ErrMismatch, "1 images after augmentation, 2 classes")
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("errors left %v", entries)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err = ShowBatch(file, Batch{Before: one, After: one, Classes: class})
	var at *fs.PathError
	if !errors.As(err, &at) || !strings.Contains(err.Error(), file) {
		t.Errorf("a folder that is a file: %v", err)
	}
}

func TestGridKeepsRatioAndPixels(t *testing.T) {
	wide := Grid([]Tile{{Image: plain(orange, 80, 40)}}, GridOptions{Side: 160})
	if got, want := len(pixels(wide, wide.Rect, orange)), 160*80; got != want {
		t.Errorf("an image of 80×40 takes %d pixels, want %d", got, want)
	}
	small := image.NewRGBA(image.Rect(0, 0, 2, 1))
	small.Set(0, 0, blue)
	small.Set(1, 0, orange)
	big := Grid([]Tile{{Image: small}}, GridOptions{Side: 101})
	for _, c := range []color.NRGBA{blue, orange} {
		if got := len(pixels(big, big.Rect, c)); got != 50*50 {
			t.Errorf("a pixel becomes %d pixels, want 50×50", got)
		}
	}
	clear := Grid([]Tile{{Image: image.NewNRGBA(image.Rect(0, 0, 9, 9))}, {}}, GridOptions{})
	if n := len(pixels(clear, clear.Rect, color.NRGBA{0, 0, 0, 255})); n > 0 {
		t.Errorf("what is transparent is black")
	}
	if g := Grid(nil, GridOptions{}); g.Rect.Empty() {
		t.Errorf("a grid without tiles has no pixels")
	}
}

func TestPredictions(t *testing.T) {
	right := Prediction{Image: plain(blue, 60, 60), Class: "american_pit_bull_terrier", Probability: 0.987, Truth: "american_pit_bull_terrier"}
	wrong, unknown := right, right
	wrong.Truth, unknown.Truth = "staffordshire_bull_terrier", ""
	img := drawn(t, func(path string) error { return Predictions(path, "Samples", []Prediction{right, wrong, unknown}) })
	third := (img.Bounds().Dx() - gridMargin) / 3
	for i, want := range []color.NRGBA{{0, 120, 87, 255}, orange, ink} {
		caption := image.Rect(gridMargin+i*third, 250, (i+1)*third, img.Bounds().Dy())
		for j, c := range []color.NRGBA{{0, 120, 87, 255}, orange, ink} {
			if n := len(pixels(img, caption, c)); (n > 20) != (c == want) {
				t.Errorf("caption %d has %d pixels of colour %d", i, n, j)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "samples.png")
	refused(t, Predictions(path, "", nil), ErrEmpty, "samples.png", "no predictions")
	refused(t, Predictions(path, "", []Prediction{right, {Class: "pug"}}), ErrEmpty, "image 1 has no pixels")
}

func TestWritePNG(t *testing.T) {
	dir := t.TempDir()
	refused(t, WritePNG(filepath.Join(dir, "a.png"), nil), ErrEmpty, "a.png")
	if err := os.Mkdir(filepath.Join(dir, "b.png"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := WritePNG(filepath.Join(dir, "b.png"), plain(blue, 2, 2)); err == nil || !strings.Contains(err.Error(), "b.png") {
		t.Errorf("over a folder: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("errors left %v", entries)
	}
}

func TestFit(t *testing.T) {
	w := newWriter(nil, 13, false)
	defer w.Close()
	for _, s := range []string{"", "pug", "american_pit_bull_terrier", strings.Repeat("länge ", 40)} {
		for _, width := range []int{0, 20, 100, 400} {
			got := w.fit(s, width)
			if w.width(got) > width {
				t.Errorf("%q in %d pixels: %q of %d", s, width, got, w.width(got))
			}
			if w.width(s) <= width && got != s {
				t.Errorf("%q fits into %d pixels, becomes %q", s, width, got)
			}
			if w.width(s) > width && width >= 100 && !(strings.HasPrefix(got, s[:3]) && strings.Contains(got, "…")) {
				t.Errorf("%q is cut to %q", s, got)
			}
		}
	}
}
