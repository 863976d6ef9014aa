package docs_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"path/filepath"
	"strings"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
)

// tiny is a network that learns something in milliseconds.
type tiny struct {
	Conv *nn.Conv2D
	ReLU *nn.ReLU
	Pool *nn.AdaptiveAvgPool2D
	Flat *nn.Flatten
	FC   *nn.Linear
}

func (m *tiny) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	x = m.ReLU.Forward(s, m.Conv.Forward(s, x))
	return m.FC.Forward(s, m.Flat.Forward(s, m.Pool.Forward(s, x)))
}

func (*tiny) ModelName() string    { return "tiny" }
func (*tiny) HeadParams() []string { return []string{"fc.weight", "fc.bias"} }

func registerTiny() {
	err := models.Register("tiny", func(c models.Config) (nn.Module, error) {
		return &tiny{
			Conv: &nn.Conv2D{In: 3, Out: 8, Kernel: 3, Stride: 2, Padding: 1, Bias: true}, ReLU: &nn.ReLU{},
			Pool: &nn.AdaptiveAvgPool2D{}, Flat: &nn.Flatten{}, FC: &nn.Linear{In: 8, Out: c.Classes},
		}, nil
	})
	if err != nil {
		panic(err)
	}
}

// furnish puts into the folder what the documents speak of as the reader's own.
func (w *workplace) furnish() {
	w.t.Helper()
	w.write("my.yaml", "train: {epochs: 1}\n")
	w.write("photo.jpg", photo(5))
	w.write("classes.txt", "cat\ndog\n")
	w.write("pets.tar", petArchive())
	for class, name := range []string{"cat", "dog"} {
		for i := range 8 {
			folder := "train"
			if i >= 6 {
				folder = "val"
			}
			w.write(fmt.Sprintf("photos/%s/%s/%d.jpg", folder, name, i), photo(20*i+100*class))
			w.write(fmt.Sprintf("heap/%s/%d.jpg", name, i), photo(20*i+100*class))
		}
	}
	// weights of the tiny network with ImageNet's number of outputs
	tensors := []checkpoint.Tensor{
		{Name: "conv.weight", Shape: []int{8, 3, 3, 3}, Data: values(8 * 27)}, {Name: "conv.bias", Shape: []int{8}, Data: values(8)},
		{Name: "fc.weight", Shape: []int{1000, 8}, Data: values(8000)}, {Name: "fc.bias", Shape: []int{1000}, Data: values(1000)},
	}
	for _, name := range []string{"resnet50.pth", "resnet50-0676ba61.pth"} {
		if err := checkpoint.WriteTorch(filepath.Join(w.dir, name), &checkpoint.File{Tensors: tensors}); err != nil {
			w.t.Fatal(err)
		}
	}
}

func values(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i%17)/40 - 0.2
	}
	return v
}

// photo is a JPEG of 24×20 pixels.
func photo(shade int) string {
	img := image.NewRGBA(image.Rect(0, 0, 24, 20))
	for y := range 20 {
		for x := range 24 {
			img.SetRGBA(x, y, color.RGBA{uint8(shade), uint8(10 * x), uint8(10 * y), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.String()
}

// petArchive is a set in the layout of the pets: two classes of four images.
func petArchive() string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	put := func(name, text string) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			panic(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			panic(err)
		}
	}
	var all, parts [2]strings.Builder
	for class, breed := range []string{"Abyssinian", "beagle"} {
		for i := range 4 {
			name := fmt.Sprintf("%s_%d", breed, i+1)
			put("images/"+name+".jpg", photo(100*class+20*i))
			line := fmt.Sprintf("%s %d %d 1\n", name, class+1, class+1)
			all[0].WriteString(line)
			parts[i/2].WriteString(line)
		}
	}
	put("annotations/list.txt", all[0].String())
	put("annotations/trainval.txt", parts[0].String())
	put("annotations/test.txt", parts[1].String())
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}
