package trainer

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/run"
)

// measure adds the metrics of the hooks to an evaluation.
func (t *Trainer) measure(e *EpochEvent) {
	all := map[string]float64{}
	t.callHooks("measure", func(h *Hook) error {
		if h.Measure == nil {
			return nil
		}
		values, err := h.Measure(*e)
		return errors.Join(err, addMetrics(all, values))
	})
	e.Test.Metrics, _ = run.NewMetrics(all) // addMetrics has checked the names
}

// addMetrics adds values to all. An error has those whose names are not allowed or in all
// already.
func addMetrics(all, values map[string]float64) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(values)) {
		_, err := run.NewMetrics(map[string]float64{name: 0})
		if _, ok := all[name]; ok {
			err = fmt.Errorf("the metric %s was measured by another hook", name)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all[name] = values[name]
	}
	return errors.Join(errs...)
}

// judge records an evaluation as the last one and, if it is the best, as that. A test loss
// that is not finite is no error, since training may recover, but never the best.
func (t *Trainer) judge(e *EpochEvent) error {
	scores := e.Test
	t.at.Last = &scores
	t.epochs++
	if !metrics.Finite(scores.Loss) {
		t.logWarn("the test loss is not finite; this epoch is not the best, and training continues", "epoch", e.Epoch, "loss", scores.Loss)
		return nil
	}
	value, _ := scores.Value(t.by.Metric)
	than := math.NaN()
	if t.at.Best != nil {
		than, _ = t.at.Best.Value(t.by.Metric)
	}
	if e.Best = t.by.Better(value, than); !e.Best {
		return nil
	}
	t.at.Best = &scores
	return t.keepBest()
}

// checkHooks is an error, before the first step, if Config.Best can only be a metric of a
// hook and no hook measures any.
func (t *Trainer) checkHooks() error {
	measures := func(h Hook) bool { return h.Measure != nil }
	if _, own := (run.Scores{}).Value(t.by.Metric); own || slices.ContainsFunc(t.config.Hooks, measures) {
		return nil
	}
	return fmt.Errorf("trainer: Config.Best = %q (train.best): %w: a run has accuracy, balanced_accuracy, top5_accuracy and loss, and no hook measures more", t.by, ErrConfig)
}

// checkMeasured is an error if Config.Best is a metric that no hook measured in the first
// epoch.
func (t *Trainer) checkMeasured(s run.Scores) error {
	if _, ok := s.Value(t.by.Metric); ok || t.epochs > 1 {
		return nil
	}
	measured := "none"
	if names := s.Metrics.Names(); len(names) > 0 {
		measured = strings.Join(names, ", ")
	}
	return fmt.Errorf("trainer: Config.Best = %q (train.best): %w: no hook measured %s in epoch %d; measured: %s", t.by, ErrConfig, t.by.Metric, s.Epoch, measured)
}
