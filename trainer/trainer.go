package trainer

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/edit"
	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/schedule"
)

// Trainer trains one model on one data set. It is not safe for concurrent use.
type Trainer struct {
	model         nn.Module
	config        Config
	session       *Session
	device        device.Device
	ownDevice     bool
	train, test   *dataset.Loader
	final         *dataset.Loader // nil: there is none
	sets          sets
	splitOf       *run.Split          // made by the first Split
	best          []checkpoint.Tensor // see keepBest
	finalScores   *run.Scores
	occurring     int // classes in the last evaluation
	schedule      schedule.Schedule
	classes       []string
	probabilities []float64 // of the current batch, with mixup
	graph         *nn.Graph // of one image, for counts
	frozen        *freezing

	memory MemoryUse

	log   *run.Log
	saver *saver
	saved bool      // a checkpoint is complete
	lock  *run.Lock // of the folder, unless the caller holds it

	at      position
	seconds float64           // of the run before this Fit
	images  int64             // trained on since New
	epochs  int               // evaluated since New
	stopped string            // the ErrStop of a hook; "": none
	by      metrics.Criterion // decides which epoch is the best
	trained run.TrainMean     // of the current epoch
	began   time.Time         // of this Fit
	spent   time.Duration     // in training steps, with the wait for images
	closed  bool
}

// position is the progress of a run, which a checkpoint holds beside the weights and the
// optimizer's slots.
type position struct {
	Epoch   int         `json:"epoch"`                  // in progress, from 1
	Batch   int         `json:"batch"`                  // batches of it that are done
	Images  int         `json:"batch_images,omitempty"` // of a batch, 0 in files of earlier versions
	Seed    uint64      `json:"seed,omitempty"`         // of their order, where Images is known
	Step    int         `json:"step"`                   // steps done
	Best    *run.Scores `json:"best"`
	Last    *run.Scores `json:"last"`
	Seconds float64     `json:"seconds"`

	Faults []run.HookFault `json:"hook_faults,omitempty"`
	// Frozen are the parameters that were not trained, and Since the steps that were done
	// before others were: freezing may change when a run is resumed.
	Frozen []string         `json:"frozen,omitempty"`
	Since  map[string]int64 `json:"since,omitempty"`
}

// New makes a Trainer: the model's State with fresh weights, the loaders, and, with
// Config.Dir, the run's folder. With Config.Resume the run is restored from its last
// checkpoint, and later lines of the metrics are removed; a run that ended before its first
// checkpoint, such as one that was interrupted before its first step, begins again. A folder
// whose last checkpoint is lost or damaged is an error, and nothing in it is changed. New
// also compiles all programs, so that sizes that do not fit are errors before the first
// step. Close it after use.
func New(net nn.Module, train, test dataset.Dataset, c Config) (*Trainer, error) {
	c = c.withDefaults()
	if net == nil || train == nil || test == nil {
		return nil, fmt.Errorf("trainer: %w: a model, a training set and a test set are needed", ErrConfig)
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	by, err := metrics.ParseCriterion(c.Best)
	if err != nil {
		return nil, fmt.Errorf("trainer: Config.Best: %w: %w", ErrConfig, err)
	}
	t := &Trainer{model: net, config: c, classes: train.Classes(), at: position{Epoch: 1}, by: by}
	made := false
	defer func() { // also when code of the data set or the model panics
		if !made {
			t.Close()
		}
	}()
	if err := t.loaders(train, test); err != nil {
		return nil, err
	}
	for _, note := range dataset.Notes(train, test) {
		t.logWarn(note)
	}
	if err := t.buildSession(); err != nil {
		return nil, err
	}
	if err := t.checkBatches(); err != nil {
		return nil, err
	}
	if err := t.planMemory(); err != nil {
		return nil, err
	}
	if err := t.compile(); err != nil {
		return nil, err
	}
	if err := t.openFolder(); err != nil {
		return nil, err
	}
	made = true
	return t, nil
}

// loaders makes the loaders of the sets, and the schedule.
func (t *Trainer) loaders(train, test dataset.Dataset) (err error) {
	c := t.config
	if !slices.Equal(train.Classes(), test.Classes()) {
		return fmt.Errorf("trainer: %w: the classes of the training set (%d) and of the test set (%d) differ", ErrConfig, len(train.Classes()), len(test.Classes()))
	}
	of := dataset.LoaderConfig{
		Batch: c.Batch, Workers: c.Workers, Seed: c.Seed, StopOnBad: c.StopOnBadImage, CacheBytes: c.CacheBytes,
	}
	training := of
	training.Shuffle, training.DropLast, training.Train, training.Transform = !c.InOrder, c.DropLast, true, c.Train
	training.Mixup, training.Erase = c.Mixup, c.Erase
	if t.train, err = dataset.NewLoader(train, training); err != nil {
		return fmt.Errorf("trainer: training set: %w", err)
	}
	of.Batch, of.Transform = c.TestBatch, c.Test
	if t.test, err = dataset.NewLoader(test, of); err != nil {
		return fmt.Errorf("trainer: test set: %w", err)
	}
	t.sets = sets{train, test, c.Final}
	if c.Final == nil {
		t.sets.final = dataset.Final(test)
	}
	if final := t.sets.final; final != nil {
		if !slices.Equal(train.Classes(), final.Classes()) {
			return fmt.Errorf("trainer: %w: the classes of Config.Final are not those of the training set", ErrConfig)
		}
		if t.final, err = dataset.NewLoader(final, of); err != nil {
			return fmt.Errorf("trainer: Config.Final: %w", err)
		}
	}
	return t.makeSchedule()
}

func (t *Trainer) makeSchedule() (err error) {
	c := t.config
	if t.schedule = (schedule.Constant{}); c.Schedule == nil {
		return nil
	}
	if t.schedule, err = c.Schedule(t.stepsPerEpoch(), c.Epochs); err != nil {
		return err
	}
	if t.schedule == nil {
		return fmt.Errorf("trainer: %w: Config.Schedule returned no schedule", ErrConfig)
	}
	if v, ok := t.schedule.(schedule.Validator); ok {
		return v.Validate(c.Optimizer.Rate())
	}
	return nil
}

// lr is the learning rate of a step, counted from 1 over the run.
func (t *Trainer) lr(step int) float64 { return t.schedule.LR(t.config.Optimizer.Rate(), step) }

// buildSession opens the device, if none is given, and makes the Session.
func (t *Trainer) buildSession() (err error) {
	c := t.config
	if t.device = c.Device; t.device == nil {
		if t.device, err = device.Open(device.Auto, device.Options{}); err != nil {
			return err
		}
		t.ownDevice = true
	}
	input := [3]int{3, c.Crop, c.Crop}
	if t.graph, err = nn.Trace(t.model, append([]int{1}, input[:]...), nn.Options{DType: nodeType(c.Precision)}); err != nil {
		return err
	}
	if t.frozen, err = freeze(t.model, t.graph, c); err != nil {
		return err
	}
	if err := t.checkModel(); err != nil {
		return err
	}
	t.session, err = NewSession(t.model, SessionConfig{
		Device: t.device, Optimizer: c.Optimizer, Input: input, Smoothing: c.Smoothing, Loss: c.Loss, Soft: c.Mixup > 0, Seed: c.Seed, Precision: c.Precision, Frozen: t.frozen.param,
		ClipNorm: c.ClipNorm, Accumulate: c.Accumulate > 1, EMA: c.EMA, KeepStatistics: t.frozen.keepsStatistics,
	})
	if err != nil {
		return err
	}
	if t.session.Classes() != len(t.classes) {
		return fmt.Errorf("trainer: %w: the model has %d outputs, the data set %d classes", ErrConfig, t.session.Classes(), len(t.classes))
	}
	return nil
}

// matchesOne is an error if a pattern matches no parameter; it names the nearest one.
func matchesOne(setting, pattern string, params []*nn.Param) error {
	near, distance := "", -1
	begin, _, _ := strings.Cut(pattern, "*")
	for _, p := range params {
		if ok, _ := path.Match(pattern, p.Name); ok {
			return nil
		}
		if d := edit.Distance(begin, p.Name[:min(len(begin), len(p.Name))]); distance < 0 || d < distance {
			near, distance = p.Name, d
		}
	}
	return fmt.Errorf("trainer: %s: %w: no parameter matches %q; the nearest is %s", setting, ErrConfig, pattern, near)
}

// stepsPerEpoch is the number of updates in an epoch.
func (t *Trainer) stepsPerEpoch() int {
	return (t.train.Steps() + t.config.Accumulate - 1) / t.config.Accumulate
}

// checkBatches traces the model on each size of training batch: a last batch that leaves
// batch normalisation one value a channel is an error now, not after an epoch.
func (t *Trainer) checkBatches() error {
	traced := 0 // the size of the part before
	for _, of := range t.trainingParts(t.config.Batch) {
		if of.batch == traced {
			continue
		}
		traced = of.batch
		if _, err := nn.Trace(t.model, []int{of.batch, 3, t.config.Crop, t.config.Crop}, nn.Options{Training: true, KeepStatistics: t.frozen.keepsStatistics}); err != nil {
			return fmt.Errorf("trainer: training batches of %d images (%s): %w", of.batch, t.shortBatch(of.batch), err)
		}
	}
	return nil
}

// openFolder makes the run's folder, or opens that of the run to resume; without Config.Dir
// it does nothing.
func (t *Trainer) openFolder() error {
	dir := t.config.Dir
	if dir == "" {
		if t.config.Resume {
			return fmt.Errorf("trainer: %w: Resume needs Dir, the folder of the run to resume", ErrConfig)
		}
		return nil
	}
	if err := t.claimFolder(); err != nil {
		return err
	}
	return t.openRun(run.Folder(dir))
}

// Session is the model on its device, for uses that the Trainer has no method for.
func (t *Trainer) Session() *Session { return t.session }

// Classes are the names of the classes in order of their index.
func (t *Trainer) Classes() []string { return t.classes }

// Device is the device on which the model runs.
func (t *Trainer) Device() device.Device { return t.device }

// TrainLoader makes the batches of the training set.
func (t *Trainer) TrainLoader() *dataset.Loader { return t.train }

// TestLoader makes the batches of the test set.
func (t *Trainer) TestLoader() *dataset.Loader { return t.test }

// Config is the configuration with its defaults filled in.
func (t *Trainer) Config() Config { return t.config }

// Parameters is the number of elements of the model's parameters.
func (t *Trainer) Parameters() int { return t.graph.Parameters() }

// MultiplyAdds is the number of multiply-adds in the forward pass of one image.
func (t *Trainer) MultiplyAdds() int64 { return t.graph.MultiplyAdds() }

// Position is the current epoch, from 1, and the number of steps done.
func (t *Trainer) Position() (epoch, step int) { return t.at.Epoch, t.at.Step }

// Complete reports whether nothing is left to train: the run has reached its last epoch, a
// limit (MaxSteps, Patience) or a hook's ErrStop.
func (t *Trainer) Complete() bool { return t.done() }

// Best is the scores of the best epoch so far; nil if there is none.
func (t *Trainer) Best() *run.Scores { return t.at.Best }

// AddHook adds a hook. Call it before Fit.
func (t *Trainer) AddHook(h Hook) { t.config.Hooks = append(t.config.Hooks, h) }

// Evaluate classifies the test set with the current weights.
func (t *Trainer) Evaluate(ctx context.Context) (run.Scores, error) {
	e, err := t.evaluate(ctx)
	return e.Test, err
}

// Close waits for the last checkpoint, frees the model's memory and unlocks the folder. It
// closes the device if New or FromConfig opened it. A second call does nothing.
func (t *Trainer) Close() error {
	if t == nil || t.closed {
		return nil
	}
	t.closed = true
	var errs []error
	if t.saver != nil {
		errs = append(errs, t.saver.wait())
	}
	if t.log != nil {
		errs = append(errs, t.log.Close())
	}
	if t.session != nil {
		errs = append(errs, t.session.Close())
	}
	if t.ownDevice && t.device != nil {
		errs = append(errs, t.device.Close())
	}
	errs = append(errs, t.lock.Release())
	return errors.Join(errs...)
}
