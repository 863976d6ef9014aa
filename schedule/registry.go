package schedule

import (
	"fmt"
	"strings"

	"github.com/euryale-ml/euryale/registry"
)

// Options describe a schedule in epochs, as a configuration does.
type Options struct {
	StepsPerEpoch int     // at least 1
	Epochs        int     // of the run, at least 1
	WarmupEpochs  int     // 0 means none; must be 0 for "onecycle", which rises by itself
	StepEpochs    int     // of "step": epochs between two falls of the rate, at least 1
	Gamma         float64 // of "step": the factor of each fall, more than 0
	MinLR         float64 // of "cosine": the last rate, at least 0
	// Settings are the schedule's own, of the type given to registry.Settings when it was
	// registered; nil means the registered defaults.
	Settings any
}

// Steps is the number of steps of the run.
func (o Options) Steps() int { return o.StepsPerEpoch * o.Epochs }

// Warmup is the number of steps of the warm-up.
func (o Options) Warmup() int { return o.StepsPerEpoch * o.WarmupEpochs }

// Constructor makes a schedule.
type Constructor func(o Options) (Schedule, error)

// list is the registry; each file of this package adds its schedule.
var list = registry.New[Constructor]("schedule.name", "schedule")

// Register adds a schedule under a name for New, configuration files and commands (key
// schedule.name). Names consist of a-z, 0-9, "_", "-" and "."; a name in use is an error.
// The options describe the schedule and may give it keys of its own, such as
// schedule.mine.power.
func Register(name string, make Constructor, options ...registry.Option) error {
	if make == nil {
		return fmt.Errorf("schedule: %w %q without a constructor", registry.ErrRegister, name)
	}
	if err := list.Register(name, make, options...); err != nil {
		return fmt.Errorf("schedule: %w", err)
	}
	return nil
}

// Names lists the registered schedules in byte order.
func Names() []string { return list.Names() }

// New makes the schedule registered under name. Options that the schedule does not use are
// ignored. Errors wrap ErrConfig: a *FieldError about a field of Options or, for an unknown
// name, an error that lists the registered names.
func New(name string, o Options) (Schedule, error) {
	make, ok := list.Find(name)
	if !ok {
		return nil, fmt.Errorf("schedule: %q: %w: want one of %s", name, ErrConfig, strings.Join(Names(), ", "))
	}
	if err := first(least("StepsPerEpoch", o.StepsPerEpoch, 1), least("Epochs", o.Epochs, 1), least("WarmupEpochs", o.WarmupEpochs, 0)); err != nil {
		return nil, err
	}
	if e, _ := list.Entry(name); o.Settings == nil {
		o.Settings = e.Settings
	}
	return make(o)
}
