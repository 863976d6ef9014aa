package schedule

import "github.com/euryale-ml/euryale/registry"

// Constant is the optimizer's rate throughout, after warm-up.
type Constant struct {
	Warmup int // steps; 0 means none
}

func init() {
	list.MustRegister("constant", func(o Options) (Schedule, error) {
		return Constant{Warmup: o.Warmup()}, nil
	}, registry.About("the rate stays"), registry.Reads("warmup_epochs"))
}

// LR returns the learning rate of a step.
func (c Constant) LR(base float64, step int) float64 {
	if step <= c.Warmup {
		return warm(base, step, c.Warmup)
	}
	return base
}

// Validate returns an error that names the first invalid field.
func (c Constant) Validate(float64) error { return least("Constant.Warmup", c.Warmup, 0) }

// Describe is "constant".
func (c Constant) Describe(float64, int) string { return "constant" }
