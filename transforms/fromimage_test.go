package transforms

import (
	"image"
	"image/color"
	"testing"
)

// drawable is an image that can be written to and cut.
type drawable interface {
	image.Image
	Set(x, y int, c color.Color)
	SubImage(image.Rectangle) image.Image
}

// Every kind of image, cut out of a larger one, gives the colours that were put
// into it.
func TestFromImageKinds(t *testing.T) {
	whole, cut := image.Rect(0, 0, 9, 8), image.Rect(2, 3, 7, 8)
	palette := color.Palette{color.Black, color.RGBA{200, 40, 90, 255}, color.NRGBA{10, 220, 30, 255}}
	colours := []color.Color{color.RGBA{200, 40, 90, 255}, color.RGBA{10, 220, 30, 255}, color.Black}
	for name, img := range map[string]drawable{
		"RGBA": image.NewRGBA(whole), "NRGBA": image.NewNRGBA(whole), "RGBA64": image.NewRGBA64(whole), "NRGBA64": image.NewNRGBA64(whole),
		"Gray": image.NewGray(whole), "Gray16": image.NewGray16(whole), "Paletted": image.NewPaletted(whole, palette), "CMYK": image.NewCMYK(whole),
	} {
		for y := range 8 {
			for x := range 9 {
				img.Set(x, y, colours[(x+2*y)%3])
			}
		}
		got := FromImage(img.SubImage(cut))
		if got.W != 5 || got.H != 5 {
			t.Fatalf("%s: %d×%d pixels, want 5×5", name, got.W, got.H)
		}
		for y := range 5 {
			for x := range 5 {
				r, g, b, _ := img.At(x+2, y+3).RGBA()
				p := got.row(y)[3*x:]
				for c, want := range []uint32{r >> 8, g >> 8, b >> 8} {
					if d := int(p[c]) - int(want); d < -1 || d > 1 {
						t.Fatalf("%s: pixel (%d, %d) channel %d is %d, want %d", name, x, y, c, p[c], want)
					}
				}
			}
		}
	}
}

// Alpha is dropped, not blended.
func TestFromImageAlpha(t *testing.T) {
	for name, img := range map[string]drawable{
		"NRGBA": image.NewNRGBA(image.Rect(0, 0, 1, 1)), "NRGBA64": image.NewNRGBA64(image.Rect(0, 0, 1, 1)),
		"RGBA": image.NewRGBA(image.Rect(0, 0, 1, 1)),
	} {
		img.Set(0, 0, color.NRGBA{200, 100, 50, 128})
		p := FromImage(img).Pix
		for c, want := range []int{200, 100, 50} {
			if d := int(p[c]) - want; d < -1 || d > 1 {
				t.Errorf("%s: %v, want 200, 100, 50", name, p)
				break
			}
		}
	}
}

func TestRGBIsAnImage(t *testing.T) {
	img := &RGB{W: 2, H: 1, Pix: []uint8{1, 2, 3, 4, 5, 6}}
	if FromImage(img) != img {
		t.Error("an *RGB is copied")
	}
	if c := img.At(1, 0); c != (color.RGBA{4, 5, 6, 255}) {
		t.Errorf("At(1, 0) = %v", c)
	}
	if c := img.At(2, 0); c != (color.RGBA{}) {
		t.Errorf("At outside = %v", c)
	}
}
