package models

import (
	"strconv"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/nn/blocks"
	"github.com/euryale-ml/euryale/registry"
)

// Form is one of the forms of ResNet; see package blocks.
type Form = blocks.Form

// Forms of ResNet. The zero value is the original.
const (
	A = blocks.A // stride in the first 1×1 of a block
	B = blocks.B // stride in the 3×3: torchvision's resnet50
	C = blocks.C // B with a stem of three 3×3 convolutions
	D = blocks.D // C with an average pool in the shortcuts
)

// ResNetConfig is the configuration of a ResNet-50.
type ResNetConfig struct {
	Form      Form
	Classes   int  // outputs, at least 1
	ZeroGamma bool // initial γ = 0 in the last normalisation of each block
}

// ResNet is ResNet-50 (He, Zhang, Ren, Sun, "Deep residual learning for image
// recognition", 2016, table 1) in one of its forms (He et al., "Bag of tricks", 2019):
// a stem, four stages of bottlenecks, global average pooling, a linear layer.
// x [N, 3, H, W] → [N, Classes], for inputs of any size.
//
// Parameters have torchvision's names, conv1.weight, bn1.weight,
// layer1.0.conv1.weight to fc.bias, and in forms C and D timm's.
type ResNet struct {
	stem    *blocks.Stem
	layers  [][]*blocks.Bottleneck
	pool    nn.AdaptiveAvgPool2D
	flatten nn.Flatten
	fc      *nn.Linear
	config  ResNetConfig
}

var (
	_ nn.Module = (*ResNet)(nil)
	_ nn.Parent = (*ResNet)(nil)
)

// resnetStages are the number of bottlenecks of each stage and their width.
var resnetStages = [][2]int{{3, 64}, {4, 128}, {6, 256}, {3, 512}}

func init() {
	for form, text := range map[Form][2]string{
		A: {"ResNet-50 in form A, the original of the paper: the stride is in a block's first 1×1 (He et al. 2016)", "Euryale's own; torchvision's resnet50 is resnet50b here"},
		B: {"ResNet-50 in form B: the stride is in the 3×3; what others call resnet50", "resnet50 of torchvision or timm"},
		C: {"ResNet-50 in form C: B with a stem of three 3×3", "resnet50c of timm"},
		D: {"ResNet-50 in form D: C with average pooling in the shortcuts (He et al. 2019)", "resnet50d of timm"},
	} {
		list.MustRegister(ResNet50(ResNetConfig{Form: form}).ModelName(), func(c Config) (nn.Module, error) {
			m := ResNet50(ResNetConfig{Form: form, Classes: c.Classes, ZeroGamma: c.ZeroGamma})
			return m, m.validate()
		}, registry.About(text[0]), registry.Detail("weights", text[1]), registry.Reads("zero_gamma"))
	}
}

// ResNet50 returns a ResNet-50. Forward reports an invalid configuration.
func ResNet50(c ResNetConfig) *ResNet {
	m := &ResNet{config: c, stem: blocks.NewStem(c.Form)}
	in := blocks.StemChannels
	for i, stage := range resnetStages {
		layer := make([]*blocks.Bottleneck, stage[0])
		for j := range layer {
			stride := 1
			if i > 0 && j == 0 {
				stride = 2
			}
			layer[j] = blocks.NewBottleneck(blocks.BottleneckConfig{
				Form: c.Form, In: in, Width: stage[1], Stride: stride, ZeroGamma: c.ZeroGamma,
			})
			in = blocks.Expansion * stage[1]
		}
		m.layers = append(m.layers, layer)
	}
	m.fc = &nn.Linear{In: in, Out: c.Classes}
	return m
}

// Children are the stem's layers, layer1 to layer4 with their blocks, and fc.
func (m *ResNet) Children() []nn.Child {
	children := []nn.Child{{Module: m.stem}}
	for i, layer := range m.layers {
		for j, block := range layer {
			name := "layer" + strconv.Itoa(i+1) + "." + strconv.Itoa(j)
			children = append(children, nn.Child{Name: name, Module: block})
		}
	}
	return append(children,
		nn.Child{Name: "avgpool", Module: &m.pool},
		nn.Child{Name: "flatten", Module: &m.flatten},
		nn.Child{Name: "fc", Module: m.fc},
	)
}

// Forward returns the logits [N, Classes].
func (m *ResNet) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	if err := m.validate(); err != nil {
		s.Fail(err)
		return nil
	}
	x = m.stem.Forward(s, x)
	for _, layer := range m.layers {
		for _, block := range layer {
			x = block.Forward(s, x)
		}
	}
	x = m.flatten.Forward(s, m.pool.Forward(s, x))
	return m.fc.Forward(s, x)
}

// ModelName is the name under which the model is registered: resnet50 for form A,
// resnet50b, resnet50c, resnet50d.
func (m *ResNet) ModelName() string {
	switch m.config.Form {
	case B:
		return "resnet50b"
	case C:
		return "resnet50c"
	case D:
		return "resnet50d"
	}
	return "resnet50"
}

// Lookalike of form A is form B: torchvision's resnet50 has the names and shapes of both.
func (m *ResNet) Lookalike() (name, elsewhere string) {
	if m.config.Form != A {
		return "", ""
	}
	return ResNet50(ResNetConfig{Form: B}).ModelName(), "torchvision's resnet50"
}

// HeadParams are the parameters of the last layer.
func (m *ResNet) HeadParams() []string { return []string{"fc.weight", "fc.bias"} }

func (m *ResNet) validate() error {
	switch c := m.config; {
	case c.Form > D:
		return badConfig("resnet50", "Form", c.Form, "A, B, C or D")
	case c.Classes < 1:
		return badConfig(m.ModelName(), "Classes", c.Classes, "at least 1")
	}
	return nil
}
