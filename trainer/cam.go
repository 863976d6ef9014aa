package trainer

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/op"
)

// FeatureMaps are the last feature maps of a network before global pooling, and the gradient
// of a class's logit with respect to them.
type FeatureMaps struct {
	Channels, Height, Width int
	Values                  []float64 // [Channels, Height, Width]
	Gradient                []float64 // [Channels, Height, Width], of the logit of Class
	Logits                  []float64 // [classes]
	Class                   int
}

// camProgram evaluates one image and outputs its last feature maps and their gradient.
type camProgram struct {
	*program
	maps, gradient, oneHot *gorgonia.Node
}

// Features classifies one image [1, C, H, W] in evaluation mode and returns its last feature
// maps with the gradient of a class's logit; class -1 means the most probable one. A model
// without feature maps before its classifier is ErrConfig.
func (s *Session) Features(image []float32, class int) (FeatureMaps, error) {
	if class < -1 || class >= s.classes {
		return FeatureMaps{}, fmt.Errorf("trainer: %w: class %d, want 0 to %d, or -1", ErrConfig, class, s.classes-1)
	}
	if err := s.check(image, []int64{0}); err != nil {
		return FeatureMaps{}, err
	}
	if class < 0 {
		r, err := s.Evaluate(image, nil, 1)
		if err != nil {
			return FeatureMaps{}, err
		}
		class = int(r.Predicted[0])
	}
	if s.cam == nil {
		p, err := s.compileCAM()
		if err != nil {
			return FeatureMaps{}, err
		}
		s.cam = p
	}
	return s.cam.run(s, image, class)
}

func (s *Session) compileCAM() (*camProgram, error) {
	g, err := nn.Trace(s.model, append([]int{1}, s.config.Input[:]...), nn.Options{DType: s.dtype()})
	if err != nil {
		return nil, err
	}
	p := &camProgram{program: &program{
		graph: g, logits: make([]float64, s.classes), host: s.typed(make([]float32, s.classes)),
		images: s.typed(make([]float32, s.config.Input[0]*s.config.Input[1]*s.config.Input[2])),
	}}
	if p.maps = lastMaps(g); p.maps == nil {
		return nil, fmt.Errorf("trainer: %w: the model has no feature maps before its classifier", ErrConfig)
	}
	p.oneHot = gorgonia.NewMatrix(g.G, s.dtype(), gorgonia.WithShape(1, s.classes), gorgonia.WithName("class"))
	if _, err := gorgonia.Backpropagate(gorgonia.Nodes{g.Output}, gorgonia.Nodes{p.oneHot}, gorgonia.Nodes{g.Input}); err != nil {
		return nil, fmt.Errorf("trainer: gradients: %w", err)
	}
	if p.gradient, err = derivative(p.maps); err != nil {
		return nil, fmt.Errorf("trainer: gradients: %w", err)
	}
	spec := s.spec(g, "features")
	for n, name := range spec.Slots {
		spec.Slots[n] = s.shown(name)
	}
	spec.Inputs = append(spec.Inputs, p.oneHot)
	spec.Outputs = []*gorgonia.Node{g.Output, p.maps, p.gradient}
	p.Program, err = engine.Compile(s.config.Device, s.state, spec)
	return p, err
}

// derivative is the node of the gradient with respect to n.
func derivative(n *gorgonia.Node) (d *gorgonia.Node, err error) {
	defer func() { // Deriv panics if there is none
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrConfig, r)
		}
	}()
	return n.Deriv(), nil
}

// lastMaps is the feature maps nearest to the output that are not the output of a pooling
// layer; nil: there are none.
func lastMaps(g *nn.Graph) *gorgonia.Node {
	for n := g.Output; n != nil && n.Op() != nil; {
		o, own := n.Op().(op.Operator)
		pools := own && o.Kind().Pools()
		if len(n.Shape()) == 4 && !pools {
			return n
		}
		it := g.G.From(n.ID())
		if !it.Next() {
			return nil
		}
		n = it.Node().(*gorgonia.Node)
	}
	return nil
}

func (p *camProgram) run(s *Session, image []float32, class int) (FeatureMaps, error) {
	if err := p.bindImages(image); err != nil {
		return FeatureMaps{}, err
	}
	hot := make([]float32, s.classes)
	hot[class] = 1
	if err := p.Bind(p.oneHot, s.typed(hot)); err != nil {
		return FeatureMaps{}, err
	}
	if err := p.Run(); err != nil {
		return FeatureMaps{}, err
	}
	if err := p.readLogits(1, s.classes); err != nil {
		return FeatureMaps{}, err
	}
	shape := p.maps.Shape()
	f := FeatureMaps{Channels: shape[1], Height: shape[2], Width: shape[3], Class: class, Logits: append([]float64(nil), p.logits...)}
	var err error
	if f.Values, err = p.floats(s, p.maps); err != nil {
		return f, err
	}
	f.Gradient, err = p.floats(s, p.gradient)
	return f, err
}

// floats reads an output as float64.
func (p *camProgram) floats(s *Session, n *gorgonia.Node) ([]float64, error) {
	host := s.typed(make([]float32, n.Shape().TotalSize()))
	if err := p.Read(n, host); err != nil {
		return nil, err
	}
	if wide, ok := host.([]float64); ok {
		return wide, nil
	}
	var values []float64
	for _, v := range host.([]float32) {
		values = append(values, float64(v))
	}
	return values, nil
}
