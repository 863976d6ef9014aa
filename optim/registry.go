package optim

import (
	"fmt"
	"strings"

	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/registry"
)

// Config is what every registered optimizer is made from: the section optim of a
// configuration. An optimizer names the fields that it reads by registry.Reads, by their
// keys.
type Config struct {
	LR          float64    // the rate that schedules start from, linear scaling applied
	Momentum    float64    // momentum
	Nesterov    bool       // nesterov
	WeightDecay float64    // weight_decay
	Betas       [2]float64 // betas
	Eps         float64    // eps
	// Groups give some parameters their own decay and rate: no_bias_decay, rate_scales.
	Groups Groups
	// Scale multiplies the rate of each parameter: layer_decay; nil: 1.
	Scale func(p *nn.Param) float64
	// Settings are those that the optimizer alone has, of the type that it was registered
	// with by registry.Settings; New fills in the registered defaults where it is nil.
	Settings any
}

// Constructor makes an optimizer.
type Constructor func(c Config) (Optimizer, error)

// list is filled by the files of this package, each with its optimizer.
var list = registry.New[Constructor]("optim.name", "optimizer")

// Register gives an optimizer a name that New, configuration files and commands know:
// optim.name. Names are made of a-z, 0-9, "_", "-" and "."; one that is taken is an error.
// The options describe it, and may give it settings of its own, such as optim.mine.beta.
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

// New makes the optimizer of a name. Errors wrap ErrConfig; one about the name lists those
// that there are.
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
