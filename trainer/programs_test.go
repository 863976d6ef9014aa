package trainer_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/trainer"
)

// small is a device without room for large buffers, and counts those that it gives.
type small struct {
	device.Device
	most  int64
	given int
}

func (d *small) NewBuffer(bytes int64) (device.Buffer, error) {
	if bytes > d.most {
		return nil, errors.New("refused")
	}
	d.given++
	return d.Device.NewBuffer(bytes)
}

// TestDeviceMemory makes runs on a device on which their programs do not fit: New says so,
// with a batch that does fit, and makes no folder.
func TestDeviceMemory(t *testing.T) {
	for name, change := range map[string]func(c *trainer.Config){
		"plain":      func(*trainer.Config) {},
		"everything": everything,
	} {
		dev := &small{Device: testdevice.Open(t, device.Options{Threads: 1}), most: 40 << 10}
		dir := filepath.Join(t.TempDir(), "run")
		build := func(batch int) (*trainer.Trainer, error) {
			train, test, c := setUp(t, func(c *trainer.Config) {
				change(c)
				c.Device, c.Dir, c.Batch, c.TestBatch = dev, dir, batch, batch
			})
			return trainer.New(newTiny(len(train.Classes())), train, test, c)
		}
		_, err := build(8)
		if !errors.Is(err, trainer.ErrMemory) || !errors.Is(err, engine.ErrMemory) {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: a folder was made", name)
		}
		advice := regexp.MustCompile(`\d+ bytes .*; data\.batch=(\d+) fits$`).FindStringSubmatch(err.Error())
		if advice == nil {
			t.Fatalf("%s: %v", name, err)
		}
		batch, _ := strconv.Atoi(advice[1])
		tr, err := build(batch)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := tr.Fit(context.Background()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		tr.Close()
	}
}

// TestProgramsBeforeFit counts the buffers that a run takes after New: none, so that
// nothing can be missing later.
func TestProgramsBeforeFit(t *testing.T) {
	for name, change := range map[string]func(c *trainer.Config){
		"plain":      func(*trainer.Config) {},
		"everything": everything,
		"mixup":      mixing,
		"drop last":  func(c *trainer.Config) { c.DropLast = true },
		"one batch":  func(c *trainer.Config) { c.Batch, c.Accumulate = 100, 3 },
	} {
		dev := &small{Device: testdevice.Open(t, device.Options{Threads: 1}), most: 1 << 40}
		tr := start(t, func(c *trainer.Config) { change(c); c.Device = dev })
		before := dev.given
		if _, err := tr.Fit(context.Background()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if dev.given != before {
			t.Errorf("%s: %d buffers were taken after New", name, dev.given-before)
		}
		tr.Close()
	}
}
