package viz

import (
	"fmt"
	"image"
	"image/color"

	"github.com/euryale-ml/euryale/internal/inwords"
)

// Prediction is an image with the class that a model predicted.
type Prediction struct {
	Image       image.Image
	Class       string  // the predicted class
	Probability float64 // of Class, 0 to 1
	Truth       string  // the true class; empty: unknown
}

// Predictions writes to path, as PNG, a grid of images with the predicted class
// and its probability: green if it is the true class, orange with the true class below
// if it is not. At most MaxShown are drawn. No predictions or an image without pixels is
// an error.
func Predictions(path, title string, predictions []Prediction) error {
	if len(predictions) == 0 {
		return fmt.Errorf("viz: %s: %w: no predictions", path, ErrEmpty)
	}
	shown := predictions[:min(len(predictions), MaxShown)]
	tiles := make([]Tile, len(shown))
	known, right := 0, 0
	for i, p := range shown {
		if !hasPixels(p.Image) {
			return fmt.Errorf("viz: %s: %w: image %d has no pixels", path, ErrEmpty, i)
		}
		t := Tile{Image: p.Image, Caption: p.Class + "\n" + percent(p.Probability, 0.01)}
		switch {
		case p.Truth == "":
		case p.Truth == p.Class:
			known, right = known+1, right+1
			t.Colour = color.NRGBA{0, 120, 87, 255}
		default:
			known++
			t.Colour = orange
			t.Caption += "\nis " + p.Truth
		}
		tiles[i] = t
	}
	o := GridOptions{Title: title, Subtitle: inwords.CountGrouped(len(shown), "image")}
	if known > 0 {
		o.Subtitle = fmt.Sprintf("%d of %d right", right, known)
	}
	return WritePNG(path, Grid(tiles, o))
}
