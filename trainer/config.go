package trainer

import (
	"fmt"
	"log/slog"
	"path"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/schedule"
	"github.com/euryale-ml/euryale/transforms"
)

// Config is the configuration of a Trainer. A field whose comment has "0 means" or "nil
// means" may be left out; all others are used as they are.
type Config struct {
	// Name of the run, in its summary; "" means the model's.
	Name string
	// Optimizer makes the updates. Its Rate, read at each step, is the learning rate from which
	// Schedule computes that of the step.
	Optimizer optim.Optimizer
	// Schedule makes the schedule of the learning rate, a function of the optimizer's rate and
	// the step; nil means the optimizer's rate throughout.
	Schedule func(stepsPerEpoch, epochs int) (schedule.Schedule, error)
	// Epochs is the number of passes over the training set, at least 1.
	Epochs int
	// MaxSteps is the number of steps after which the run evaluates and ends; 0 means no limit.
	MaxSteps int
	// Best names the metric that decides which epoch is the best, for best.safetensors,
	// Patience and the Report: accuracy, which "" means, balanced_accuracy, top5_accuracy,
	// loss, of which lower values are better, or a metric that a Hook measures, of which
	// higher values are better, with min: before it lower ones. Ties keep the earlier epoch.
	// A metric that no hook measures is an error after the first epoch.
	Best string
	// Patience is the number of epochs without a better one, see Best, after which the run
	// ends; 0 means no limit.
	Patience int
	// SaveEverySteps is the number of steps between checkpoints within an epoch; 0 means that
	// there is one after each epoch only.
	SaveEverySteps int

	Batch     int // images in a batch; 0 means 64
	TestBatch int // images at a time in evaluation; 0 means Batch
	Workers   int // of the loaders; 0 means all processors
	InOrder   bool
	DropLast  bool
	// StopOnBadImage ends the run at an image that cannot be decoded. Otherwise such an image
	// is replaced by the next readable one in training and left out in testing.
	StopOnBadImage bool
	// CacheBytes bounds the memory for decoded images; 0 means none are kept.
	CacheBytes int64

	// Resize is the short side of test images before they are cropped and Crop the side of the
	// network's input, in pixels; 0 means 256 and 224.
	Resize, Crop int
	// Train and Test are the transforms; nil means those of transforms.Train, with
	// DefaultAugment, and transforms.Test. Both must return Crop×Crop pixels. Their Normalize
	// (see transforms.Normalizer) must be the same: if one has none, the other's is used, and
	// if neither has one, transforms.TaskNormalize.
	Train, Test transforms.Transform
	// Final are images that test the best weights once, at the end of the run, since the test
	// set was used to choose these weights. They have the test set's classes. nil means those
	// of a test set that is dataset.HeldOut, else none.
	Final dataset.Dataset

	// Mixup is α of mixup: the images of a training batch are mixed with each other in shares
	// drawn from Beta(α, α), see dataset.LoaderConfig. 0 means off. For the training accuracy a
	// mixed image has the class with the larger share.
	Mixup float64
	// Erase erases a random rectangle of training images after Normalize; P 0 means off.
	Erase transforms.RandomErasing

	// Smoothing is ε of label smoothing in the training loss; test losses have none.
	Smoothing float64
	// Loss is the training loss; nil means cross-entropy, which test losses always are. Its
	// targets are probabilities.
	Loss nn.LossFunc
	// ClipNorm is the largest 2-norm of the gradient over all parameters, as
	// torch.nn.utils.clip_grad_norm_ has it; 0 means no limit.
	ClipNorm float64
	// Accumulate is the number of batches whose gradients make one step: their mean over all
	// images. 0 means 1. The last step of an epoch may have fewer. BatchNorm and dropout see
	// each batch by itself.
	Accumulate int
	// EMA is the decay of a moving average of weights and running statistics, as timm's
	// ModelEmaV2; evaluations and the model's files then take the average. 0 means none.
	EMA float64
	// Seed of the weights, the order of images, augmentation and dropout.
	Seed uint64
	// Precision is device.Float32, which is the default, device.BFloat16, which stores
	// activations in half the memory, or device.Float64, which computes through the plain
	// kernels: see Precisions.
	Precision device.DType
	// Freeze lists patterns (path.Match, on full names such as "layer1.*") of parameters that
	// are not trained. Backbone stands for all but the classifier's.
	Freeze []string
	// FreezeStatistics makes BatchNorms whose γ and β are frozen keep their running statistics
	// and normalise by them in training, as PyTorch's eval() on those layers. If Freeze leaves
	// every BatchNorm trainable, it applies to all of them.
	FreezeStatistics bool

	// Device computes, and stays open after Close; nil means device.Auto, opened by New and
	// closed by Close.
	Device device.Device
	// Dir is the run's folder: metrics, checkpoints, summary. "" means that nothing is written.
	Dir string
	// Resume continues the run in Dir; otherwise Dir must be empty or new.
	Resume bool
	lock   *run.Lock // Dir's lock, if the caller holds it: WithLock
	// Hooks are called at the events of the run.
	Hooks []Hook
	// Logger gets notes and warnings; nil means none.
	Logger *slog.Logger
}

// withDefaults replaces zeros that stand for a default.
func (c Config) withDefaults() Config {
	set := func(v *int, usual int) {
		if *v == 0 {
			*v = usual
		}
	}
	set(&c.Batch, 64)
	set(&c.TestBatch, c.Batch)
	set(&c.Accumulate, 1)
	set(&c.Resize, 256)
	set(&c.Crop, 224)
	normalize, ok, _ := transforms.NormalizationOf(c.Train, c.Test) // validate reports the error
	if !ok {
		normalize = transforms.TaskNormalize()
	}
	c.Train = normalized(c.Train, transforms.Train(c.Crop, transforms.DefaultAugment(), normalize))
	c.Test = normalized(c.Test, transforms.Test(c.Resize, c.Crop, normalize))
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// normalized is t, with the usual pipeline's Normalize if it has none; the usual pipeline if t
// is nil.
func normalized(t transforms.Transform, usual transforms.Pipeline) transforms.Transform {
	if t == nil {
		return usual
	}
	if _, ok, _ := transforms.NormalizationOf(t); ok {
		return t
	}
	return transforms.Compose{t, usual.Normalize}
}

func (c Config) validate() error {
	bad := func(field string, v any, want string) error {
		return fmt.Errorf("trainer: Config.%s = %v: %w: want %s", field, v, ErrConfig, want)
	}
	if c.Optimizer == nil {
		return fmt.Errorf("trainer: %w: Config.Optimizer is missing", ErrConfig)
	}
	if err := c.Optimizer.Validate(); err != nil {
		return err
	}
	for _, f := range []struct {
		name  string
		value int
		least int
	}{
		{"Epochs", c.Epochs, 1}, {"MaxSteps", c.MaxSteps, 0}, {"Patience", c.Patience, 0}, {"SaveEverySteps", c.SaveEverySteps, 0},
		{"Batch", c.Batch, 1}, {"TestBatch", c.TestBatch, 1}, {"Workers", c.Workers, 0}, {"Accumulate", c.Accumulate, 1}, {"Crop", c.Crop, 1},
	} {
		if f.value < f.least {
			return bad(f.name, f.value, fmt.Sprintf("at least %d", f.least))
		}
	}
	if err := checkPrecision("Config.Precision", c.Precision); err != nil {
		return err
	}
	if c.Resize < c.Crop {
		return bad("Resize", c.Resize, fmt.Sprintf("at least Crop, %d", c.Crop))
	}
	if _, _, err := transforms.NormalizationOf(c.Train, c.Test); err != nil {
		return fmt.Errorf("trainer: Config.Train, Test: %w: %w", ErrConfig, err)
	}
	if !(c.Smoothing >= 0 && c.Smoothing < 1) {
		return bad("Smoothing", c.Smoothing, "0 ≤ ε < 1")
	}
	for _, p := range c.Freeze {
		if _, err := path.Match(p, ""); err != nil {
			return bad("Freeze", p, "a pattern such as layer1.*")
		}
	}
	return nil
}
