package dataset

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/euryale-ml/euryale/internal/philox"
	"github.com/euryale-ml/euryale/transforms"
)

// MaxDrawnClasses is the number of animals that Drawn knows.
const MaxDrawnClasses = 37

// Defaults of Drawn's fields.
const (
	defaultDrawnImages = 100
	defaultDrawnSize   = 64
)

// Drawn is a set of procedurally drawn animals that needs no files: an image is
// drawn when it is loaded. Classes differ in the animal's build (body, legs,
// neck, ears, tail, horns), its colours and its markings; place, size, turn,
// pose, background, clutter, light and noise vary from image to image. Image i
// of a split is a pure function of Seed, Size, Classes, the split and i; its
// label is i modulo Classes.
//
// The first dozen classes differ most from each other.
type Drawn struct {
	Classes int    // 0: 37, which is the most
	Images  int    // training images a class; 0: 100
	Test    int    // test images a class; 0: a fifth of Images, at least 1
	Size    int    // side of the images in pixels; 0: 64
	Seed    uint64 // chooses the images, not the classes
}

// Splits returns the training and the test images. Errors wrap ErrConfig and
// name the field.
func (d Drawn) Splits() (train, test Dataset, err error) {
	if d.Classes == 0 {
		d.Classes = MaxDrawnClasses
	}
	if d.Images == 0 {
		d.Images = defaultDrawnImages
	}
	if d.Test == 0 {
		d.Test = max(d.Images/5, 1)
	}
	if d.Size == 0 {
		d.Size = defaultDrawnSize
	}
	for _, f := range []struct {
		name            string
		value, low, top int
	}{
		{"Classes", d.Classes, 2, MaxDrawnClasses}, {"Images", d.Images, 1, 1_000_000},
		{"Test", d.Test, 1, 1_000_000}, {"Size", d.Size, 8, 4096},
	} {
		if f.value < f.low || f.value > f.top {
			return nil, nil, fmt.Errorf("dataset: %w: Drawn.%s = %d, want %d to %d", ErrConfig, f.name, f.value, f.low, f.top)
		}
	}
	names := make([]string, d.Classes)
	for i := range names {
		names[i] = breeds[i].name
	}
	return &drawnSet{d, "train", d.Images * d.Classes, names}, &drawnSet{d, "test", d.Test * d.Classes, names}, nil
}

var _ Versioned = (*drawnSet)(nil)

type drawnSet struct {
	Drawn
	split   string
	n       int
	classes []string
}

// Len is the number of images.
func (s *drawnSet) Len() int { return s.n }

// Classes are the names of the animals.
func (s *drawnSet) Classes() []string { return s.classes }

// Version names the settings that the images depend on besides their classes and number.
func (s *drawnSet) Version() string {
	return fmt.Sprintf("seed %d, %d×%d pixels", s.Seed, s.Size, s.Size)
}

// Sample draws image i.
func (s *drawnSet) Sample(ctx context.Context, i int) (Sample, error) {
	if i < 0 || i >= s.n {
		return Sample{}, fmt.Errorf("dataset: there is no image %d of %d", i, s.n)
	}
	label := i % s.Drawn.Classes
	out := Sample{Label: label, Name: fmt.Sprintf("drawn %s image %d (%s)", s.split, i, s.classes[label])}
	if err := ctx.Err(); err != nil {
		return out, err
	}
	key := philox.New(s.Seed, philox.Stream("drawn "+s.split), uint64(i))
	out.Image = draw(&breeds[label], s.Size, rand.New(rand.NewPCG(key.Uint64(), key.Uint64())))
	return out, nil
}

// draw makes a picture of the animal: a background, the animal, light and
// noise.
func draw(b *breed, size int, r *rand.Rand) *transforms.RGB {
	c := newCanvas(size)
	defer canvasPool.Put(c)
	drawBackground(c, r)
	drawAnimal(c, b, r)
	return develop(c, r)
}
