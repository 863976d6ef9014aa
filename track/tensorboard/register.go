package tensorboard

import (
	"path/filepath"

	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/registry"
	"github.com/euryale-ml/euryale/track"
)

func init() {
	err := track.Register("tensorboard", func(s track.Setup) (track.Sink, string, error) {
		logs := inwords.Quoted(filepath.Dir(filepath.Clean(s.Dir)))
		return &Sink{}, "tensorboard: event files in the run's folder; look at them with: tensorboard --logdir " + logs, nil
	}, registry.About("writes event files to the run's folder"), registry.Settings(struct{}{}))
	if err != nil {
		panic(err) // impossible: the name is not in use
	}
}
