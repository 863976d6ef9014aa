package models

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/euryale-ml/euryale/nn"
)

// Errors of this package match one of these with errors.Is.
var (
	// ErrUnknown says that no model has that name.
	ErrUnknown = errors.New("models: unknown model")
	// ErrRegister says that a model cannot be registered.
	ErrRegister = errors.New("models: cannot register")
	// ErrConfig says that a model's configuration makes no sense.
	ErrConfig = errors.New("models: bad configuration")
)

// Config is what every registered model is made from. Models pass over what they do
// not have.
type Config struct {
	Classes   int     // outputs, at least 1
	Dropout   float64 // of VGG's classifier, 0 ≤ Dropout < 1
	ZeroGamma bool    // γ = 0 in the last normalisation of each of ResNet's blocks, when new
}

// Constructor makes a model; an error about c should match ErrConfig.
type Constructor func(c Config) (nn.Module, error)

var registry = struct {
	sync.RWMutex
	of map[string]Constructor
}{of: map[string]Constructor{}}

// Register gives a model a name that New knows. Names are made of a-z, 0-9, "_", "-"
// and "."; one that is taken is an error. A model tells its name by a method
// ModelName() string and the parameters of its last layer, which are left out when
// weights of another number of classes are loaded, by HeadParams() []string.
func Register(name string, make Constructor) error {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789_-."
	if name == "" || strings.Trim(name, allowed) != "" {
		return fmt.Errorf("%w %q: a name is made of %s", ErrRegister, name, allowed)
	}
	if make == nil {
		return fmt.Errorf("%w %q without a constructor", ErrRegister, name)
	}
	registry.Lock()
	defer registry.Unlock()
	if registry.of[name] != nil {
		return fmt.Errorf("%w %q: the name is taken", ErrRegister, name)
	}
	registry.of[name] = make
	return nil
}

// Names lists the registered models in byte order.
func Names() []string {
	registry.RLock()
	defer registry.RUnlock()
	return slices.Sorted(maps.Keys(registry.of))
}

// New makes the model of a name. An unknown name is ErrUnknown, a configuration that
// makes no sense ErrConfig.
func New(name string, c Config) (nn.Module, error) {
	registry.RLock()
	make := registry.of[name]
	registry.RUnlock()
	if make == nil {
		return nil, fmt.Errorf("%w %q: there are %s", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	m, err := make(c)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// mustRegister registers this package's models.
func mustRegister(name string, make Constructor) {
	if err := Register(name, make); err != nil {
		panic(err)
	}
}

// badConfig is an ErrConfig about a field of a model's configuration.
func badConfig(model, field string, value any, want string) error {
	return fmt.Errorf("%w: %s: %s is %v, want %s", ErrConfig, model, field, value, want)
}
