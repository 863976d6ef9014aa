package models

import (
	"strconv"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/nn/blocks"
	"github.com/euryale-ml/euryale/registry"
)

// VGGConfig is the configuration of a VGG-16.
type VGGConfig struct {
	Classes   int     // outputs, at least 1
	BatchNorm bool    // after each convolution: vgg16_bn
	Dropout   float64 // probability after both hidden layers; 0.5 in the paper
	// Hidden is the width of the classifier's hidden layers; 0 means 4096, the paper's.
	Hidden int
}

// VGG is VGG-16 (Simonyan and Zisserman, "Very deep convolutional networks for
// large-scale image recognition", 2015, configuration D): five convolution blocks, an
// adaptive average pool to 7×7 as in torchvision, which makes it fit any input from
// 32×32 on, and a classifier of three linear layers. x [N, 3, H, W] → [N, Classes].
//
// Parameters have torchvision's flat names, features.0.weight to features.28.bias
// (features.41.bias with batch normalisation), classifier.0.weight to
// classifier.6.bias. Images are expected as RGB, normalised by channel. The blocks are in
// nn/blocks/vgg.go.
type VGG struct {
	blocks     []*blocks.ConvBlock
	pool       nn.AdaptiveAvgPool2D
	flatten    nn.Flatten
	classifier *blocks.ClassifierBlock
	config     VGGConfig
}

var (
	_ nn.Module = (*VGG)(nil)
	_ nn.Parent = (*VGG)(nil)
)

// vggStages are the number of convolutions of each block and their channels.
var vggStages = [][2]int{{2, 64}, {2, 128}, {3, 256}, {3, 512}, {3, 512}}

// vggPool is the side of the maps that the classifier sees.
const vggPool = 7

func init() {
	for norm, text := range map[bool][2]string{
		false: {"VGG-16 without BatchNorm (Simonyan and Zisserman 2015)", "vgg16 of torchvision or timm, .pth or .safetensors"},
		true:  {"VGG-16 with BatchNorm, which learns faster", "vgg16_bn of torchvision or timm"},
	} {
		list.MustRegister(VGG16(VGGConfig{BatchNorm: norm}).ModelName(), func(c Config) (nn.Module, error) {
			m := VGG16(VGGConfig{Classes: c.Classes, BatchNorm: norm, Dropout: c.Dropout})
			return m, m.validate()
		}, registry.About(text[0]), registry.Detail("weights", text[1]), registry.Reads("dropout"))
	}
}

// VGG16 returns a VGG-16. Forward reports an invalid configuration.
func VGG16(c VGGConfig) *VGG {
	m := &VGG{config: c, pool: nn.AdaptiveAvgPool2D{Size: vggPool}}
	in := 3
	for _, stage := range vggStages {
		m.blocks = append(m.blocks, blocks.NewConvBlock(blocks.ConvBlockConfig{
			In: in, Out: stage[1], Convs: stage[0], BatchNorm: c.BatchNorm,
		}))
		in = stage[1]
	}
	hidden := c.Hidden
	if hidden == 0 {
		hidden = 4096
	}
	m.classifier = blocks.NewClassifierBlock(blocks.ClassifierConfig{
		In: in * vggPool * vggPool, Hidden: hidden, Classes: c.Classes, Dropout: c.Dropout,
	})
	return m
}

// Children are the layers of all blocks under torchvision's flat names.
func (m *VGG) Children() []nn.Child {
	var children []nn.Child
	for _, block := range m.blocks {
		for _, layer := range block.Modules {
			children = append(children, nn.Child{Name: "features." + strconv.Itoa(len(children)), Module: layer})
		}
	}
	return append(children,
		nn.Child{Name: "avgpool", Module: &m.pool},
		nn.Child{Name: "flatten", Module: &m.flatten},
		nn.Child{Name: "classifier", Module: m.classifier},
	)
}

// Forward returns the logits [N, Classes].
func (m *VGG) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	if err := m.validate(); err != nil {
		s.Fail(err)
		return nil
	}
	for _, block := range m.blocks {
		x = block.Forward(s, x)
	}
	x = m.flatten.Forward(s, m.pool.Forward(s, x))
	return m.classifier.Forward(s, x)
}

// ModelName is the name under which the model is registered: vgg16 or vgg16_bn.
func (m *VGG) ModelName() string {
	if m.config.BatchNorm {
		return "vgg16_bn"
	}
	return "vgg16"
}

// HeadParams are the parameters of the last layer.
func (m *VGG) HeadParams() []string { return []string{"classifier.6.weight", "classifier.6.bias"} }

func (m *VGG) validate() error {
	c := m.config
	switch {
	case c.Classes < 1:
		return badConfig(m.ModelName(), "Classes", c.Classes, "at least 1")
	case !(c.Dropout >= 0 && c.Dropout < 1):
		return badConfig(m.ModelName(), "Dropout", c.Dropout, "0 ≤ Dropout < 1")
	case c.Hidden < 0:
		return badConfig(m.ModelName(), "Hidden", c.Hidden, "at least 1, or 0 for 4096")
	}
	return nil
}
