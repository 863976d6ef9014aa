package cli

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
	"time"

	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/trainer"
)

// metricRow is a metric of the table at the end: where it was best, and its last value.
type metricRow struct {
	name       string
	lower      bool // is better
	asPercent  bool
	best, last float64
	epoch      int // of best
	seen       bool
}

// see takes a value of an epoch.
func (m *metricRow) see(epoch int, v float64) {
	if math.IsNaN(v) {
		return
	}
	m.last = v
	if better := v > m.best != m.lower && v != m.best; !m.seen || better {
		m.best, m.epoch, m.seen = v, epoch, true
	}
}

// closing is the table at the end of a run: best and last of each metric, and where.
type closing struct {
	out            io.Writer
	loss, accuracy metrics.Mean // over an epoch's steps
	rows           [5]metricRow
	epochs         int
}

func newClosing(out io.Writer) *closing {
	return &closing{out: out, rows: [5]metricRow{
		{name: "train loss", lower: true}, {name: "train accuracy", asPercent: true}, {name: "test loss", lower: true},
		{name: "test accuracy", asPercent: true}, {name: "test balanced accuracy", asPercent: true},
	}}
}

func (c *closing) hook() trainer.Hook {
	return trainer.Hook{
		Name: "table",
		Step: func(e trainer.StepEvent) error {
			c.loss.Add(e.Loss, 1)
			c.accuracy.Add(e.Accuracy, 1)
			return nil
		},
		Epoch: func(e trainer.EpochEvent) error {
			c.epochs++
			for i, v := range []float64{c.loss.Value(), c.accuracy.Value(), e.Test.Loss, e.Test.Accuracy, e.Test.BalancedAccuracy} {
				c.rows[i].see(e.Epoch, v)
			}
			c.loss.Reset()
			c.accuracy.Reset()
			return nil
		},
		End: func(r *trainer.Report, _ error) error { return c.print(r) },
	}
}

// print writes the table. Training values are means over an epoch's steps; those of a run
// that was resumed are of its last part.
func (c *closing) print(r *trainer.Report) error {
	if c.epochs == 0 {
		return nil
	}
	t := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tbest\tin epoch\tlast\t")
	for _, m := range c.rows {
		if !m.seen {
			continue
		}
		show := func(v float64) string {
			if m.asPercent {
				return percent(v)
			}
			return fmt.Sprintf("%.4f", v)
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t\n", m.name, show(m.best), m.epoch, show(m.last))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.out, "%s in all, %.1f images/s in training\n", duration(time.Duration(r.Seconds*float64(time.Second))), r.ImagesPerSecond)
	return err
}
