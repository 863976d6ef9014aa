package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/internal/smallfile"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// trainFlags are the flags of the training commands.
type trainFlags struct {
	config, out, http              string
	sets                           words
	resume, quiet, asJSON, profile bool
	show                           bool
	version                        bool
	notes                          []string // on keys that were typed under other names
}

// parse reads the arguments of a training command.
func (o *trainFlags) parse(f *flag.FlagSet, args []string) (others []string, err error) {
	for i, arg := range args { // -resume=DIR is -resume DIR
		name, value, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if _, err := strconv.ParseBool(value); given && err != nil && name == "resume" && arg != name+"="+value {
			args = slices.Concat(args[:i], []string{"-resume", value}, args[i+1:])
			break
		}
	}
	others, err = parse(f, args)
	o.config, o.out = fromHome(o.config), fromHome(o.out)
	if err == nil {
		o.sets, o.notes, err = knownKeys(o.sets)
	}
	if err == nil && o.resume && o.out == "" && len(others) == 1 {
		o.out, others = runOf(others[0]), nil
		o.notes = append(o.notes, "-resume DIR is -resume -out DIR: "+o.out)
	}
	return others, err
}

// runOf is the run's folder for a path that may be one of its checkpoints.
func runOf(path string) string {
	if dir := filepath.Dir(path); filepath.Base(dir) == run.CheckpointDir {
		return filepath.Dir(dir)
	}
	return path
}

func (o *trainFlags) flags() *flag.FlagSet {
	f := newFlags("train")
	f.StringVar(&o.config, "config", "", "YAML `FILE` with settings, instead of the built-in recipe")
	f.Var(&o.sets, "set", "a setting, `key=value`, any number of times; overrides the file; lists have commas")
	f.StringVar(&o.out, "out", "", "folder `DIR` of the run; default "+RunsDir+"/<name>-<time>")
	f.BoolVar(&o.resume, "resume", false, "resume the run in -out, or -resume RUN")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
	f.BoolVar(&o.asJSON, "json", false, "print the results as one JSON object, and nothing else")
	f.BoolVar(&o.profile, "profile", false, "print the time of each kind of step at the end")
	f.StringVar(&o.http, "http", "", "serve a live page at `ADDRESS`, such as 127.0.0.1:6060")
	f.BoolVar(&o.show, "show", false, "show the first batch in the terminal, if it can")
	f.BoolVar(&o.version, "version", false, "print versions and kernels")
	return f
}

// maxConfig is the largest size of a -config file, in bytes.
const maxConfig = 1 << 20

// loadFile reads -config onto c.
func (o *trainFlags) loadFile(c *config.Config) error {
	data, err := smallfile.Input(o.config, maxConfig)
	if err != nil {
		return usagef("-config: %w", err)
	}
	if err := config.Load(data, c); err != nil {
		return usagef("-config %s: %w", o.config, err)
	}
	return nil
}

// applySets applies every -set to c.
func (o *trainFlags) applySets(c *config.Config) error {
	for _, s := range o.sets {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			return usagef("-set %s: want key=value", s)
		}
		if err := c.Set(strings.TrimSpace(key), strings.TrimSpace(value)); err != nil {
			return usagef("-set %s: %w", s, err)
		}
	}
	return nil
}

// checkConfig is an error if a value is out of its range or an unknown name.
func checkConfig(c config.Config) error {
	if err := c.Validate(); err != nil {
		return usageError{err}
	}
	return nil
}

// checkBest is an error, before a folder is made, if train.best is not a metric of the command:
// it has no hooks that measure others.
func checkBest(c config.Config) error {
	metrics := []string{"accuracy", "balanced_accuracy", "top5_accuracy", "loss"}
	name := strings.TrimPrefix(c.Train.Best, "min:")
	if name == "" || slices.Contains(metrics, name) {
		return nil
	}
	hint := ""
	if near := nearest(name, metrics); near != "" {
		hint = fmt.Sprintf("; did you mean %s?", near)
	}
	return usagef("train.best = %s: a run of this command has %s; other metrics are measured by hooks of trainer.Trainer%s", c.Train.Best, strings.Join(metrics, ", "), hint)
}

// chosen is the configuration of a new run, and the choices behind it.
type chosen struct {
	config.Config
	missing error // why drawn images are used under auto; nil if they are not
}

// newConfig makes the configuration of a new run: the recipe, or -config, then -set. With
// data.set=auto it looks for the pets; without them the quick profile applies, except to keys
// that were given.
func (o *trainFlags) newConfig(recipe, quick []byte) (c chosen, err error) {
	if c.Config, err = o.layers(recipe, nil); err != nil {
		return c, err
	}
	set, missing := dataset.Resolve(c.Data.Set, trainer.DataOptions(c.Config))
	if c.missing = missing; missing != nil {
		if c.Config, err = o.layers(recipe, quick); err != nil {
			return c, err
		}
		fitSizes(&c.Config)
	}
	c.Data.Set = set
	if err := absolutePaths(&c.Config); err != nil {
		return c, err
	}
	return c, cmp.Or(checkConfig(c.Config), checkBest(c.Config))
}

// layers builds the configuration, later parts overriding earlier ones: defaults, the recipe,
// the quick profile, -config (which replaces the recipe), -set.
func (o *trainFlags) layers(recipe, quick []byte) (config.Config, error) {
	c := config.Default()
	if o.config == "" {
		if err := config.LoadBase(recipe, &c); err != nil {
			return c, fmt.Errorf("the built-in recipe: %w", err)
		}
	}
	if err := config.LoadBase(quick, &c); err != nil {
		return c, fmt.Errorf("the built-in quick profile: %w", err)
	}
	if o.config != "" {
		if err := o.loadFile(&c); err != nil {
			return c, err
		}
	}
	return c, o.applySets(&c)
}

// fitSizes adapts the quick profile's data.resize or data.crop if only the other one was
// given, so that the two fit.
func fitSizes(c *config.Config) {
	if c.Data.Resize >= c.Data.Crop {
		return
	}
	switch resize, crop := c.Given("data.resize"), c.Given("data.crop"); {
	case crop && !resize:
		c.Data.Resize = (c.Data.Crop*9 + 7) / 8
	case resize && !crop:
		c.Data.Crop = c.Data.Resize
	}
}

// withRoot returns c with the folder of its set, after downloading it if it is missing and
// the configuration asks for it. The run's config.yaml keeps the given root, so that a run
// can be resumed after the set has moved.
func withRoot(ctx context.Context, c config.Config, progress func(dataset.Progress)) (config.Config, error) {
	set, _ := dataset.Lookup(c.Data.Set)
	if c.Data.Root == "" && set.Find != nil {
		if root, err := set.Find(); err == nil {
			c.Data.Root = root
		}
	}
	if !c.Data.Download || set.Download == nil {
		return c, nil
	}
	o := trainer.DataOptions(c)
	o.Progress = progress
	root, err := set.Download(ctx, o)
	if err != nil {
		return c, err
	}
	c.Data.Root = root
	return c, nil
}

// hintDownload adds to the error for a missing set how to get it.
func hintDownload(err error, c config.Config, again string) error {
	set, _ := dataset.Lookup(c.Data.Set)
	if !errors.Is(err, dataset.ErrNoSet) || set.Download == nil || c.Data.Root != "" {
		return err
	}
	return fmt.Errorf("%w; get it with: %s %s", err, again, downloadFlags(c.Data.Set))
}

// downloadFlags are the flags that download a set.
func downloadFlags(set string) string { return "-set data.download=true -set data.set=" + quote(set) }
