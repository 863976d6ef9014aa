// Package record records a run in a tracker: its settings, the values of each step and
// epoch, pictures, and the best weights. The training commands attach its Hook; a program
// that has its own trainer.Trainer can do so, too.
package record

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/track"
	"github.com/euryale-ml/euryale/trainer"
)

// early are the pictures of a run's folder that are recorded as soon as they exist, late those
// that are recorded at the end. In trackers their names have no ending.
var (
	early = []string{run.BatchBeforeFile, run.BatchAfterFile}
	late  = []string{run.CurvesFile, run.ConfusionFile, run.MostWrongFile, run.MostConfusedFile}
)

// BestWeights is the name of the best weights in trackers.
const BestWeights = "weights/" + run.BestFile

// Hook records a run with the settings c, in the folder dir, in t: at the start the settings,
// tags, and config.yaml as a text; at each step and epoch the values of run.Line; the
// pictures of a batch as soon as they are drawn; at the end it calls Finish. Without a folder
// (dir "") no pictures and no weights are recorded.
func Hook(t track.Tracker, dir string, c config.Config) trainer.Hook {
	h := &hook{to: t, dir: dir, config: c, early: early}
	return trainer.Hook{Name: "trackers", Start: h.start, Step: h.step, Epoch: h.epoch, End: h.end}
}

type hook struct {
	to     track.Tracker
	dir    string
	config config.Config
	early  []string // pictures that are not recorded yet
}

func (h *hook) start(trainer.Start) error { return Start(h.to, h.config) }

// Start records the settings, the tags and config.yaml.
func Start(t track.Tracker, c config.Config) error {
	return errors.Join(t.Params(Params(c)), t.Tags(Tags(c)...), t.Text("config", string(c.YAML())))
}

func (h *hook) step(e trainer.StepEvent) error {
	return errors.Join(h.pictures(e.Step), h.line(e.Point.Line(e.Time)))
}

func (h *hook) epoch(e trainer.EpochEvent) error {
	return errors.Join(h.pictures(e.Step), h.line(e.Test.Line(e.Time)))
}

// line records the values of a line. Values that are not finite are left out; trackers with a
// method NonFinite get their number.
func (h *hook) line(l run.Line) error {
	if counter, ok := h.to.(interface{ NonFinite(n int) }); ok {
		if n := l.NonFinite(); n > 0 {
			counter.NonFinite(n)
		}
	}
	return h.to.Metrics(l.Step, l.Time, l.Values())
}

// pictures records those of early that exist by now; a file that exists is complete.
func (h *hook) pictures(step int) error {
	var errs []error
	for len(h.early) > 0 && exists(h.dir, run.FiguresDir, h.early[0]) {
		errs = append(errs, picture(h.to, h.dir, h.early[0], min(step, 1)))
		h.early = h.early[1:]
	}
	return errors.Join(errs...)
}

func (h *hook) end(r *run.Report, _ error) error {
	return Finish(context.Background(), h.to, h.dir, r)
}

// Finish records the pictures, the summary, the best weights and the status of a run, and
// ends the run in the tracker.
func Finish(ctx context.Context, t track.Tracker, dir string, r *run.Report) error {
	return errors.Join(Results(t, dir, r), t.Finish(ctx, r.Status))
}

// Results is Finish without the status and the end of the run in the tracker.
func Results(t track.Tracker, dir string, r *run.Report) error {
	var errs []error
	for _, name := range early {
		if exists(dir, run.FiguresDir, name) {
			errs = append(errs, picture(t, dir, name, 1)) // an outbox skips it if Hook has recorded it
		}
	}
	for _, name := range late {
		if exists(dir, run.FiguresDir, name) {
			errs = append(errs, picture(t, dir, name, r.Steps))
		}
	}
	errs = append(errs, t.Params(summary(r)))
	if exists(dir, run.CheckpointDir, run.BestFile) {
		errs = append(errs, t.File(BestWeights, run.Folder(dir).Checkpoint(run.BestFile)))
	}
	return errors.Join(errs...)
}

// summary has the values of a Report that are recorded beside the settings.
func summary(r *run.Report) map[string]any {
	m := map[string]any{
		"summary.status": r.Status, "summary.parameters": r.Parameters, "summary.multiply_adds": r.MultiplyAdds,
		"summary.device": r.Device, "summary.threads": r.Threads,
	}
	for of, s := range map[string]*run.Scores{"best": r.Best, "last": r.Last} {
		if s != nil {
			m["summary."+of+".epoch"], m["summary."+of+".accuracy"] = s.Epoch, s.Accuracy
			m["summary."+of+".balanced_accuracy"], m["summary."+of+".loss"] = s.BalancedAccuracy, s.Loss
			if !math.IsNaN(s.Top5Accuracy) {
				m["summary."+of+".top5_accuracy"] = s.Top5Accuracy
			}
			for name, v := range s.Metrics.Map() {
				m["summary."+of+"."+name] = v
			}
		}
	}
	return m
}

func picture(t track.Tracker, dir, name string, step int) error {
	return t.Image(run.FiguresDir+"/"+strings.TrimSuffix(name, ".png"), step, run.Folder(dir).Figure(name))
}

func exists(dir string, elements ...string) bool {
	return dir != "" && run.Folder(dir).Has(elements...)
}

// Params are the settings by dotted names: integers as int64, other numbers as float64, true
// and false as bool, everything else as text. Keys of the trackers themselves are left out,
// and so are settings that do not apply, such as those of optimizers that are not chosen.
func Params(c config.Config) map[string]any {
	params := map[string]any{}
	for _, k := range config.Keys() {
		if !c.Applies(k.Path) || k.Chooser == track.Key {
			continue
		}
		if v, err := c.Get(k.Path); err == nil {
			params[k.Path] = typed(v, k.Kind)
		}
	}
	return params
}

// typed converts a setting's text to its kind.
func typed(text string, kind reflect.Kind) any {
	switch kind {
	case reflect.Bool:
		return text == "true"
	case reflect.Float64:
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f
		}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	}
	return text
}

// Tags are the tags of the trackers' settings, such as neptune.tags, then the model's name and
// the data set's.
func Tags(c config.Config) (tags []string) {
	for _, e := range track.Entries() {
		if t, ok := c.Settings(track.Key, e.Name).(track.Tagger); ok {
			tags = append(tags, t.RunTags()...)
		}
	}
	return append(tags, c.Model.Name, c.Data.Set)
}
