package run

import (
	"math"

	"github.com/euryale-ml/euryale/metrics"
)

// TrainEpoch is the training values of an epoch, as used in all tables, curves and reports.
// See metrics.EpochMean for lines without the number of images.
type TrainEpoch struct {
	Epoch    int
	Step     int     // the last
	Loss     float64 // mean over the training images, like Accuracy; NaN: unknown
	Accuracy float64
	Seconds  float64 // of the training steps, without evaluation; NaN if a line has no number of images
}

// TrainEpochs returns the epochs of the step lines among lines, in order.
func TrainEpochs(lines []Line) (list []TrainEpoch) {
	var m TrainMean
	for i, l := range lines {
		if l.Kind != StepLine {
			continue
		}
		m.Add(l.Point)
		if next := nextStep(lines[i+1:]); next == nil || next.Epoch != l.Epoch {
			list = append(list, m.Value())
		}
	}
	return list
}

// nextStep returns the first step line, nil if there is none.
func nextStep(lines []Line) *Line {
	for i := range lines {
		if lines[i].Kind == StepLine {
			return &lines[i]
		}
	}
	return nil
}

// TrainSoFar reads metrics.jsonl and accumulates the step lines of an epoch; further steps
// can be added.
func (f Folder) TrainSoFar(epoch int) (m TrainMean, err error) {
	_, err = readStrict(f.Path(LinesFile), func(e entry) {
		if e.Kind == StepLine && e.Epoch == epoch {
			m.Add(e.Point)
		}
	})
	return m, err
}

// TrainMean accumulates the training steps of an epoch. The zero value is ready to use.
type TrainMean struct {
	epoch, step    int
	loss, accuracy metrics.EpochMean
	seconds        float64
}

// Add adds a training step. A step of another epoch than the steps before discards them.
func (m *TrainMean) Add(p Point) {
	if p.Epoch != m.epoch {
		*m = TrainMean{epoch: p.Epoch}
	}
	m.step = p.Step
	m.loss.Add(p.Loss, p.Images)
	m.accuracy.Add(p.Accuracy, p.Images)
	if p.Images == 0 || !(p.ImagesPerSecond > 0) {
		m.seconds = math.NaN()
	}
	m.seconds += float64(p.Images) / p.ImagesPerSecond
}

// Value returns the values of the last epoch's steps so far.
func (m *TrainMean) Value() TrainEpoch {
	return TrainEpoch{Epoch: m.epoch, Step: m.step, Loss: m.loss.Value(), Accuracy: m.accuracy.Value(), Seconds: m.seconds}
}
