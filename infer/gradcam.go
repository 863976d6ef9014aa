package infer

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math"

	"github.com/euryale-ml/euryale/trainer"
	"github.com/euryale-ml/euryale/transforms"
)

// CAM is a class activation map: how much each part of an image contributed to a class
// (Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based
// localization", ICCV 2017).
type CAM struct {
	Class         string
	Index         int
	Probability   float64
	Width, Height int         // of the map: those of the network's last feature maps
	Map           []float64   // row after row, from 0 to 1; all 0 if nothing contributed to the class
	Image         image.Image // the network's input, before normalisation
}

// GradCAM explains the classification of an image: for the class with the index class, or
// for the most probable one if class is -1. It is queued with the calls of Classify. When
// ctx ends, it returns the cause at once.
func (c *Classifier) GradCAM(ctx context.Context, img image.Image, class int) (CAM, error) {
	if err := c.isOpen(); err != nil {
		return CAM{}, err
	}
	if class < -1 || class >= len(c.classes) {
		return CAM{}, fmt.Errorf("infer: there is no class %d of %d", class, len(c.classes))
	}
	done := make(chan outcome, 1)
	defer c.drop(done)
	jobs, err := c.prepareJobs(ctx, []image.Image{img}, 0, done)
	if err != nil {
		return CAM{}, err
	}
	var cam CAM
	input := jobs[0].pixels
	jobs[0] = job{done: done, alone: func() (err error) {
		cam, err = c.activation(input, class)
		return err
	}}
	if err := c.put(c.batch, c.serve, jobs...); err != nil {
		return CAM{}, err
	}
	select {
	case <-ctx.Done():
		return CAM{}, context.Cause(ctx)
	case o := <-done:
		if o.err != nil {
			return CAM{}, o.err
		}
	}
	cam.Image = c.pipeline.Steps.Apply(transforms.FromImage(img), nil)
	return cam, nil
}

// activation computes the map of a network's input.
func (c *Classifier) activation(input []float32, class int) (CAM, error) {
	f, err := c.session.Features(input, class)
	if err != nil {
		return CAM{}, err
	}
	return CAM{
		Class: c.classes[f.Class], Index: f.Class, Probability: probability(f.Logits, f.Class),
		Width: f.Width, Height: f.Height, Map: activationMap(f),
	}, nil
}

// probability is the softmax of logits at a class.
func probability(logits []float64, class int) float64 {
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(v - logits[class])
	}
	return 1 / sum
}

// activationMap is the sum of the feature maps, each times the mean of its gradient;
// negative values become 0, and the rest is divided by the greatest value.
func activationMap(f trainer.FeatureMaps) []float64 {
	size := f.Height * f.Width
	m := make([]float64, size)
	for k := range f.Channels {
		weight := 0.0
		for _, g := range f.Gradient[k*size : (k+1)*size] {
			weight += g / float64(size)
		}
		for i, v := range f.Values[k*size : (k+1)*size] {
			m[i] += weight * v
		}
	}
	top := 0.0
	for i, v := range m {
		m[i] = max(0, v)
		top = max(top, m[i])
	}
	if top > 0 && !math.IsInf(top, 1) {
		for i := range m {
			m[i] /= top
		}
	}
	return m
}

// At returns the map's value at a position in the image, 0 to 1 in both directions,
// interpolated linearly.
func (c CAM) At(x, y float64) float64 {
	axis := func(at float64, n int) (i, j int, t float64) {
		at = min(max(at*float64(n)-0.5, 0), float64(n-1))
		i = int(at)
		return i, min(i+1, n-1), at - float64(i)
	}
	x0, x1, tx := axis(x, c.Width)
	y0, y1, ty := axis(y, c.Height)
	row := func(y int) float64 { return c.Map[y*c.Width+x0]*(1-tx) + c.Map[y*c.Width+x1]*tx }
	return row(y0)*(1-ty) + row(y1)*ty
}

// Overlay returns the image, at least 320 pixels wide, with the map drawn over it: from
// blue (no contribution to the class) over green and yellow to red (the greatest).
func (c CAM) Overlay() *image.RGBA {
	b := c.Image.Bounds()
	scale := max(1, (320+b.Dx()-1)/b.Dx())
	out := image.NewRGBA(image.Rect(0, 0, b.Dx()*scale, b.Dy()*scale))
	w, h := out.Bounds().Dx(), out.Bounds().Dy()
	for y := range h {
		for x := range w {
			v := c.At((float64(x)+0.5)/float64(w), (float64(y)+0.5)/float64(h))
			r, g, bl, _ := c.Image.At(b.Min.X+x/scale, b.Min.Y+y/scale).RGBA()
			heat := heatColour(v)
			const share = 0.45
			mix := func(seen uint32, heat uint8) uint8 { return uint8((1-share)*float64(seen>>8) + share*float64(heat)) }
			out.SetRGBA(x, y, color.RGBA{mix(r, heat.R), mix(g, heat.G), mix(bl, heat.B), 255})
		}
	}
	return out
}

// heatColour maps 0 to 1 to blue, green, yellow, red.
func heatColour(v float64) color.RGBA {
	stops := []color.RGBA{{20, 30, 140, 255}, {20, 150, 190, 255}, {60, 190, 80, 255}, {250, 220, 40, 255}, {215, 35, 30, 255}}
	at := min(max(v, 0), 1) * float64(len(stops)-1)
	i := min(int(at), len(stops)-2)
	t := at - float64(i)
	mix := func(a, b uint8) uint8 { return uint8(float64(a)*(1-t) + float64(b)*t) }
	a, b := stops[i], stops[i+1]
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}
