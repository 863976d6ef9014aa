package models

import (
	"errors"
	"fmt"
	"strings"

	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/registry"
)

// Errors of this package match one of these with errors.Is.
var (
	// ErrUnknown: no model is registered under the name.
	ErrUnknown = errors.New("models: unknown model")
	// ErrRegister: a model cannot be registered.
	ErrRegister = registry.ErrRegister
	// ErrConfig: a field of a model's configuration is invalid.
	ErrConfig = errors.New("models: bad configuration")
)

// Config is the configuration that every registered model is made from. Fields that a model
// does not use are ignored.
type Config struct {
	Classes   int     // outputs, at least 1
	Dropout   float64 // of VGG's classifier, 0 ≤ Dropout < 1
	ZeroGamma bool    // initial γ = 0 in the last normalisation of each of ResNet's blocks
	// Settings are the model's own, of the type given to registry.Settings when it was
	// registered; nil means the registered defaults.
	Settings any
}

// Constructor makes a model; an error about c should match ErrConfig.
type Constructor func(c Config) (nn.Module, error)

// list is the registry; each file of this package adds its models.
var list = registry.New[Constructor]("model.name", "model")

// Register adds a model under a name for New, configuration files and commands (key
// model.name). Names consist of a-z, 0-9, "_", "-" and "."; a name in use is an error. The
// options describe the model and may give it keys of its own, such as model.mine.width. The
// model should implement Named, and WithHead so that weights of another number of classes
// can be loaded.
func Register(name string, make Constructor, options ...registry.Option) error {
	if make == nil {
		return fmt.Errorf("models: %w %q without a constructor", ErrRegister, name)
	}
	if err := list.Register(name, make, options...); err != nil {
		return fmt.Errorf("models: %w", err)
	}
	return nil
}

// Names lists the registered models in byte order.
func Names() []string { return list.Names() }

// Entries describes the registered models, in byte order of their names.
func Entries() []registry.Entry { return list.Entries() }

// New makes the model registered under name. An unknown name is ErrUnknown, an invalid
// configuration ErrConfig.
func New(name string, c Config) (nn.Module, error) {
	make, ok := list.Find(name)
	if !ok {
		return nil, fmt.Errorf("%w %q: there are %s", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	if e, _ := list.Entry(name); c.Settings == nil {
		c.Settings = e.Settings
	}
	m, err := make(c)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// badConfig is an ErrConfig about a field of a model's configuration.
func badConfig(model, field string, value any, want string) error {
	return fmt.Errorf("%w: %s: %s is %v, want %s", ErrConfig, model, field, value, want)
}
