package tensorboard_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/track"
	"github.com/euryale-ml/euryale/track/tensorboard"
)

// An outbox delivers a run to the event files in its folder.
func Example() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	box, err := track.OpenOutbox(&tensorboard.Sink{}, track.OutboxOptions{Dir: dir, Service: "tensorboard", Name: "my run"})
	if err != nil {
		fmt.Println(err)
		return
	}
	box.Metrics(1, time.Now(), map[string]float64{"train/loss": 2.5})
	box.Finish(context.Background(), "finished")

	files, _ := filepath.Glob(filepath.Join(dir, run.EventsDir, "*"))
	values, err := tensorboard.ReadFile(files[0])
	fmt.Println(values[0].Tag, values[0].Step, values[0].Scalar, err)
	// Output: train/loss 1 2.5 <nil>
}
