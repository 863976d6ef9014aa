package transforms_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/euryale-ml/euryale/transforms"
)

func Example() {
	img := transforms.NewRGB(500, 375) // or transforms.DecodeFile("Abyssinian_1.jpg")
	train := transforms.Train(224, transforms.DefaultAugment(), transforms.TaskNormalize())
	test := transforms.Test(256, 224, transforms.TaskNormalize())

	x := make([]float32, train.Len())
	if err := train.Tensor(x, img, rand.New(rand.NewPCG(1, 2))); err != nil {
		fmt.Println(err)
	}
	y, err := test.Image(img, nil)
	fmt.Println(len(x), y.W, y.H, err)
	// Output: 150528 224 224 <nil>
}

// A transform of one's own is a type with Apply.
func ExampleCompose() {
	steps := transforms.Compose{transforms.Resize{Size: 72}, transforms.CenterCrop{Size: 64}, invert{}}
	out := steps.Apply(transforms.NewRGB(100, 80), nil)
	fmt.Println(out.W, out.H, out.Pix[:3])
	// Output: 64 64 [255 255 255]
}

type invert struct{}

func (invert) Apply(img *transforms.RGB, _ *rand.Rand) *transforms.RGB {
	out := img.Clone()
	for i, v := range out.Pix {
		out.Pix[i] = 255 - v
	}
	return out
}
