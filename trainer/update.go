package trainer

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/op"
	"github.com/euryale-ml/euryale/optim"
)

// There are two plans of update. The immediate one changes a parameter as soon as all
// contributions to its gradient are summed, and keeps no gradient: a step is one program.
// The deferred one, which clipping, accumulation and Reduce need, keeps the gradients in
// slots of the State:
//
//	for each batch  forward, backward, gradient slots = [slots +] share · gradients
//	once            [Reduce], [norm of the slots], updates from the slots

// Prefixes of the names of slots that are not the model's own.
const (
	optimSlots    = "optim/" // then the optimizer's name for the slot, then the parameter's
	gradientSlots = "grad/"
	averageSlots  = "ema/"
)

// deferred reports whether gradients are kept until the update.
func (s *Session) deferred() bool {
	return s.config.ClipNorm > 0 || s.config.Accumulate || s.config.Reduce != nil
}

// trainedOf are the parameters of a graph that are not frozen.
func (s *Session) trainedOf(params []*nn.Param) (trained []*nn.Param, err error) {
	for _, p := range params {
		if s.config.Frozen == nil || !s.config.Frozen(p) {
			trained = append(trained, p)
		}
	}
	if len(trained) == 0 {
		return nil, fmt.Errorf("trainer: %w: every parameter is frozen", ErrConfig)
	}
	return trained, nil
}

// slot adds a slot of zeros to the State unless it has it.
func (s *Session) slot(name string, shape []int) error {
	if s.state.Has(name) {
		return nil
	}
	return s.state.Add(name, shape, s.deviceType(), nil)
}

// update adds the optimizer's nodes for a parameter and its gradient.
func (s *Session) update(p *program, spec *engine.Spec, param *nn.Param, gradient *gorgonia.Node) error {
	in := optim.Inputs{LR: p.rate(s.dtype(), s.config.Optimizer.RateScale(param)), Step: p.number(s.dtype(), s.since[param.Name])}
	up, err := s.config.Optimizer.Update(param, gradient, in)
	if err != nil {
		return err
	}
	spec.Assign = append(spec.Assign, engine.Assignment{Slot: param.Name, Value: up.Value})
	for _, slot := range up.Slots {
		name := optimSlots + slot.Name + "/" + param.Name
		if err := s.slot(name, slot.Node.Shape()); err != nil {
			return err
		}
		spec.Slots[slot.Node] = name
		spec.Assign = append(spec.Assign, engine.Assignment{Slot: name, Value: slot.Next})
	}
	return nil
}

// inputs adds the inputs of the learning rates and of the number of the step to a spec.
func (p *program) inputs(spec *engine.Spec) {
	for _, r := range p.rates {
		spec.Inputs = append(spec.Inputs, r.node)
	}
	p.steps = slices.DeleteFunc(p.steps, func(n stepInput) bool { return p.graph.G.To(n.node.ID()).Len() == 0 }) // no update uses it
	for _, n := range p.steps {
		spec.Inputs = append(spec.Inputs, n.node)
	}
}

// bindRates sets a program's learning rates and number of the step.
func (p *program) bindRates(lr float64, step int64) error {
	for _, r := range p.rates {
		if err := p.Bind(r.node, lr*r.scale); err != nil {
			return err
		}
	}
	for _, n := range p.steps {
		if err := p.Bind(n.node, float64(step-n.since)); err != nil {
			return err
		}
	}
	return nil
}

// keepGradients makes a training program write its gradients, times the batch's share, into
// their slots; add: add them to the slots.
func (s *Session) keepGradients(p *program, spec *engine.Spec, add bool) error {
	trained, err := s.trainedOf(p.graph.Params)
	if err != nil {
		return err
	}
	loss := p.loss
	if s.config.Accumulate {
		p.share = gorgonia.NewScalar(p.graph.G, s.dtype(), gorgonia.WithName("share"))
		spec.Inputs = append(spec.Inputs, p.share)
		if loss, err = op.Scale("share", p.loss, p.share); err != nil {
			return err
		}
	}
	grads, err := gradients(loss, trained)
	if err != nil {
		return err
	}
	for i, param := range trained {
		name := gradientSlots + param.Name
		if err := s.slot(name, param.Shape); err != nil {
			return err
		}
		value := grads[i]
		if add {
			before := leaf(p.graph.G, param, name)
			spec.Slots[before] = name
			if value, err = op.Add(param.Name, before, grads[i]); err != nil {
				return err
			}
		}
		spec.Assign = append(spec.Assign, engine.Assignment{Slot: name, Value: value})
	}
	return nil
}

// gradients are the gradients of a loss with respect to parameters.
func gradients(loss *gorgonia.Node, params []*nn.Param) (gorgonia.Nodes, error) {
	var wrt []*gorgonia.Node
	for _, p := range params {
		wrt = append(wrt, p.Node)
	}
	grads, err := gorgonia.Grad(loss, wrt...)
	if err != nil {
		return nil, fmt.Errorf("trainer: gradients: %w", err)
	}
	return grads, nil
}

// leaf is a leaf node with the shape and type of a parameter.
func leaf(g *gorgonia.ExprGraph, p *nn.Param, name string) *gorgonia.Node {
	return gorgonia.NewTensor(g, p.Node.Dtype(), len(p.Shape), gorgonia.WithShape(p.Shape...), gorgonia.WithName(name))
}

// updates are the programs of the deferred plan that follow the batches.
type updates struct {
	norm    *program       // nil without clipping
	squares *gorgonia.Node // Σg² over all gradients, the output of norm
	apply   *program

	gradients []string       // their slots
	clip      *gorgonia.Node // the factor on all gradients, an input of apply; nil without clipping
}

// updating returns the programs that follow the batches and compiles them on first use.
func (s *Session) updating() (*updates, error) {
	if s.deferredUpdates != nil {
		return s.deferredUpdates, nil
	}
	u, specs, err := s.updateSpecs()
	if err != nil {
		return nil, err
	}
	if u.norm != nil {
		if u.norm.Program, err = engine.Compile(s.config.Device, s.state, specs[0]); err != nil {
			return nil, err
		}
	}
	if u.apply.Program, err = engine.Compile(s.config.Device, s.state, specs[len(specs)-1]); err != nil {
		if u.norm != nil {
			err = errors.Join(err, u.norm.Close())
		}
		return nil, err
	}
	s.deferredUpdates = u
	return u, nil
}

// updateSpecs are the programs that follow the batches before they are compiled: that of
// the norm, if there is one, and that of the update.
func (s *Session) updateSpecs() (u *updates, specs []engine.Spec, err error) {
	u = &updates{}
	if s.config.ClipNorm > 0 {
		spec, err := s.normSpec(u)
		if err != nil {
			return nil, nil, err
		}
		specs = append(specs, spec)
	}
	spec, err := s.applySpec(u)
	return u, append(specs, spec), err
}

// newProgram is a program without a model, on a new graph.
func (s *Session) newProgram(name string) (*program, engine.Spec) {
	p := &program{graph: &nn.Graph{G: gorgonia.NewGraph(), DType: s.dtype()}, host: s.typed(make([]float32, 1))}
	return p, engine.Spec{Name: name, Graph: p.graph.G, Slots: map[*gorgonia.Node]string{}}
}

// normSpec is the program of the gradients' norm, Σg² over their slots.
func (s *Session) normSpec(u *updates) (spec engine.Spec, err error) {
	u.norm, spec = s.newProgram("norm")
	p := u.norm
	trained, err := s.trainedOf(s.params)
	if err != nil {
		return spec, err
	}
	var gradients []*gorgonia.Node
	for _, param := range trained {
		if err := s.slot(gradientSlots+param.Name, param.Shape); err != nil {
			return spec, err
		}
		g := leaf(p.graph.G, param, gradientSlots+param.Name)
		spec.Slots[g] = gradientSlots + param.Name
		gradients = append(gradients, g)
	}
	u.squares, err = op.SumSquares("norm", gradients...)
	spec.Outputs = []*gorgonia.Node{u.squares}
	return spec, err
}

// applySpec is the program of the updates from the gradients' slots.
func (s *Session) applySpec(u *updates) (spec engine.Spec, err error) {
	u.apply, spec = s.newProgram("update")
	p := u.apply
	trained, err := s.trainedOf(s.params)
	if err != nil {
		return spec, err
	}
	if s.config.ClipNorm > 0 {
		u.clip = gorgonia.NewScalar(p.graph.G, s.dtype(), gorgonia.WithName("clip"))
		spec.Inputs = append(spec.Inputs, u.clip)
	}
	for _, of := range trained {
		param := *of // the parameter in this graph
		param.Node = leaf(p.graph.G, of, of.Name)
		name := gradientSlots + of.Name
		if err := s.slot(name, of.Shape); err != nil {
			return spec, err
		}
		g := leaf(p.graph.G, of, name)
		spec.Slots[param.Node], spec.Slots[g] = of.Name, name
		u.gradients = append(u.gradients, name)
		if u.clip != nil {
			if g, err = op.Scale(of.Name, g, u.clip); err != nil {
				return spec, err
			}
			spec.Assign = append(spec.Assign, engine.Assignment{Slot: name, Value: g}) // in place: no memory of its own
		}
		if err := s.update(p, &spec, &param, g); err != nil {
			return spec, err
		}
	}
	p.inputs(&spec)
	return spec, nil
}

// Apply makes the update from the gradients that Accumulate has summed, and returns their
// 2-norm before clipping; 0 without clipping. A norm that is not finite is ErrDiverged, and
// no parameter is changed. After an error the gradients are dropped.
func (s *Session) Apply(lr float64) (norm float64, err error) {
	if !s.deferred() || s.parts == 0 {
		return 0, fmt.Errorf("trainer: %w: Apply without Accumulate", ErrConfig)
	}
	if !(lr >= 0) || math.IsInf(lr, 0) {
		return 0, fmt.Errorf("trainer: %w: learning rate %v", ErrConfig, lr)
	}
	s.parts = 0
	u, err := s.updating()
	if err != nil {
		return 0, err
	}
	if s.config.Reduce != nil {
		if err := s.config.Reduce(s.state, slices.Clone(u.gradients)); err != nil {
			return 0, fmt.Errorf("trainer: step %d: %w", s.trained+1, err)
		}
	}
	if u.norm != nil {
		if norm, err = s.gradientNorm(u); err != nil {
			return norm, err
		}
		if err := u.apply.Bind(u.clip, min(1, s.config.ClipNorm/(norm+1e-6))); err != nil {
			return norm, err
		}
	}
	if err := u.apply.bindRates(lr, s.trained+1); err != nil {
		return norm, err
	}
	if err := u.apply.Run(); err != nil {
		return norm, err
	}
	s.trained++
	return norm, s.average()
}

// gradientNorm is the 2-norm over the gradients of all parameters, as
// torch.nn.utils.clip_grad_norm_ has it.
func (s *Session) gradientNorm(u *updates) (float64, error) {
	if err := u.norm.Run(); err != nil {
		return 0, err
	}
	sum, err := u.norm.scalar(u.squares)
	if err != nil {
		return 0, err
	}
	norm := math.Sqrt(sum)
	if !metrics.Finite(norm) {
		return norm, fmt.Errorf("trainer: step %d: %w: the norm of the gradients is %v", s.trained+1, ErrDiverged, norm)
	}
	return norm, nil
}
