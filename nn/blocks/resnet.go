package blocks

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/nn"
)

// Form is one of the forms of ResNet that He et al. compare in "Bag of tricks for
// image classification with convolutional neural networks", 2019, section 4.
type Form uint8

// Forms of ResNet. Each includes the changes of the one before it.
const (
	A Form = iota // the original: a bottleneck's stride is in its first 1×1
	B             // the stride is in the 3×3: torchvision's resnet50
	C             // a stem of three 3×3 convolutions
	D             // shortcuts average before their 1×1
)

// String is the form's letter.
func (f Form) String() string {
	if f > D {
		return fmt.Sprintf("Form(%d)", uint8(f))
	}
	return string(rune('A' + f))
}

// Stem is the first part of a ResNet: a convolution 7×7 of stride 2 to 64 channels or,
// in forms C and D, three of 3×3 (stride 2 to 32, to 32, to 64); batch normalisation,
// ReLU, a 3×3 maximum pool of stride 2. x [N, 3, H, W] → [N, 64, ⌈H/4⌉, ⌈W/4⌉].
// Its parameters are called conv1.weight and bn1.weight or, in forms C and D,
// conv1.0.weight to conv1.6.weight as in timm.
type Stem struct {
	Conv1   nn.Module
	BN1     *nn.BatchNorm2D
	ReLU    *nn.ReLU
	MaxPool *nn.MaxPool2D
}

// StemChannels is the number of a Stem's output channels.
const StemChannels = 64

// NewStem returns the stem of a form.
func NewStem(f Form) *Stem {
	s := &Stem{
		Conv1:   &nn.Conv2D{In: 3, Out: StemChannels, Kernel: 7, Stride: 2, Padding: 3},
		BN1:     &nn.BatchNorm2D{Channels: StemChannels},
		ReLU:    &nn.ReLU{},
		MaxPool: &nn.MaxPool2D{Kernel: 3, Stride: 2, Padding: 1},
	}
	if f >= C {
		s.Conv1 = nn.NewSequential(
			&nn.Conv2D{In: 3, Out: 32, Kernel: 3, Stride: 2, Padding: 1}, &nn.BatchNorm2D{Channels: 32}, &nn.ReLU{},
			&nn.Conv2D{In: 32, Out: 32, Kernel: 3, Padding: 1}, &nn.BatchNorm2D{Channels: 32}, &nn.ReLU{},
			&nn.Conv2D{In: 32, Out: StemChannels, Kernel: 3, Padding: 1},
		)
	}
	return s
}

// Forward applies the layers.
func (b *Stem) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	x = b.Conv1.Forward(s, x)
	x = b.BN1.Forward(s, x)
	x = b.ReLU.Forward(s, x)
	return b.MaxPool.Forward(s, x)
}

// BottleneckConfig is the configuration of a Bottleneck.
type BottleneckConfig struct {
	Form   Form
	In     int // channels of the input
	Width  int // channels of the 3×3 convolution; the output has Expansion times as many
	Stride int // 0 means 1
	// ZeroGamma initialises γ of the last normalisation with 0, so that the block
	// begins as the identity (Goyal et al. 2017).
	ZeroGamma bool
}

// Expansion is the ratio of a Bottleneck's output channels to its width.
const Expansion = 4

// Bottleneck is ResNet-50's block: convolutions 1×1, 3×3 and 1×1, each with batch
// normalisation, added to the input, or to its Shortcut where the shape changes; ReLU
// after the first two and after the sum (He et al., "Deep residual learning", 2016).
// x [N, In, H, W] → [N, Expansion·Width, ⌈H/Stride⌉, ⌈W/Stride⌉].
type Bottleneck struct {
	Conv1      *nn.Conv2D
	BN1        *nn.BatchNorm2D
	ReLU1      *nn.ReLU
	Conv2      *nn.Conv2D
	BN2        *nn.BatchNorm2D
	ReLU2      *nn.ReLU
	Conv3      *nn.Conv2D
	BN3        *nn.BatchNorm2D
	Downsample *Shortcut // nil where the input is added unchanged
	ReLU3      *nn.ReLU
}

// NewBottleneck returns a Bottleneck. Its layers check the configuration in Forward.
func NewBottleneck(c BottleneckConfig) *Bottleneck {
	out, stride := Expansion*c.Width, max(c.Stride, 1)
	first, second := 1, stride
	if c.Form == A {
		first, second = stride, 1
	}
	b := &Bottleneck{
		Conv1: &nn.Conv2D{In: c.In, Out: c.Width, Kernel: 1, Stride: first},
		BN1:   &nn.BatchNorm2D{Channels: c.Width}, ReLU1: &nn.ReLU{},
		Conv2: &nn.Conv2D{In: c.Width, Out: c.Width, Kernel: 3, Stride: second, Padding: 1},
		BN2:   &nn.BatchNorm2D{Channels: c.Width}, ReLU2: &nn.ReLU{},
		Conv3: &nn.Conv2D{In: c.Width, Out: out, Kernel: 1},
		BN3:   &nn.BatchNorm2D{Channels: out}, ReLU3: &nn.ReLU{},
	}
	if c.ZeroGamma {
		b.BN3.Gamma = nn.Constant(0)
	}
	if stride != 1 || c.In != out {
		b.Downsample = NewShortcut(c.Form, c.In, out, stride)
	}
	return b
}

// Forward applies the layers.
func (b *Bottleneck) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	y := b.ReLU1.Forward(s, b.BN1.Forward(s, b.Conv1.Forward(s, x)))
	y = b.ReLU2.Forward(s, b.BN2.Forward(s, b.Conv2.Forward(s, y)))
	y = b.BN3.Forward(s, b.Conv3.Forward(s, y))
	if b.Downsample != nil {
		x = b.Downsample.Forward(s, x)
	}
	return b.ReLU3.Forward(s, s.Add(b, y, x))
}

// Shortcut brings a block's input to the shape of its output: a 1×1 convolution with
// the stride, called "0", and batch normalisation, "1". In form D an average pool
// 2×2 of stride 2 (ceil mode, padding not counted) comes first where the stride is 2,
// and the convolution has stride 1; the names are then "1" and "2" for every stride,
// as in timm.
type Shortcut struct{ nn.Sequential }

// NewShortcut returns the Shortcut of a form from in to out channels.
func NewShortcut(f Form, in, out, stride int) *Shortcut {
	conv, norm := &nn.Conv2D{In: in, Out: out, Kernel: 1, Stride: stride}, &nn.BatchNorm2D{Channels: out}
	if f < D {
		return &Shortcut{nn.Sequential{Modules: []nn.Module{conv, norm}}}
	}
	var pool nn.Module = &nn.Identity{}
	if stride > 1 {
		pool, conv.Stride = &nn.AvgPool2D{Kernel: 2, Stride: stride, CeilMode: true}, 1
	}
	return &Shortcut{nn.Sequential{Modules: []nn.Module{pool, conv, norm}}}
}
