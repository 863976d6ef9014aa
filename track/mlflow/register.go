package mlflow

import (
	"fmt"
	"strings"

	"github.com/euryale-ml/euryale/internal/address"
	"github.com/euryale-ml/euryale/registry"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/track"
)

// Settings are the keys mlflow.uri and mlflow.experiment; credentials come from the
// environment.
type Settings struct {
	URI        string `yaml:"uri" help:"address of the server; empty = $MLFLOW_TRACKING_URI"`
	Experiment string `yaml:"experiment" help:"name of the experiment; empty = $MLFLOW_EXPERIMENT_NAME, else euryale"`
}

// Validate returns an error for an address with secrets.
func (s Settings) Validate() error {
	if _, query, ok := strings.Cut(s.URI, "?"); ok && query != "" {
		return fmt.Errorf("mlflow.uri has a query, which is never sent and would be written to %s: want an address without it", run.ConfigFile)
	}
	return address.Check("mlflow.uri", s.URI, userVariable+" and "+passwordVariable+" in the environment")
}

func init() {
	err := track.Register("mlflow", func(s track.Setup) (track.Sink, string, error) {
		sink, err := New(Options(s.Settings.(Settings)), s.Env)
		if err != nil {
			return nil, "", err
		}
		return sink, "", nil
	}, registry.About("sends to an MLflow server"), registry.Settings(Settings{}))
	if err != nil {
		panic(err) // impossible: the name is not in use
	}
}
