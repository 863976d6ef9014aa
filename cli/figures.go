package cli

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
	"github.com/euryale-ml/euryale/viz"
)

// figures draws a run: the batch before and after augmentation at the start, the curves
// after each epoch, the confusion matrix of the best one.
type figures struct {
	trainer *trainer.Trainer
	folder  run.Folder // of the run
	paint   *painter
	run     viz.Run
	matrix  [][]int   // of the last evaluation
	redrawn time.Time // the curves, within an epoch
	drawn   bool      // the matrix of the best epoch is drawn
}

// redrawEvery is the time between two drawings of the curves within a long epoch.
const redrawEvery = 30 * time.Second

// newFigures makes the figures of a run in the folder dir. earlier are the metric lines of a
// resumed run's earlier part.
func newFigures(t *trainer.Trainer, dir, name string, earlier []run.Line, warn func(picture string, err error)) *figures {
	f := &figures{trainer: t, folder: run.Folder(dir), paint: newPainter(warn), run: viz.Run{Name: name, Chance: t.Chance()}}
	f.run.Train, f.run.Test = run.Points(earlier)
	if best := t.Best(); best != nil {
		f.run.Best = best.Step
	}
	return f
}

func (f *figures) hook() trainer.Hook {
	return trainer.Hook{Name: "figures", Start: f.start, Step: f.step, Epoch: f.epoch, End: f.end}
}

func (f *figures) start(trainer.Start) error {
	before, after := f.folder.Figure(run.BatchBeforeFile), f.folder.Figure(run.BatchAfterFile)
	if !exists(before) || !exists(after) {
		f.paint.draw("show_batch", f.showBatch)
	}
	return nil
}

// showBatch draws the images of the first batch of the first epoch.
func (f *figures) showBatch() error {
	n := min(f.trainer.Config().Batch, viz.MaxShown)
	pairs, err := f.trainer.TrainLoader().Preview(context.Background(), 1, n)
	if err != nil {
		return err
	}
	b := viz.Batch{Title: f.run.Name}
	for _, p := range pairs {
		b.Before, b.After = append(b.Before, image.Image(p.Before)), append(b.After, image.Image(p.After))
		b.Classes = append(b.Classes, f.trainer.Classes()[p.Label])
		b.AfterClasses = append(b.AfterClasses, mixture(p, f.trainer.Classes()))
	}
	_, _, err = viz.ShowBatch(f.folder.Path(run.FiguresDir), b)
	return err
}

// mixture names the classes of an input image: one, or after mixup two, the one with the
// larger share first.
func mixture(p dataset.Pair, classes []string) string {
	one, other, share := p.Label, p.Other, p.Lambda
	if share < 0.5 {
		one, other, share = other, one, 1-share
	}
	if one == other {
		return classes[one]
	}
	return fmt.Sprintf("%s %.0f %% + %s", classes[one], 100*share, classes[other])
}

func (f *figures) step(e trainer.StepEvent) error {
	f.run.Train = append(f.run.Train, e.Point)
	if f.redrawn.IsZero() {
		f.redrawn = e.Time
	} else if e.Time.Sub(f.redrawn) >= redrawEvery {
		f.redrawn = e.Time
		f.drawCurves()
	}
	return nil
}

func (f *figures) epoch(e trainer.EpochEvent) error {
	f.run.Test = append(f.run.Test, e.Test.Point)
	if e.Best {
		f.run.Best = e.Step
	}
	f.drawCurves()
	f.matrix = e.Confusion.Counts()
	if e.Best {
		f.drawMatrix(f.matrix)
	}
	return nil
}

// drawCurves draws a copy of the points so far, while later ones are appended.
func (f *figures) drawCurves() {
	drawn := f.run
	drawn.Train, drawn.Test = slices.Clip(drawn.Train), slices.Clip(drawn.Test)
	f.paint.draw("curves", func() error {
		return errors.Join(viz.Curves(f.folder.Figure(run.CurvesFile), drawn), viz.Curves(f.folder.Figure(run.CurvesSVGFile), drawn))
	})
}

func (f *figures) drawMatrix(counts [][]int) {
	f.drawn = true
	f.paint.draw("confusion", func() error {
		return viz.Confusion(f.folder.Figure(run.ConfusionFile), counts, f.trainer.Classes())
	})
}

func (f *figures) end(*run.Report, error) error {
	if len(f.run.Train)+len(f.run.Test) > 0 {
		f.drawCurves()
	}
	if f.matrix != nil && !f.drawn && !exists(f.folder.Figure(run.ConfusionFile)) {
		f.drawMatrix(f.matrix)
	}
	f.paint.draw("mistakes", func() error { return drawMistakes(f.trainer, f.folder, f.run.Name) })
	return nil
}

// wait returns when all figures are drawn.
func (f *figures) wait() { f.paint.close() }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// sampleCount is the number of images in run.SamplesDir.
const sampleCount = 8

// writeSamples writes the first test images as PNG files named by their class, for
// predict to try, and returns their folder.
func writeSamples(t *trainer.Trainer, dir string) (string, error) {
	folder := run.Folder(dir).Figure(run.SamplesDir)
	pairs, err := t.TestLoader().Preview(context.Background(), 1, sampleCount)
	if err != nil {
		return "", err
	}
	for i, p := range pairs {
		name := fmt.Sprintf("%s_%d.png", fileName(t.Classes()[p.Label]), i+1)
		if path := filepath.Join(folder, name); !exists(path) {
			if err := viz.WritePNG(path, p.Before); err != nil {
				return "", err
			}
		}
	}
	return folder, nil
}
