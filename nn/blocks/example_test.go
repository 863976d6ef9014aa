package blocks_test

import (
	"fmt"

	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/nn/blocks"
)

// A bottleneck of ResNet-50-D that halves its maps.
func Example() {
	b := blocks.NewBottleneck(blocks.BottleneckConfig{Form: blocks.D, In: 256, Width: 128, Stride: 2, ZeroGamma: true})
	g, err := nn.Trace(b, []int{1, 256, 56, 56}, nn.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range g.Layers {
		if l.Parameters > 0 || l.Kind == "AvgPool2D" {
			fmt.Println(l.Path, l.Kind, l.Output)
		}
	}
	// Output:
	// conv1 Conv2D [1 128 56 56]
	// bn1 BatchNorm2D [1 128 56 56]
	// conv2 Conv2D [1 128 28 28]
	// bn2 BatchNorm2D [1 128 28 28]
	// conv3 Conv2D [1 512 28 28]
	// bn3 BatchNorm2D [1 512 28 28]
	// downsample.0 AvgPool2D [1 256 28 28]
	// downsample.1 Conv2D [1 512 28 28]
	// downsample.2 BatchNorm2D [1 512 28 28]
}
