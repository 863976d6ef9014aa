package trainer

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/nn"
)

// program is a compiled graph with its inputs, outputs and host memory.
type program struct {
	*engine.Program
	graph                   *nn.Graph
	target, loss, predicted *gorgonia.Node // target: labels [N] or probabilities [N, classes]
	rates                   []rate
	steps                   []stepInput    // the number of the step, for the updates
	share                   *gorgonia.Node // the batch's share in its step, with SessionConfig.Accumulate

	classOf []int64
	logits  []float64
	host    any // of logits or the loss, in the graph's type
	images  any // of an evaluation, padded with zeros, in the graph's type
	soft    any // the target's probabilities, in the graph's type
	random  [2]int64
}

// part is the key of a training program.
type part struct {
	batch int
	add   bool // adds its gradients to those of the step's earlier batches: the deferred plan
}

// training returns the program of a part and compiles it on first use.
func (s *Session) training(of part) (*program, error) {
	if p := s.train[of]; p != nil {
		return p, nil
	}
	p, spec, err := s.trainingSpec(of)
	if err != nil {
		return nil, err
	}
	if p.Program, err = engine.Compile(s.config.Device, s.state, spec); err != nil {
		return nil, err
	}
	s.train[of] = p
	return p, nil
}

// trainingSpec is the program of a part before it is compiled.
func (s *Session) trainingSpec(of part) (p *program, spec engine.Spec, err error) {
	batch := of.batch
	if s.config.Optimizer == nil {
		return nil, spec, fmt.Errorf("trainer: %w: the Session has no optimizer", ErrConfig)
	}
	g, err := nn.Trace(s.model, append([]int{batch}, s.config.Input[:]...), nn.Options{Training: true, DType: s.dtype(), KeepStatistics: s.config.KeepStatistics})
	if err != nil {
		return nil, spec, err
	}
	p = &program{graph: g, classOf: make([]int64, batch), host: s.typed(make([]float32, 1))}
	if p.target, p.loss, p.predicted, err = s.loss(g); err != nil {
		return nil, spec, err
	}
	if s.config.Soft {
		p.soft = s.typed(make([]float32, batch*s.classes))
	}
	spec = s.spec(g, "train")
	for _, b := range g.Buffers {
		if b.Next != nil {
			spec.Assign = append(spec.Assign, engine.Assignment{Slot: b.Name, Value: b.Next})
		}
	}
	spec.Inputs = append(spec.Inputs, p.target)
	if s.deferred() {
		err = s.keepGradients(p, &spec, of.add)
	} else {
		err = s.addUpdates(p, &spec)
	}
	if err != nil {
		return nil, spec, err
	}
	p.inputs(&spec)
	spec.Outputs = []*gorgonia.Node{p.loss, p.predicted}
	return p, spec, nil
}

// loss adds the training loss to a graph and returns its nodes.
func (s *Session) loss(g *nn.Graph) (target, loss, predicted *gorgonia.Node, err error) {
	if s.config.Loss != nil {
		return s.config.Loss.Loss(g)
	}
	return nn.CrossEntropy{Smoothing: s.config.Smoothing, Soft: s.config.Soft}.Loss(g)
}

// evaluation returns the program for size images and compiles it on first use.
func (s *Session) evaluation(size int) (*program, error) {
	if p := s.eval[size]; p != nil {
		return p, nil
	}
	g, spec, err := s.evaluationSpec(size)
	if err != nil {
		return nil, err
	}
	pixels := s.config.Input[0] * s.config.Input[1] * s.config.Input[2]
	p := &program{
		graph: g, classOf: make([]int64, size), logits: make([]float64, size*s.classes),
		host: s.typed(make([]float32, size*s.classes)), images: s.typed(make([]float32, size*pixels)),
	}
	if p.Program, err = engine.Compile(s.config.Device, s.state, spec); err != nil {
		return nil, err
	}
	s.eval[size] = p
	return p, nil
}

// evaluationSpec is the program for size images before it is compiled.
func (s *Session) evaluationSpec(size int) (*nn.Graph, engine.Spec, error) {
	g, err := nn.Trace(s.model, append([]int{size}, s.config.Input[:]...), nn.Options{DType: s.dtype()})
	if err != nil {
		return nil, engine.Spec{}, err
	}
	spec := s.spec(g, "eval")
	for n, name := range spec.Slots {
		spec.Slots[n] = s.shown(name)
	}
	spec.Outputs = []*gorgonia.Node{g.Output}
	return g, spec, nil
}

// spec is a program's engine.Spec with the graph's inputs and slots.
func (s *Session) spec(g *nn.Graph, name string) engine.Spec {
	spec := engine.Spec{Name: name, Graph: g.G, Inputs: []*gorgonia.Node{g.Input}, Slots: map[*gorgonia.Node]string{}, Precision: storedAs(s.config.Precision)}
	if g.RNG != nil {
		spec.Inputs = append(spec.Inputs, g.RNG)
	}
	for _, p := range g.Params {
		spec.Slots[p.Node] = p.Name
	}
	for _, b := range g.Buffers {
		spec.Slots[b.Node] = b.Name
	}
	return spec
}

// addUpdates adds gradients and the optimizer's nodes for the parameters that are trained.
func (s *Session) addUpdates(p *program, spec *engine.Spec) error {
	trained, err := s.trainedOf(p.graph.Params)
	if err != nil {
		return err
	}
	grads, err := gradients(p.loss, trained)
	if err != nil {
		return err
	}
	for i, param := range trained {
		if err := s.update(p, spec, param, grads[i]); err != nil {
			return err
		}
	}
	return nil
}

// number is the input for the number of the step, where since is step 0.
func (p *program) number(dt tensor.Dtype, since int64) *gorgonia.Node {
	for _, s := range p.steps {
		if s.since == since {
			return s.node
		}
	}
	n := gorgonia.NewScalar(p.graph.G, dt, gorgonia.WithName(fmt.Sprintf("step-%d", since)))
	p.steps = append(p.steps, stepInput{n, since})
	return n
}

// rate is the input for the learning rate times scale.
func (p *program) rate(dt tensor.Dtype, scale float64) *gorgonia.Node {
	for _, r := range p.rates {
		if r.scale == scale {
			return r.node
		}
	}
	n := gorgonia.NewScalar(p.graph.G, dt, gorgonia.WithName(fmt.Sprintf("lr×%g", scale)))
	p.rates = append(p.rates, rate{n, scale})
	return n
}

// bindBatch copies a batch to a training program's inputs.
func (p *program) bindBatch(s *Session, images []float32, target Target) error {
	var err error
	if p.graph.DType == tensor.Float32 {
		err = p.Bind(p.graph.Input, images)
	} else {
		err = p.Bind(p.graph.Input, s.typed(images))
	}
	if err != nil {
		return err
	}
	return p.bindTarget(target)
}

// bindRandom sets the key of dropout's random numbers for the next step.
func (p *program) bindRandom(s *Session) error {
	if p.graph.RNG == nil {
		return nil
	}
	const odd = 0x5851f42d4c957f2d // other random numbers for each batch of a step
	p.random = [2]int64{int64(s.config.Seed) + int64(s.parts)*odd, s.trained + 1}
	return p.Bind(p.graph.RNG, p.random[:])
}

// bindImages copies images to an evaluation program's input and fills the rest with zeros.
func (p *program) bindImages(images []float32) error {
	switch all := p.images.(type) {
	case []float32:
		if len(images) == len(all) {
			return p.Bind(p.graph.Input, images)
		}
		clear(all[copy(all, images):])
	case []float64:
		clear(all)
		for i, v := range images {
			all[i] = float64(v)
		}
	}
	return p.Bind(p.graph.Input, p.images)
}

// readLogits reads the output and keeps the first n rows in p.logits.
func (p *program) readLogits(n, classes int) error {
	if err := p.Read(p.graph.Output, p.host); err != nil {
		return err
	}
	switch h := p.host.(type) {
	case []float32:
		for i, v := range h[:n*classes] {
			p.logits[i] = float64(v)
		}
	case []float64:
		copy(p.logits, h[:n*classes])
	}
	return nil
}

// scalar reads a scalar output.
func (p *program) scalar(n *gorgonia.Node) (float64, error) {
	if err := p.Read(n, p.host); err != nil {
		return 0, err
	}
	switch h := p.host.(type) {
	case []float32:
		return float64(h[0]), nil
	case []float64:
		return h[0], nil
	}
	return 0, nil
}
