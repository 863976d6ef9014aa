package optim

import (
	"fmt"
	"strings"

	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/registry"
)

// Config is the section optim of a configuration; every registered optimizer is made from
// it. An optimizer lists the keys that it reads with registry.Reads.
type Config struct {
	LR          float64    // the rate that schedules start from, linear scaling applied
	Momentum    float64    // momentum
	Nesterov    bool       // nesterov
	WeightDecay float64    // weight_decay
	Betas       [2]float64 // betas
	Eps         float64    // eps
	// Groups override the decay and the rate of some parameters: no_bias_decay, rate_scales.
	Groups Groups
	// Scale returns a factor on the rate of each parameter: layer_decay; nil: 1.
	Scale func(p *nn.Param) float64
	// Settings are the optimizer's own, of the type given to registry.Settings when it was
	// registered; nil means the registered defaults.
	Settings any
}

// Constructor makes an optimizer.
type Constructor func(c Config) (Optimizer, error)

// list is the registry; each file of this package adds its optimizer.
var list = registry.New[Constructor]("optim.name", "optimizer")

// Register adds an optimizer under a name for New, configuration files and commands (key
// optim.name). Names consist of a-z, 0-9, "_", "-" and "."; a name in use is an error. The
// options describe the optimizer and may give it keys of its own, such as optim.mine.beta.
func Register(name string, make Constructor, options ...registry.Option) error {
	if make == nil {
		return fmt.Errorf("optim: %w %q without a constructor", registry.ErrRegister, name)
	}
	if err := list.Register(name, make, options...); err != nil {
		return fmt.Errorf("optim: %w", err)
	}
	return nil
}

// Names lists the registered optimizers in byte order.
func Names() []string { return list.Names() }

// New makes the optimizer registered under name. Errors wrap ErrConfig; the one for an
// unknown name lists the registered names.
func New(name string, c Config) (Optimizer, error) {
	make, ok := list.Find(name)
	if !ok {
		return nil, fmt.Errorf("optim: %q: %w: want one of %s", name, ErrConfig, strings.Join(Names(), ", "))
	}
	if e, _ := list.Entry(name); c.Settings == nil {
		c.Settings = e.Settings
	}
	o, err := make(c)
	if err != nil {
		return nil, err
	}
	return o, o.Validate()
}
