package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/trainer"
	"github.com/euryale-ml/euryale/viz"
)

const lrfindHelp = `lrfind finds a learning rate: it trains a recipe's model for some steps, each at a greater
rate than the one before, until the loss blows up, and draws the loss over the rate. The
rate where the loss falls fastest is the suggestion; a tenth of the rate of the lowest loss
is the careful one. The weights are not kept (Smith, "Cyclical learning rates for
training neural networks", 2017).

  lrfind RECIPE [flags]
  lrfind -config FILE [flags]

`

// rateFinding is a call of lrfind.
type rateFinding struct {
	io            IO
	flags         trainFlags // -config and -set
	recipe        Recipe     // empty with -config
	sweep         trainer.RateSweep
	out           string
	quiet, asJSON bool
}

func (f *rateFinding) flagSet() *flag.FlagSet {
	s := newFlags("lrfind")
	s.StringVar(&f.flags.config, "config", "", "YAML `FILE` with the keys of train, instead of a recipe")
	s.Var(&f.flags.sets, "set", "`key=value`, any number of times, as for train")
	s.Float64Var(&f.sweep.Min, "min", 1e-7, "first learning rate")
	s.Float64Var(&f.sweep.Max, "max", 10, "last learning rate")
	s.IntVar(&f.sweep.Steps, "steps", 100, "training steps from -min to -max, at least 10")
	s.StringVar(&f.out, "out", "lrfind.png", "picture `FILE`, .png or .svg; both are written")
	s.BoolVar(&f.quiet, "quiet", false, "no progress")
	s.BoolVar(&f.asJSON, "json", false, "print one JSON object with the points and the suggestions, and nothing else, to standard output")
	return s
}

// lrfind is the command that finds a learning rate.
func (c commands) lrfind(ctx context.Context, s IO, args []string) int {
	s = forJSON(s, args)
	f := rateFinding{io: s}
	set := f.flagSet()
	names, err := f.flags.parse(set, args)
	switch {
	case errors.Is(err, errHelp):
		fmt.Fprint(s.Out, reflowed(lrfindHelp), listed("Recipes", c.names()), "\n")
		printFlags(s.Out, set)
		return Done
	case err != nil:
	case len(names) > 1:
		err = usagef("name one recipe, not %d", len(names))
	case len(names) == 0 && f.flags.config == "":
		err = usagef("which recipe? one of %s, or -config FILE", strings.Join(c.names(), ", "))
	case len(names) == 1 && !slices.Contains(c.names(), names[0]):
		err = unknownName("recipe", names[0], c.names())
	case len(names) == 1:
		f.recipe = c.recipes[slices.Index(c.names(), names[0])]
	}
	for _, note := range f.flags.notes {
		f.info("note: %s", note)
	}
	if err == nil {
		err = f.checkSweep()
	}
	if err == nil {
		err = f.run(ctx)
	}
	if err != nil {
		return fail(s, "lrfind", err)
	}
	return Done
}

// checkSweep makes a wrong number an error of usage, before any work.
func (f *rateFinding) checkSweep() error {
	switch {
	case !(f.sweep.Min > 0 && f.sweep.Max > f.sweep.Min && f.sweep.Max <= 1e6):
		return usagef("-min %g -max %g: want 0 < min < max ≤ 1e6", f.sweep.Min, f.sweep.Max)
	case f.sweep.Steps < 10 || f.sweep.Steps > 1e6:
		return usagef("-steps %d: want 10 to 1000000", f.sweep.Steps)
	case !slices.Contains([]string{".png", ".svg"}, strings.ToLower(filepath.Ext(f.out))):
		return usagef("-out %s: want a name that ends in .png or .svg", f.out)
	}
	if info, err := os.Stat(filepath.Dir(f.out)); err == nil && !info.IsDir() {
		return usagef("-out %s: %s is not a folder", f.out, filepath.Dir(f.out))
	}
	return nil
}

func (f *rateFinding) run(ctx context.Context) error {
	c, err := f.flags.newConfig(f.recipe.Config, f.recipe.Quick)
	if err != nil {
		return hintDownload(err, c.Config, "euryale train")
	}
	name := c.RunName()
	f.info("%s: %s on %s", name, c.Model.Name, c.Data.Set)
	if c.missing != nil {
		f.info("NOTE: %s; these are drawn animals", strings.TrimPrefix(c.missing.Error(), "dataset: "))
	}
	t, err := f.build(ctx, c.Config)
	if err != nil {
		return hintDownload(err, c.Config, "euryale train")
	}
	defer t.Close()
	images := t.Config().Batch * max(1, c.Train.Accumulate)
	f.info("%d steps of %s from %g to %g", f.sweep.Steps, inwords.Count(images, "image"), f.sweep.Min, f.sweep.Max)
	curve, err := f.find(ctx, t)
	if err != nil {
		return err
	}
	pictures, err := f.draw(name, curve)
	if err != nil {
		return err
	}
	return f.printResult(name, c.Config, curve, pictures)
}

func (f *rateFinding) build(ctx context.Context, c config.Config) (*trainer.Trainer, error) {
	progress := io.Discard
	if !f.quiet {
		progress = f.io.Err
	}
	found, err := withRoot(ctx, c, downloadProgress(progress))
	if err != nil {
		return nil, err
	}
	return trainer.FromConfig(found, trainer.WithContext(ctx), trainer.WithLogger(newLogger(f.io.Err)))
}

// find trains with growing rates and prints its progress every few seconds.
func (f *rateFinding) find(ctx context.Context, t *trainer.Trainer) (*trainer.RateCurve, error) {
	shown := time.Now()
	f.sweep.Each = func(p trainer.RatePoint) {
		if now := time.Now(); now.Sub(shown) >= lineEvery {
			shown = now
			f.info("step %d/%d  lr %.3g  loss %.4g  smoothed %.4g", p.Step, f.sweep.Steps, p.LR, p.Loss, p.Smoothed)
		}
	}
	return t.FindRate(ctx, f.sweep)
}

// draw writes both pictures and returns their paths, the one of -out first.
func (f *rateFinding) draw(name string, c *trainer.RateCurve) ([]string, error) {
	r := viz.RateCurve{Title: name, Steepest: c.Steepest, Tenth: c.Tenth()}
	for _, p := range c.Points {
		r.Rates, r.Losses, r.Smoothed = append(r.Rates, p.LR), append(r.Losses, p.Loss), append(r.Smoothed, p.Smoothed)
	}
	other := ".svg"
	if strings.EqualFold(filepath.Ext(f.out), other) {
		other = ".png"
	}
	paths := []string{f.out, strings.TrimSuffix(f.out, filepath.Ext(f.out)) + other}
	for _, path := range paths {
		if err := viz.Rates(path, r); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// printResult prints the suggestions.
func (f *rateFinding) printResult(name string, c config.Config, curve *trainer.RateCurve, pictures []string) error {
	if f.asJSON {
		e := json.NewEncoder(f.io.Out)
		e.SetEscapeHTML(false)
		return e.Encode(struct {
			Name       string  `json:"name"`
			Suggestion float64 `json:"suggestion"` // the steepest; 0: there is none
			Tenth      float64 `json:"tenth"`
			LR         float64 `json:"lr"` // the optim.lr that makes Suggestion the rate
			*trainer.RateCurve
			Pictures []string `json:"pictures"`
		}{name, curve.Steepest, curve.Tenth(), c.LRFor(curve.Steepest), curve, pictures})
	}
	if curve.Steepest == 0 {
		fmt.Fprintf(f.io.Out, "no suggestion: the loss never fell between %g and %g\n", f.sweep.Min, curve.Points[len(curve.Points)-1].LR)
	} else {
		fmt.Fprintf(f.io.Out, "suggested learning rate: %.2g (steepest fall of the loss)\n", curve.Steepest)
		fmt.Fprintf(f.io.Out, "careful learning rate: %.2g (a tenth of that of the lowest loss)\n", curve.Tenth())
		c.Optim.LR, _ = strconv.ParseFloat(fmt.Sprintf("%.2g", c.LRFor(curve.Steepest)), 64)
		fmt.Fprintf(f.io.Out, "train with it: -set optim.lr=%g (%s)\n", c.Optim.LR, c.ExplainRate())
	}
	fmt.Fprintf(f.io.Out, "picture: %s\n", pictures[0])
	return nil
}

// info writes a line of progress.
func (f *rateFinding) info(format string, args ...any) {
	if !f.quiet {
		fmt.Fprintf(f.io.Err, format+"\n", args...)
	}
}
