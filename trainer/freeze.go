package trainer

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/nn"
)

// Backbone, in Config.Freeze, stands for every parameter but those of the classifier, which
// the model names by its method HeadParams.
const Backbone = "backbone"

// freezing lists the parameters and running statistics that a run does not change.
type freezing struct {
	params map[string]bool // names of parameters that are not trained
	norms  map[string]bool // paths of BatchNorms that keep their running statistics
}

func (f *freezing) param(p *nn.Param) bool { return f.params[p.Name] }

func (f *freezing) keepsStatistics(path string) bool { return f.norms[path] }

// freeze applies Config.Freeze and Config.FreezeStatistics to a model. A pattern that
// matches no parameter is an error, since a misspelled one would leave parameters trainable,
// and so is a model of which nothing is trained.
func freeze(m nn.Module, g *nn.Graph, c Config) (*freezing, error) {
	f := &freezing{params: map[string]bool{}, norms: map[string]bool{}}
	for _, pattern := range c.Freeze {
		matches := func(name string) bool { ok, _ := path.Match(pattern, name); return ok }
		if strings.EqualFold(pattern, Backbone) {
			head, err := headOf(m, g)
			if err != nil {
				return nil, err
			}
			matches = func(name string) bool { return !slices.Contains(head, name) }
		} else if err := matchesOne("Config.Freeze", pattern, g.Params); err != nil {
			return nil, err
		}
		for _, p := range g.Params {
			if matches(p.Name) {
				f.params[p.Name] = true
			}
		}
	}
	if len(g.Params) > 0 && len(f.params) == len(g.Params) {
		return nil, fmt.Errorf("trainer: Config.Freeze: %w: every parameter is frozen", ErrConfig)
	}
	if c.FreezeStatistics {
		f.freezeNorms(g)
	}
	return f, nil
}

// headOf names the parameters of a model's classifier, for Backbone; a model that does not
// name them is an error.
func headOf(m nn.Module, g *nn.Graph) ([]string, error) {
	head := HeadParams(m)
	for _, name := range head {
		if !slices.ContainsFunc(g.Params, func(p *nn.Param) bool { return p.Name == name }) {
			return nil, fmt.Errorf("trainer: Config.Freeze: %w: HeadParams of %s names %s, which is none of its parameters", ErrConfig, modelName(m), name)
		}
	}
	if len(head) == 0 {
		return nil, fmt.Errorf("trainer: Config.Freeze: %w: %s has no method HeadParams() []string, so that %q is not known; list patterns of names instead",
			ErrConfig, modelName(m), Backbone)
	}
	return head, nil
}

// freezeNorms chooses the BatchNorms of which no parameter is trained, or all.
func (f *freezing) freezeNorms(g *nn.Graph) {
	trained, all := map[string]bool{}, map[string]bool{}
	for _, p := range g.Params {
		if p.Role == nn.NormScale || p.Role == nn.NormShift {
			layer, _ := p.Layer()
			all[layer] = true
			trained[layer] = trained[layer] || !f.params[p.Name]
		}
	}
	for layer := range all {
		if !trained[layer] {
			f.norms[layer] = true
		}
	}
	if len(f.norms) == 0 {
		f.norms = all
	}
}

// count adds one to the BatchNorms' counters of training batches, but not to those of
// BatchNorms that keep their statistics, as in PyTorch.
func (s *Session) count() {
	for name := range s.counters {
		layer, _ := (&nn.Param{Name: name}).Layer()
		if s.config.KeepStatistics == nil || !s.config.KeepStatistics(layer) {
			s.counters[name]++
		}
	}
}

// Frozen counts the values that a Trainer does not change.
type Frozen struct {
	Parameters int // elements of the parameters that are not trained
	Of         int // elements of all parameters
	Norms      int // BatchNorms that keep their running statistics
}

// Frozen counts the values that Config.Freeze and Config.FreezeStatistics keep unchanged.
func (t *Trainer) Frozen() Frozen {
	f := Frozen{Of: t.Parameters(), Norms: len(t.frozen.norms)}
	for _, p := range t.graph.Params {
		if t.frozen.param(p) {
			f.Parameters += p.Elements()
		}
	}
	return f
}

// resumeFreezing compares the parameters that were trained at a checkpoint with those that
// are trained now, and returns those that were frozen until now. The optimizer counts their
// steps from here on.
func (t *Trainer) resumeFreezing(at position) (thawed map[string]bool, err error) {
	thawed, frozen := map[string]bool{}, 0
	t.session.since = map[string]int64{}
	for _, p := range t.graph.Params {
		before, now := slices.Contains(at.Frozen, p.Name), t.frozen.param(p)
		switch {
		case before && !now:
			thawed[p.Name] = true
			t.session.since[p.Name] = int64(at.Step)
		case !before && now:
			frozen++
		case !now && at.Since[p.Name] > 0:
			t.session.since[p.Name] = at.Since[p.Name]
		}
	}
	if len(thawed) > 0 || frozen > 0 {
		t.config.Logger.Info(fmt.Sprintf("resume: %d parameters are trained from here on, with a fresh state of the optimizer, and %d are frozen; "+
			"the results differ from those of a run with the same freezing throughout", len(thawed), frozen))
	}
	if len(t.session.since) == 0 {
		return thawed, nil
	}
	return thawed, errors.Join(t.session.closePrograms(), t.compile()) // their inputs are other counts of steps
}

// slotOf is the parameter that a slot of the optimizer belongs to; "" if name is no such slot.
func slotOf(name string) string {
	rest, ok := strings.CutPrefix(name, optimSlots)
	if !ok {
		return ""
	}
	_, param, _ := strings.Cut(rest, "/")
	return param
}
