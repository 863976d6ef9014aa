package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/live"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// session is one run, or a resumed part of one, from its folder to its results.
type session struct {
	training
	io      IO
	flags   *trainFlags
	config  config.Config
	dir     runDir
	resumed bool

	trainer  *trainer.Trainer
	figures  *figures
	tracking tracking
	live     *live.Server
	profiled int // batch whose program is timed; 0: none
}

// build makes the trainer and prints the setup. c is the configuration with the folder of its
// set.
func (n *session) build(ctx context.Context, c config.Config) (err error) {
	options := []trainer.Option{trainer.WithContext(ctx), trainer.WithLock(n.dir.lock), trainer.WithLogger(newLogger(n.io.Err))}
	if n.resumed {
		options = append(options, trainer.WithResume())
	}
	if n.trainer, err = trainer.FromConfig(c, options...); err != nil {
		return err
	}
	n.printSetup(c.Data.Root)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// printSetup prints a run's model, data, device and settings.
func (n *session) printSetup(root string) {
	t := n.trainer
	n.info("model: %s, %s parameters, %s multiply-adds an image of %d×%d", n.config.Model.Name,
		inwords.Grouped(int64(t.Parameters())), inwords.Short(t.MultiplyAdds()), t.Config().Crop, t.Config().Crop)
	if line := trained(t.Frozen(), n.config.Model); line != "" {
		n.info("%s", line)
	}
	n.info("device: %s; precision %s", t.Device().Describe(), n.config.Precision)
	n.printData(root)
	n.info("learning rate: %s", n.config.ExplainRate())
	steps := (t.TrainLoader().Steps() + n.config.Train.Accumulate - 1) / n.config.Train.Accumulate
	for _, note := range slices.Concat(n.config.UnreadNotes(), n.config.RateNotes(steps), notes(n.config)) {
		n.info("note: %s", note)
	}
	n.printMemory()
	n.info("run folder: %s", n.dir.path)
	if epoch, step := t.Position(); step > 0 {
		n.info("resuming after step %d, in epoch %d", step, epoch)
	}
}

// notes are remarks on settings that have no effect because of others.
func notes(c config.Config) (lines []string) {
	if c.Augment.RandomErasing > 0 && !c.Data.Augment {
		lines = append(lines, fmt.Sprintf("augment.random_erasing = %g is off, since data.augment = false", c.Augment.RandomErasing))
	}
	if c.Augment.Mixup > 0 && c.Data.Batch == 1 {
		lines = append(lines, "augment.mixup has no effect on batches of one image")
	}
	return lines
}

// printDrawn prints that the pets were not found, how to get them, and what is used instead.
func (n *session) printDrawn(missing error) {
	places := strings.TrimPrefix(missing.Error(), "dataset: "+dataset.ErrNoSet.Error()+": ")
	n.warn("NOTE: %s.", places)
	n.warn("NOTE: Get it with:  %s %s", n.again(), downloadFlags(dataset.PetsSet))
	d := n.config.Data
	with := "with a quick profile"
	if len(n.quick) == 0 {
		with = "with the same recipe"
	}
	n.warn("NOTE: Until then %s learns DRAWN animals %s: %d classes, %d training images each, %d×%d pixels, batch %d, %d epochs.",
		n.config.Model.Name, with, d.DrawnClasses, d.DrawnImages, d.Crop, d.Crop, d.Batch, n.config.Train.Epochs)
	if memory, disk, err := estimate(n.config); err == nil {
		n.warn("NOTE: That takes about %s of memory and %s of disk.", bytesText(memory), bytesText(disk))
	}
}

// estimate is a rough estimate of the memory and the disk space of a run, in bytes.
func estimate(c config.Config) (memory, disk int64, err error) {
	m, err := models.New(c.Model.Name, models.Config{Classes: c.Data.DrawnClasses, Dropout: c.Model.Dropout})
	if err != nil {
		return 0, 0, err
	}
	sum, err := models.Summarize(m, [3]int{3, c.Data.Crop, c.Data.Crop})
	if err != nil {
		return 0, 0, err
	}
	var outputs int64
	for _, l := range sum.Layers {
		size := int64(1)
		for _, d := range l.Output {
			size *= int64(d)
		}
		outputs += size
	}
	const (
		float      = 4
		base       = 150 << 20 // the program, its libraries, decoded images
		perWeight  = 5         // weights, velocity, the largest gradient, a checkpoint's copy of both
		filesKept  = 3         // best, last, velocity
		filesWhile = 2         // their successors while they are written
	)
	weights := float * int64(sum.Parameters)
	return base + perWeight*weights + float*outputs*int64(c.Data.Batch), (filesKept + filesWhile) * weights, nil
}

// train attaches the hooks, trains and prints the results.
func (n *session) train(ctx context.Context) int {
	defer n.close()
	if err := n.attach(); err != nil {
		return fail(n.io, n.name, err)
	}
	if n.attached != nil {
		n.attached(n)
	}
	r, err := n.trainer.Fit(ctx)
	n.figures.wait()
	n.finishTrackers(r)
	if n.profiled > 0 {
		n.warn("%s", n.trainer.Session().ProfileReport(n.profiled))
	}
	n.warnBadImages()
	return n.finish(r, err)
}

// attach adds progress and figures, and writes the samples.
func (n *session) attach() error {
	t := n.trainer
	earlier, err := readLines(n.dir.path)
	if err != nil {
		return err
	}
	n.figures = newFigures(t, n.dir.path, n.config.Name, earlier, func(picture string, err error) {
		n.warn("warning: the picture %s could not be drawn: %v", picture, oneLine(err))
	})
	if !n.flags.quiet {
		t.AddHook(newProgress(n.io.Err, t.Chance(), n.config.Train.MaxSteps).hook())
		table := newClosing(n.io.Err)
		table.earlier(earlier)
		t.AddHook(table.hook())
	}
	t.AddHook(n.figures.hook())
	n.showInTerminal()
	n.openTrackers()
	n.openLive()
	if set, _ := dataset.Lookup(n.config.Data.Set); set.Made {
		n.figures.paint.draw("samples", func() error {
			_, err := writeSamples(t, n.dir.path)
			return err
		})
	}
	if n.flags.profile {
		batch := min(t.Config().Batch, t.TrainLoader().Len())
		t.Session().Profile(batch, true)
		n.profiled = batch
	}
	return nil
}

// maxNamed is the number of bad images that are named.
const maxNamed = 10

// warnBadImages names the images that could not be decoded.
func (n *session) warnBadImages() {
	bad := slices.Concat(n.trainer.TrainLoader().Bad(), n.trainer.TestLoader().Bad())
	for _, b := range bad[:min(len(bad), maxNamed)] {
		n.warn("warning: %s cannot be used: %v", b.Name, b.Err)
	}
	if more := len(bad) - maxNamed; more > 0 {
		n.warn("warning: %d more images cannot be used", more)
	}
}

// finish prints the results and returns the exit code.
func (n *session) finish(r *run.Report, err error) int {
	code := Done
	switch {
	case err == nil:
	case r.Status == run.Interrupted:
		code = Stopped
		if r.Steps == 0 {
			n.warn("%s", nothingSaved)
			break
		}
		n.warn("stopped after step %d, saved; resume with: %s", r.Steps, n.resumeCommand())
	default:
		code = Failed // also of a run that a signal stopped and that could not be saved
		complain(n.io, n.name, err)
		if last := run.Folder(n.dir.path).Checkpoint(run.LastFile); exists(last) {
			n.warn("the last good checkpoint is %s", last)
		}
	}
	return n.results(r, code)
}

// resumeCommand is the command line that resumes the run.
func (n *session) resumeCommand() string { return n.again() + " -resume -out " + quote(n.dir.path) }

// printFinished prints that the run is finished, with its results again.
func (n *session) printFinished() int {
	r, err := run.Folder(n.dir.path).Report()
	if err != nil {
		return fail(n.io, n.name, err)
	}
	n.warn("the run in %s is finished: %s; %s", n.dir.path, inwords.Count(r.Steps, "step"), n.extendCommand(r))
	return n.results(r, Done)
}

// extendCommand is the command line that trains a finished run longer: it raises the limit
// that ended the run.
func (n *session) extendCommand(r *run.Report) string {
	switch c := n.config.Train; {
	case r.Reason == "max_steps" && c.MaxSteps > 0:
		return fmt.Sprintf("more steps: %s -set train.max_steps=%d", n.resumeCommand(), 2*c.MaxSteps)
	case r.StoppedEarly && c.Patience > 0:
		return fmt.Sprintf("to train on: %s -set train.patience=0", n.resumeCommand())
	default:
		return fmt.Sprintf("more epochs: %s -set train.epochs=%d", n.resumeCommand(), 2*c.Epochs)
	}
}

// result is the object that -json prints: the report and the paths of the results.
type result struct {
	*run.Report
	Folder  string  `json:"folder"`
	Picture string  `json:"picture,omitempty"`
	Chance  float64 `json:"chance,omitempty"`
	Predict string  `json:"predict,omitempty"`
}

// results prints the results of a run to standard output.
func (n *session) results(r *run.Report, code int) int {
	res := result{Report: r, Folder: n.dir.path}
	classes := classCount(n.dir.path)
	if classes > 0 {
		res.Predict = n.predictCommand()
	} else if n.trainer != nil {
		classes = len(n.trainer.Classes())
	}
	if among := occurring(n.dir.path, n.trainer); among > 0 {
		res.Chance = 1 / float64(among)
	}
	if p := run.Folder(n.dir.path).Figure(run.CurvesFile); exists(p) {
		res.Picture = p
	}
	if n.flags.asJSON {
		e := json.NewEncoder(n.io.Out)
		e.SetEscapeHTML(false)
		if err := e.Encode(res); err != nil {
			return max(code, fail(n.io, n.name, err))
		}
		return code
	}
	n.printScores(r, res.Chance, classes)
	n.printFinal(r)
	fmt.Fprintf(n.io.Out, "run folder: %s\n", res.Folder)
	if res.Picture != "" {
		fmt.Fprintf(n.io.Out, "picture: %s\n", res.Picture)
	}
	if res.Predict != "" {
		fmt.Fprintf(n.io.Out, "classify images: %s\n", res.Predict)
	}
	return code
}

// printScores prints the results of the best and the last epoch, and the reason of an early end.
func (n *session) printScores(r *run.Report, chance float64, classes int) {
	line := func(format string, args ...any) { fmt.Fprintf(n.io.Out, format+"\n", args...) }
	by := r.Criterion()
	switch {
	case r.Last == nil:
		line("test accuracy: not evaluated yet")
	case r.Best == nil:
		line("test accuracy: %s in the last epoch, chance %s; no epoch is the best: the test loss or %s was never finite", percent(r.Last.Accuracy), percent(chance), by.Words())
	default:
		line("test accuracy: %s in epoch %d (last %s), chance %s", percent(r.Best.Accuracy), r.Best.Epoch, percent(r.Last.Accuracy), percent(chance))
		if by.Metric != "accuracy" {
			best, _ := r.Best.Value(by.Metric)
			last, _ := r.Last.Value(by.Metric)
			line("%s, which decides the best epoch: %.4f (last %.4f)", by.Words(), best, last)
		}
		if classes > 5 && !math.IsNaN(r.Best.Top5Accuracy) {
			line("top-5 accuracy: %s (last %s), chance %s", percent(r.Best.Top5Accuracy), percent(r.Last.Top5Accuracy), percent(min(1, 5*chance)))
		}
	}
	if r.StoppedEarly {
		line("stopped: no better %s in %s", by.Words(), inwords.Count(r.EpochsSinceBest, "epoch"))
	}
}

// predictCommand is a command line, for this folder, that classifies images with the run's
// weights.
func (n *session) predictCommand() string {
	command := n.program.predict() + " -weights " + quote(n.dir.path) + " "
	if samples := run.Folder(n.dir.path).Figure(run.SamplesDir); exists(samples) {
		return command + quote(samples)
	}
	if n.trainer != nil {
		if pairs, err := n.trainer.TestLoader().Preview(context.Background(), 1, 1); err == nil && len(pairs) > 0 && exists(pairs[0].Name) {
			return command + quote(pairs[0].Name)
		}
	}
	return command + "IMAGE"
}

// close frees the session's resources, the folder's lock last.
func (n *session) close() {
	n.closeTrainer()
	if err := n.dir.release(); err != nil {
		n.warn("warning: %v", err)
	}
}

// closeTrainer frees all but the lock.
func (n *session) closeTrainer() {
	if n.figures != nil {
		n.figures.wait()
	}
	if n.live != nil {
		n.live.Close()
	}
	if n.trainer != nil {
		if err := n.trainer.Close(); err != nil && !errors.Is(err, context.Canceled) {
			n.warn("warning: %v", err)
		}
	}
}

// progressStream is the stream for progress; it discards everything with -quiet.
func (n *session) progressStream() io.Writer {
	if n.flags.quiet {
		return io.Discard
	}
	return n.io.Err
}

// info writes a line of progress.
func (n *session) info(format string, args ...any) {
	fmt.Fprintf(n.progressStream(), format+"\n", args...)
}

// warn writes a line, also with -quiet.
func (n *session) warn(format string, args ...any) {
	start := ""
	if _, ok := terminal(n.io.Err); ok {
		start = "\r\x1b[K"
	}
	fmt.Fprintf(n.io.Err, start+format+"\n", args...)
}
