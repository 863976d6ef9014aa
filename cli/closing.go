package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// metricRow is a metric of the table at the end of a run: its best and its last value.
type metricRow struct {
	name       string
	lower      bool // is better
	show       func(v float64) string
	best, last float64
	epoch      int  // of best; 0: there is none
	seen       bool // a value, at least the last
}

// see adds a value of an epoch. If the epoch cannot be the best, only the last value changes.
func (m *metricRow) see(epoch int, v float64, canBeBest bool) {
	if !metrics.Finite(v) {
		return
	}
	m.last, m.seen = v, true
	if better := v > m.best != m.lower && v != m.best; canBeBest && (m.epoch == 0 || better) {
		m.best, m.epoch = v, epoch
	}
}

// cells are the row in words.
func (m *metricRow) cells() string {
	best, epoch := "–", "–"
	if m.epoch > 0 {
		best, epoch = m.show(m.best), strconv.Itoa(m.epoch)
	}
	return strings.Join([]string{m.name, best, epoch, m.show(m.last), ""}, "\t")
}

// closing is the table at the end of a run: the best value of each metric with its epoch, and
// the last.
type closing struct {
	out    io.Writer
	rows   []metricRow
	epochs int
	few    bool // at most five classes: top-5 accuracy is always 1
}

const top5Row = "test top-5 accuracy"

func newClosing(out io.Writer) *closing {
	seconds := func(v float64) string { return duration(time.Duration(v * float64(time.Second))) }
	return &closing{out: out, rows: []metricRow{
		{name: "train loss", lower: true, show: lossText}, {name: "train accuracy", show: percent}, {name: "test loss", lower: true, show: lossText},
		{name: "test accuracy", show: percent}, {name: "test balanced accuracy", show: percent}, {name: top5Row, show: percent},
		{name: "training time of an epoch", lower: true, show: seconds},
	}}
}

func (c *closing) hook() trainer.Hook {
	return trainer.Hook{
		Name:  "table",
		Start: func(s trainer.Start) error { c.few = len(s.Trainer.Classes()) <= 5; return nil },
		Epoch: func(e trainer.EpochEvent) error { c.see(e.Train, e.Test); return nil },
		End:   func(r *run.Report, _ error) error { return c.print(r) },
	}
}

// earlier adds the part of a run before it was resumed.
func (c *closing) earlier(lines []run.Line) {
	var train run.TrainMean
	for _, l := range lines {
		if l.Kind == run.StepLine {
			train.Add(l.Point)
			continue
		}
		c.see(train.Value(), l.Scores)
	}
}

// see adds an epoch. As in trainer.Config.Best, an epoch with a test loss that is not finite
// cannot be the best.
func (c *closing) see(train run.TrainEpoch, test run.Scores) {
	c.epochs++
	canBeBest := metrics.Finite(test.Loss)
	for i, v := range []float64{train.Loss, train.Accuracy, test.Loss, test.Accuracy, test.BalancedAccuracy, test.Top5Accuracy, train.Seconds} {
		ofTest := i >= 2 && i <= 5
		c.rows[i].see(test.Epoch, v, canBeBest || !ofTest)
	}
}

// print writes the table. Values of training are means over the images of an epoch.
func (c *closing) print(r *run.Report) error {
	if c.epochs == 0 {
		return nil
	}
	t := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tbest\tin epoch\tlast\t")
	for _, m := range c.rows {
		if m.seen && !(c.few && m.name == top5Row) {
			fmt.Fprintln(t, m.cells())
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.out, "%s in all, %.1f images/s in training\n", duration(time.Duration(r.Seconds*float64(time.Second))), r.ImagesPerSecond)
	return err
}
