package config

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/euryale-ml/euryale/internal/address"
	"github.com/euryale-ml/euryale/metrics"
)

// Validate checks every value's range, whether the values fit each other, and whether this
// version has them (else ErrUnavailable). Names have to be registered; names of a kind for
// which this program has no package are not checked. The error joins everything found.
func (c *Config) Validate() error {
	errs := []error{tree().clash}
	for _, k := range tree().keys {
		v := k.value(c)
		if err := k.check(v); err != nil {
			errs = append(errs, err)
		} else if err := k.unavailable(k.get(c)); err != nil {
			errs = append(errs, err)
		} else {
			errs = append(errs, k.checkNames(v))
		}
	}
	errs = append(errs, c.together()...)
	for _, o := range tree().own {
		errs = append(errs, o.validate(c))
	}
	return errors.Join(errs...)
}

// together checks values that have to fit each other.
func (c *Config) together() []error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, &keyError{fmt.Sprintf(format, args...), ErrRange})
	}
	if c.Data.Resize < c.Data.Crop {
		bad("data.resize = %d is less than data.crop = %d: want it at least as large", c.Data.Resize, c.Data.Crop)
	}
	if _, err := c.Optim.ParseRateScales(); err != nil {
		errs = append(errs, err)
	}
	if _, err := metrics.ParseCriterion(c.Train.Best); err != nil {
		bad("train.best = %v", err)
	}
	if c.Optim.Nesterov && c.Optim.Momentum == 0 {
		bad("optim.nesterov = true needs optim.momentum greater than 0")
	}
	errs = append(errs, c.checkSchedule())
	if n := c.Name; strings.ContainsAny(n, "/\\\x00") || n == "." || n == ".." {
		bad("name = %q: want a name that can be a folder's, without / and \\", n)
	}
	if err := address.Check("data.url", c.Data.URL, "an address without it"); err != nil {
		bad("%v", err)
	}
	for _, p := range c.Model.Freeze {
		if _, err := path.Match(p, ""); err != nil {
			bad("model.freeze = %q: want a pattern of names with *, ? and [a-z]", p)
		}
	}
	return errs
}
