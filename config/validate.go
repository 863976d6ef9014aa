package config

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/metrics"
)

// Known names what a program offers for the keys that choose by name, what users
// registered included. A nil list is not known: then any name passes.
type Known struct{ Models, Sets, Devices []string }

// The names that come with this module.
var (
	builtInModels = []string{"vgg16", "vgg16_bn", "resnet50", "resnet50b", "resnet50c", "resnet50d"}
	builtInSets   = []string{"auto", "oxford-iiit-pet", "image-folder", "drawn"}
)

// namesOf is what a list of names holds for Help: known's, else the module's own.
func namesOf(which string, known []Known) []string {
	names := map[string][]string{"models": builtInModels, "sets": builtInSets}[which]
	for _, k := range known {
		if given := k.list(which); given != nil {
			names = given
		}
	}
	return names
}

func (k Known) list(which string) []string {
	switch {
	case which == "models":
		return k.Models
	case which == "devices":
		return k.Devices
	case k.Sets == nil || slices.Contains(k.Sets, "auto"):
		return k.Sets
	}
	return append([]string{"auto"}, k.Sets...)
}

// Validate checks every value's range, what hangs together, and that this
// version can do it, else the error is ErrUnavailable. Given known, the names of model,
// set and device must be in its lists (the set "auto" always is); without, they need only
// be there. All that is wrong is in the error.
func (c *Config) Validate(known ...Known) error {
	var errs []error
	for _, k := range keys {
		v := k.field(c)
		if err := k.check(v); err != nil {
			errs = append(errs, err)
		} else if err := k.unavailable(k.get(c), known); err != nil {
			errs = append(errs, err)
		} else if k.names != "" {
			errs = append(errs, k.checkName(v.String(), known))
		}
	}
	errs = append(errs, c.together()...)
	return errors.Join(errs...)
}

func (k *key) checkName(name string, known []Known) error {
	if name == "" {
		return &keyError{fmt.Sprintf("%s is empty: want %s", k.path, k.wants(known...)), ErrRange}
	}
	for _, list := range known {
		if names := list.list(k.names); names != nil && !slices.Contains(names, name) {
			return &keyError{fmt.Sprintf("%s = %q is unknown: want %s", k.path, name, k.wants(known...)) + nearestOf(name, names), ErrRange}
		}
	}
	return nil
}

// together checks what no key can say alone.
func (c *Config) together() []error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, &keyError{fmt.Sprintf(format, args...), ErrRange})
	}
	if c.Data.Resize < c.Data.Crop {
		bad("data.resize = %d is less than data.crop = %d: want it at least as large", c.Data.Resize, c.Data.Crop)
	}
	if c.Optim.Name == "adamw" && (c.Optim.Nesterov || c.Given("optim.momentum") && c.Optim.Momentum != Default().Optim.Momentum) {
		bad("optim.momentum and optim.nesterov are of sgd, and optim.name = adamw has optim.betas: leave them out")
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
	if c.Schedule.Name == "cosine" && c.Schedule.MinLR > c.Rate() {
		bad("schedule.min_lr = %g is greater than optim.lr, the rate that it falls from (%s)", c.Schedule.MinLR, c.ExplainRate())
	}
	if c.Schedule.Name == "onecycle" && c.Schedule.WarmupEpochs > 0 {
		bad("schedule.warmup_epochs = %d: want 0, since schedule.name = onecycle rises by itself", c.Schedule.WarmupEpochs)
	}
	if n := c.Name; strings.ContainsAny(n, "/\\\x00") || n == "." || n == ".." {
		bad("name = %q: want a name that can be a folder's, without / and \\", n)
	}
	if _, query, ok := strings.Cut(c.MLflow.URI, "?"); ok && query != "" {
		bad("mlflow.uri has a query, which is never sent and would be written to config.yaml: want an address without it")
	}
	for _, address := range []struct{ key, value, instead string }{
		{"mlflow.uri", c.MLflow.URI, "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD in the environment"},
		{"data.url", c.Data.URL, "an address without it"},
	} {
		if u, err := url.Parse(address.value); err != nil {
			bad("%s cannot be read as an address", address.key) // not shown: it may hold a password
		} else if u.User != nil || u.Host == "" && strings.Contains(address.value, "@") { // a token may stand in either place
			bad("%s holds a user or a password, which would be written to config.yaml: want %s", address.key, address.instead)
		}
	}
	for _, p := range c.Model.Freeze {
		if _, err := path.Match(p, ""); err != nil {
			bad("model.freeze = %q: want a pattern of names with *, ? and [a-z]", p)
		}
	}
	return errs
}
