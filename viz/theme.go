package viz

import (
	"image/color"
	"sync"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"

	stdfont "golang.org/x/image/font"
)

// Colours of all pictures. The series colours are those of Okabe and Ito, which
// people with red-green colour blindness can distinguish.
var (
	paper  = color.NRGBA{255, 255, 255, 255}
	ink    = color.NRGBA{33, 37, 41, 255}
	subtle = color.NRGBA{110, 117, 125, 255}
	rule   = color.NRGBA{226, 229, 233, 255}
	frame  = color.NRGBA{190, 196, 203, 255}

	blue   = color.NRGBA{0, 114, 178, 255}
	orange = color.NRGBA{213, 94, 0, 255}
	green  = color.NRGBA{0, 158, 115, 255}
	purple = color.NRGBA{148, 88, 160, 255}

	seriesColours = []color.NRGBA{
		blue, orange, green, {204, 121, 167, 255}, {230, 159, 0, 255}, {86, 180, 233, 255}, purple, {90, 90, 90, 255},
	}
)

// faded is c with the opacity a, 0 to 1.
func faded(c color.NRGBA, a float64) color.NRGBA {
	c.A = uint8(255 * a)
	return c
}

// typefaces are the Go fonts, which this module embeds: pictures look the same everywhere.
var typefaces = sync.OnceValue(func() map[bool]*opentype.Font {
	fonts := map[bool]*opentype.Font{}
	for bold, data := range map[bool][]byte{false: goregular.TTF, true: gobold.TTF} {
		f, err := opentype.Parse(data)
		if err != nil {
			panic(err) // the fonts are constants
		}
		fonts[bold] = f
	}
	return fonts
})

// plotText draws the text of plots in the Go fonts.
var plotText = sync.OnceValue(func() text.Handler {
	return text.Plain{Fonts: font.NewCache(font.Collection{
		{Font: font.Font{Typeface: "Go"}, Face: typefaces()[false]},
		{Font: font.Font{Typeface: "Go", Weight: stdfont.WeightBold}, Face: typefaces()[true]},
	})}
})

// plotFont is a font of plotText's.
func plotFont(points float64, bold bool) font.Font {
	f := font.Font{Typeface: "Go", Size: font.Length(points)}
	if bold {
		f.Weight = stdfont.WeightBold
	}
	return f
}
