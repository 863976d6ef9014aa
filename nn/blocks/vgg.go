package blocks

import (
	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/nn"
)

var (
	_ nn.Module = (*ConvBlock)(nil)
	_ nn.Parent = (*ConvBlock)(nil)
	_ nn.Module = (*ClassifierBlock)(nil)
	_ nn.Parent = (*ClassifierBlock)(nil)
)

// ConvBlockConfig is the configuration of a ConvBlock.
type ConvBlockConfig struct {
	In, Out   int  // channels
	Convs     int  // number of convolutions, at least 1
	BatchNorm bool // after each convolution
}

// ConvBlock is a stage of VGG: Convs times a 3×3 convolution with padding 1 and
// bias, batch normalisation (optional) and ReLU; then a 2×2 maximum pool
// (Simonyan and Zisserman, "Very deep convolutional networks", 2015, section 2.1).
// x [N, In, H, W] → [N, Out, ⌊H/2⌋, ⌊W/2⌋]. Its layers are called "0", "1", …;
// the convolution is in nn/conv.go.
type ConvBlock struct {
	nn.Sequential
	config ConvBlockConfig
}

// NewConvBlock returns a ConvBlock. Forward checks the configuration.
func NewConvBlock(c ConvBlockConfig) *ConvBlock {
	b := &ConvBlock{config: c}
	in := c.In
	for range c.Convs {
		b.Modules = append(b.Modules, &nn.Conv2D{In: in, Out: c.Out, Kernel: 3, Padding: 1, Bias: true})
		if c.BatchNorm {
			b.Modules = append(b.Modules, &nn.BatchNorm2D{Channels: c.Out})
		}
		b.Modules = append(b.Modules, &nn.ReLU{})
		in = c.Out
	}
	b.Modules = append(b.Modules, &nn.MaxPool2D{Kernel: 2})
	return b
}

// Forward applies the layers.
func (b *ConvBlock) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	if b.config.Convs < 1 {
		s.Errorf(b, nn.ErrModule, "Convs %d, want at least 1", b.config.Convs)
	}
	return b.Sequential.Forward(s, x)
}

// ClassifierConfig is the configuration of a ClassifierBlock.
type ClassifierConfig struct {
	In      int     // features of an image: 25088 = 512·7·7 in VGG-16
	Hidden  int     // width of both hidden layers: 4096 in VGG-16
	Classes int     // outputs
	Dropout float64 // probability, 0 ≤ Dropout < 1: 0.5 in VGG-16
}

// ClassifierBlock is VGG's classifier: Linear, ReLU, Dropout, Linear, ReLU, Dropout,
// Linear. x [N, In] → [N, Classes]. Initial weights are N(0, 0.01²), biases 0.
// Its layers are called "0" to "6".
type ClassifierBlock struct{ nn.Sequential }

// NewClassifierBlock returns a ClassifierBlock. Its layers check the configuration in
// Forward.
func NewClassifierBlock(c ClassifierConfig) *ClassifierBlock {
	linear := func(in, out int) *nn.Linear {
		return &nn.Linear{In: in, Out: out, Init: nn.Normal(0.01), BiasInit: nn.Constant(0)}
	}
	return &ClassifierBlock{nn.Sequential{Modules: []nn.Module{
		linear(c.In, c.Hidden), &nn.ReLU{}, &nn.Dropout{P: c.Dropout},
		linear(c.Hidden, c.Hidden), &nn.ReLU{}, &nn.Dropout{P: c.Dropout},
		linear(c.Hidden, c.Classes),
	}}}
}
