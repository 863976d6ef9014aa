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

// Config says how a Trainer trains. Fields that say "0 means" may be left out; all
// others mean what they hold.
type Config struct {
	// Name of the run, in its summary; "" means the model's.
	Name string
	// Optimizer makes the updates. Its Rate is the learning rate, which a Schedule changes
	// from step to step; it is asked at each step.
	Optimizer optim.Optimizer
	// Schedule makes the learning rate a function of the optimizer's rate and the step; nil
	// means the optimizer's rate throughout.
	Schedule func(stepsPerEpoch, epochs int) (schedule.Schedule, error)
	// Epochs is the number of passes over the training set, at least 1.
	Epochs int
	// MaxSteps ends the run after so many steps; it still evaluates. 0 means no limit.
	MaxSteps int
	// Best names the metric that decides which epoch is the best, for best.safetensors,
	// Patience and the Report: accuracy, which "" means, balanced_accuracy, top5_accuracy,
	// loss, of which lower values are better, or a metric that a Hook measures, of which
	// higher values are better, with min: before it lower ones. Ties keep the earlier epoch.
	// A metric that no hook measures is an error after the first epoch.
	Best string
	// Patience ends the run after so many epochs without a better one, see Best; 0 means
	// never.
	Patience int
	// SaveEverySteps writes a checkpoint within epochs too; 0 means after each epoch.
	SaveEverySteps int

	Batch     int // images a step; 0 means 64
	TestBatch int // images at a time in evaluation; 0 means Batch
	Workers   int // of the loaders; 0 means all processors
	InOrder   bool
	DropLast  bool
	// StopOnBadImage ends the run at an image that cannot be decoded, which is
	// otherwise replaced in training and left out in testing.
	StopOnBadImage bool
	// CacheBytes bounds the memory for decoded images; 0 means none are kept.
	CacheBytes int64

	// Resize is the short side of test images and Crop the side of what the network
	// sees; 0 means 256 and 224.
	Resize, Crop int
	// Train and Test are the transforms; nil means those of transforms.Train, with
	// DefaultAugment, and transforms.Test. Both must end at Crop×Crop pixels. They bring
	// their Normalize with them (transforms.Normalizer), which must be the same in both: one
	// that has none takes the other's, and where neither has one it is
	// transforms.TaskNormalize.
	Train, Test transforms.Transform
	// Final are images that test the best weights once, at the end of the run, where the
	// test set chooses these; its classes are the test set's. nil means those that the test
	// set brings (see dataset.HeldOut), if any.
	Final dataset.Dataset

	// Mixup is α of mixup: training batches are mixed with themselves in shares drawn from
	// Beta(α, α), see dataset.LoaderConfig. 0 means off. The training accuracy then counts
	// each mixed image as of the class with the larger share.
	Mixup float64
	// Erase blots out a rectangle of training images after Normalize; P 0 means off.
	Erase transforms.RandomErasing

	// Smoothing is ε of label smoothing in the training loss; test losses have none.
	Smoothing float64
	// Loss replaces cross-entropy in training; nil means cross-entropy, and test losses are
	// always that. The labels come to it as probabilities.
	Loss nn.LossFunc
	// ClipNorm is the largest 2-norm of the gradient over all parameters, as
	// torch.nn.utils.clip_grad_norm_ has it; 0 means no limit.
	ClipNorm float64
	// Accumulate is the number of batches that make one step, by the mean over all their
	// images; 0 and 1 mean one. The last step of an epoch may have fewer. BatchNorm and
	// dropout see each batch by itself.
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
	// FreezeStatistics lets BatchNorms whose γ and β are frozen keep their running statistics
	// and normalise by them in training, as PyTorch's eval() on those layers. If Freeze leaves
	// every BatchNorm trainable, it is for all of them.
	FreezeStatistics bool

	// Device computes; nil opens device.Auto, and Close closes it.
	Device device.Device
	// Dir is the run's folder: metrics, checkpoints, summary. "" keeps nothing on disk.
	Dir string
	// Resume continues the run in Dir; otherwise Dir must be empty or new.
	Resume bool
	lock   *run.Lock // Dir's lock, if the caller holds it: WithLock
	// Hooks are called at the events of the run.
	Hooks []Hook
	// Logger gets what is worth a line; nil means none.
	Logger *slog.Logger
}

// withDefaults fills what zero stands for.
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

// normalized is t with the usual pipeline's Normalize if it has none, or the pipeline where t
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
