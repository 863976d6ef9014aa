package track_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/track"
)

func Example() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	log, err := run.Folder(dir).OpenLog()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer log.Close()
	line := run.Scores{Point: run.Point{Epoch: 1, Step: 58, Loss: 2.5, Accuracy: 0.25, BalancedAccuracy: 0.24}, Top5Accuracy: math.NaN()}.Line(time.Now())
	if err := log.Append(line); err != nil {
		fmt.Println(err)
		return
	}
	lines, err := run.Folder(dir).Lines()
	fmt.Println(len(lines), lines[0].Step, lines[0].Accuracy, err)
	// Output: 1 58 0.25 <nil>
}

// A tracker on a network is guarded; this one is a map in memory.
func ExampleGuard() {
	service := new(track.Memory)
	guard := track.NewGuard("service", service, track.GuardOptions{Timeout: 10 * time.Second})
	line := run.Scores{Point: run.Point{Step: 58, Loss: 2.5, Accuracy: 0.25, BalancedAccuracy: 0.24}, Top5Accuracy: math.NaN()}.Line(time.Time{})
	guard.Metrics(line.Step, line.Time, line.Values())
	guard.Finish(context.Background(), "finished")
	fmt.Println(guard.Summary())
	fmt.Println(service.Snapshot().Points[0].Values)
	// Output:
	// service: 2 sent
	// map[test/accuracy:0.25 test/balanced_accuracy:0.24 test/loss:2.5]
}
