package cli

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/track"
	"github.com/euryale-ml/euryale/track/mlflow"
	"github.com/euryale-ml/euryale/track/neptune"
	"github.com/euryale-ml/euryale/track/tensorboard"
)

// newSink makes the Sink of a run in a folder. note is a line for the start of the run;
// empty: none. env reads the environment, from where secrets come.
type newSink func(c config.Config, dir string, env func(string) string) (sink track.Sink, note string, err error)

// sinks are the trackers that the key track knows.
var sinks = map[string]newSink{
	"mlflow": func(c config.Config, _ string, env func(string) string) (track.Sink, string, error) {
		o := mlflow.Options{URI: c.MLflow.URI, Experiment: c.MLflow.Experiment}
		if !c.Given("mlflow.experiment") && o.Experiment == mlflow.DefaultExperiment {
			o.Experiment = "" // the environment's
		}
		s, err := mlflow.New(o, env)
		if err != nil {
			return nil, "", err
		}
		return s, "", nil
	},
	"neptune": func(c config.Config, dir string, env func(string) string) (track.Sink, string, error) {
		return neptune.New(neptune.Options{Project: c.Neptune.Project, Mode: c.Neptune.Mode}, dir, env)
	},
	"tensorboard": func(_ config.Config, dir string, _ func(string) string) (track.Sink, string, error) {
		logs := quote(filepath.Dir(filepath.Clean(dir)))
		return &tensorboard.Sink{}, "tensorboard: event files in the run's folder; look at them with: tensorboard --logdir " + logs, nil
	},
}

// sinkNames are the names in sinks, in order.
func sinkNames() []string { return slices.Sorted(maps.Keys(sinks)) }

// outboxOf names the folder of a Sink's records: its own where it says so, since what was
// kept in a folder has not been sent.
func outboxOf(service string, s track.Sink) string {
	if o, ok := s.(interface{ Outbox() string }); ok {
		return o.Outbox()
	}
	return service
}
