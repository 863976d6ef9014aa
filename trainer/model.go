package trainer

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/transforms"
)

// modelName is a model's registered name if it is models.Named, else its Go type.
func modelName(m nn.Module) string {
	if n, ok := m.(models.Named); ok {
		return n.ModelName()
	}
	return fmt.Sprintf("%T", m)
}

// HeadParams names the parameters of a model's classifier, as the model lists them.
func HeadParams(m nn.Module) []string {
	if h, ok := m.(models.WithHead); ok {
		return h.HeadParams()
	}
	return nil
}

// Aliases are other libraries' names for a model's parameters, as the model lists them.
func Aliases(m nn.Module) (list []checkpoint.Alias) {
	if a, ok := m.(models.WithAliases); ok {
		for _, one := range a.Aliases() {
			list = append(list, checkpoint.Alias(one))
		}
	}
	return list
}

// Tensors copies the model's state dict: parameters and running statistics, or their averages
// with SessionConfig.EMA, and counters, with PyTorch's names and layouts.
func (s *Session) Tensors() ([]checkpoint.Tensor, error) {
	var tensors []checkpoint.Tensor
	for _, spec := range s.specs() {
		if spec.Counter {
			tensors = append(tensors, checkpoint.Tensor{Name: spec.Name, Shape: []int{}, Data: []int64{s.counters[spec.Name]}})
			continue
		}
		t, err := s.readSlot(s.shown(spec.Name))
		if err != nil {
			return nil, err
		}
		t.Name = spec.Name
		tensors = append(tensors, t)
	}
	return tensors, nil
}

// specs describes the tensors of the model's state dict.
func (s *Session) specs() []checkpoint.Spec {
	return Specs(&nn.Graph{Params: s.params, Buffers: s.buffers, Counters: s.names})
}

// Specs describes the tensors of the state dict of a model, from its graph.
func Specs(g *nn.Graph) (specs []checkpoint.Spec) {
	for _, p := range g.Params {
		specs = append(specs, checkpoint.Spec{Name: p.Name, Shape: p.Shape})
	}
	for _, b := range g.Buffers {
		specs = append(specs, checkpoint.Spec{Name: b.Name, Shape: b.Shape})
	}
	for _, name := range g.Counters {
		specs = append(specs, checkpoint.Spec{Name: name, Shape: []int{}, Counter: true})
	}
	return specs
}

// readSlot copies a slot of the State.
func (s *Session) readSlot(name string) (checkpoint.Tensor, error) {
	shape, _ := s.state.Shape(name)
	n := tensor.Shape(shape).TotalSize()
	var host any = make([]float32, n)
	if dt, _ := s.state.DType(name); dt == device.Float64 {
		host = make([]float64, n)
	}
	if err := s.state.Read(name, host); err != nil {
		return checkpoint.Tensor{}, err
	}
	return checkpoint.Tensor{Name: name, Shape: shape, Data: host}, nil
}

// writeTensors writes tensors to the slots and counters of their names, and to the slots
// of their averages.
func (s *Session) writeTensors(path string, tensors []checkpoint.Tensor) error {
	for _, t := range tensors {
		if s.setCounter(t) {
			continue
		}
		for _, name := range []string{t.Name, averageSlots + t.Name} {
			if name != t.Name && !s.state.Has(name) {
				continue
			}
			if err := s.state.Write(name, s.converted(t.Data)); err != nil {
				return fmt.Errorf("trainer: %s: %w", path, err)
			}
		}
	}
	return nil
}

// setCounter sets the counter that a tensor holds, and reports whether it holds one.
func (s *Session) setCounter(t checkpoint.Tensor) bool {
	n, ok := t.Data.([]int64)
	if _, known := s.counters[t.Name]; !ok || len(n) != 1 || !known {
		return false
	}
	s.counters[t.Name] = n[0]
	return true
}

// converted returns floats in the type of the slots, and other data as they are.
func (s *Session) converted(data any) any {
	switch f := data.(type) {
	case []float32:
		return s.typed(f)
	case []float64:
		if s.dtype() == tensor.Float64 {
			return f
		}
		short := make([]float32, len(f))
		for i, v := range f {
			short[i] = float32(v)
		}
		return short
	}
	return data
}

// SaveModel writes the model's state dict as safetensors with PyTorch's names and
// layouts, and its classes and preprocessing in the metadata. The file is written
// completely or not at all.
func (t *Trainer) SaveModel(path string) error {
	f, err := t.modelFile()
	if err != nil {
		return err
	}
	return checkpoint.Write(path, f)
}

// modelFile is the content of the model's file: its state dict, and its classes and
// preprocessing in the metadata.
func (t *Trainer) modelFile() (*checkpoint.File, error) {
	tensors, err := t.session.Tensors()
	if err != nil {
		return nil, err
	}
	c := t.config
	normalize, _, err := transforms.NormalizationOf(c.Test)
	if err != nil {
		return nil, err
	}
	info := checkpoint.Info{Model: modelName(t.model), Classes: t.classes, Preprocessing: &checkpoint.Preprocessing{
		Resize: c.Resize, Crop: c.Crop, Mean: normalize.Mean, Std: normalize.Std,
	}}
	return &checkpoint.File{Tensors: tensors, Metadata: info.Metadata()}, nil
}
