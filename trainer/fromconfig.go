package trainer

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/device"
	_ "github.com/euryale-ml/euryale/device/all"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/schedule"
	"github.com/euryale-ml/euryale/transforms"
)

// Option is a setting of FromConfig that is not part of a configuration file.
type Option func(*fromConfig)

// fromConfig collects the options of FromConfig and the Config that it makes.
type fromConfig struct {
	ctx      context.Context
	config   Config
	progress func(dataset.Progress)
}

// WithContext sets a context that cancels FromConfig, a download above all.
func WithContext(ctx context.Context) Option { return func(f *fromConfig) { f.ctx = ctx } }

// WithDir sets the run's folder.
func WithDir(dir string) Option { return func(f *fromConfig) { f.config.Dir = dir } }

// WithLock sets the run's folder to one whose lock the caller holds, and releases after
// Close. It is for this module's own commands, which write to the folder before there is a
// Trainer.
func WithLock(lock *run.Lock) Option {
	return func(f *fromConfig) { f.config.Dir, f.config.lock = string(lock.Folder()), lock }
}

// WithResume continues the run in the folder.
func WithResume() Option { return func(f *fromConfig) { f.config.Resume = true } }

// WithHooks adds hooks.
func WithHooks(hooks ...Hook) Option {
	return func(f *fromConfig) { f.config.Hooks = append(f.config.Hooks, hooks...) }
}

// WithLogger sets the Logger.
func WithLogger(l *slog.Logger) Option { return func(f *fromConfig) { f.config.Logger = l } }

// WithProgress sets a function that is called with the progress of a download.
func WithProgress(p func(dataset.Progress)) Option { return func(f *fromConfig) { f.progress = p } }

// FromConfig makes a Trainer of a configuration: the data set, the model that
// cfg.Model.Name names with the weights it starts from, transforms, optimizer, schedule
// and device. The device is closed by the Trainer's Close. With data.set=auto the set is the
// pets if they are found, else drawn animals.
func FromConfig(cfg config.Config, options ...Option) (*Trainer, error) {
	f := &fromConfig{ctx: context.Background()}
	for _, o := range options {
		o(f)
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	train, test, err := openData(f.ctx, cfg, f.progress)
	if err != nil {
		return nil, err
	}
	net, err := models.New(cfg.Model.Name, models.Config{
		Classes: len(train.Classes()), Dropout: cfg.Model.Dropout, ZeroGamma: cfg.Model.ZeroGamma,
		Settings: cfg.Settings("model.name", cfg.Model.Name),
	})
	if err != nil {
		return nil, err
	}
	dev, err := device.Open(cfg.Device, device.Options{Threads: cfg.Threads})
	if err != nil {
		return nil, err
	}
	f.fill(cfg)
	f.config.Device = dev
	if f.config.Optimizer, err = optimizerOf(cfg, net); err != nil {
		dev.Close()
		return nil, err
	}
	t, err := New(net, train, test, f.config)
	if err != nil {
		dev.Close()
		return nil, withKeys(err)
	}
	t.ownDevice = true
	if cfg.Model.Weights != "" && t.at.Step == 0 {
		if err := t.LoadModel(cfg.Model.Weights, LoadOptions{ReplaceHead: cfg.Model.ReplaceHead, AnyForm: cfg.Model.AnyForm, Key: cfg.Model.WeightsKey}); err != nil {
			t.Close()
			return nil, err
		}
	}
	return t, nil
}

// OpenData opens the training and the test images that FromConfig would use. With
// data.download it downloads them if they are not there.
func OpenData(ctx context.Context, cfg config.Config) (train, test dataset.Dataset, err error) {
	return openData(ctx, cfg, nil)
}

func openData(ctx context.Context, cfg config.Config, progress func(dataset.Progress)) (train, test dataset.Dataset, err error) {
	o := DataOptions(cfg)
	o.Progress = progress
	set, _ := dataset.Resolve(cfg.Data.Set, o)
	o.Settings = cfg.Settings("data.set", set)
	if train, test, err = dataset.Open(ctx, set, o); err != nil {
		return nil, nil, fmt.Errorf("trainer: data.set=%s: %w", set, err)
	}
	return train, test, nil
}

// DataOptions are the settings of a configuration for its data set.
func DataOptions(cfg config.Config) dataset.Options {
	d := cfg.Data
	return dataset.Options{
		Root: d.Root, TrainList: d.TrainList, TestList: d.TestList, Relabel: d.Relabel, TestFraction: d.TestFraction,
		Seed: cfg.Seed, SplitSeed: d.SplitSeed, Classes: d.DrawnClasses, Images: d.DrawnImages, Size: d.Resize,
		Download: d.Download, URL: d.URL, Archives: d.Archives, Settings: cfg.Settings("data.set", d.Set),
	}
}

// cacheBytes bounds the memory for decoded images that are kept from epoch to epoch.
const cacheBytes = 1 << 30

// fill copies the configuration into the Config.
func (f *fromConfig) fill(cfg config.Config) {
	d, c := cfg.Data, &f.config
	c.Name = cfg.Name
	if c.Name == "" {
		c.Name = cfg.DerivedName()
	}
	c.Schedule = scheduleOf(cfg)
	c.ClipNorm, c.Accumulate, c.EMA = cfg.Train.ClipNorm, cfg.Train.Accumulate, cfg.Train.EMA
	c.Best = cfg.Train.Best
	c.Epochs, c.MaxSteps, c.Patience, c.SaveEverySteps = cfg.Train.Epochs, cfg.Train.MaxSteps, cfg.Train.Patience, cfg.Train.SaveEverySteps
	c.Batch, c.TestBatch, c.Workers = d.Batch, d.TestBatch, d.Workers
	c.InOrder, c.DropLast, c.StopOnBadImage = !d.Shuffle, d.DropLast, d.OnBadImage == "stop"
	c.Resize, c.Crop = d.Resize, d.Crop
	c.Test = transforms.Test(d.Resize, d.Crop, transforms.Normalize{Mean: d.Mean, Std: d.Std})
	c.Train = TrainTransform(cfg)
	c.Smoothing, c.Seed = cfg.Loss.LabelSmoothing, cfg.Seed
	c.Precision, _ = ParsePrecision(cfg.Precision) // Validate has the error
	c.Freeze, c.FreezeStatistics = cfg.Model.Freeze, cfg.Model.FreezeStatistics
	c.Mixup = cfg.Augment.Mixup
	if d.Augment {
		c.Erase = transforms.DefaultErasing(cfg.Augment.RandomErasing)
	}
	c.CacheBytes = cacheBytes
}

// TrainTransform is the transform of training images under a configuration.
func TrainTransform(cfg config.Config) transforms.Pipeline {
	d, a := cfg.Data, cfg.Augment
	n := transforms.Normalize{Mean: d.Mean, Std: d.Std}
	if !d.Augment {
		return transforms.Test(d.Resize, d.Crop, n)
	}
	return transforms.Train(d.Crop, transforms.Augment{
		CropScale: a.CropScale, CropRatio: a.CropRatio, Flip: a.Flip, Brightness: a.Brightness,
		Saturation: a.Saturation, HueScale: a.HueScale, Contrast: a.Contrast, HueShift: a.HueShift,
	}, n)
}

// optimizerOf is the optimizer of a model at its full rate, linear scaling included.
func optimizerOf(cfg config.Config, net nn.Module) (optim.Optimizer, error) {
	o := cfg.Optim
	groups, scale, err := groupsOf(cfg, net)
	if err != nil {
		return nil, err
	}
	return optim.New(o.Name, optim.Config{
		LR: cfg.Rate(), Momentum: o.Momentum, Nesterov: o.Nesterov, WeightDecay: o.WeightDecay, Betas: o.Betas, Eps: o.Eps,
		Groups: groups, Scale: scale, Settings: cfg.Settings("optim.name", o.Name),
	})
}

// groupsOf makes the groups of optim.no_bias_decay and optim.rate_scales, and the function of
// the factor on a parameter's rate by its layer; nil: the factor is 1.
func groupsOf(cfg config.Config, net nn.Module) (groups optim.Groups, scale func(p *nn.Param) float64, err error) {
	if cfg.Optim.NoBiasDecay {
		groups = append(groups, optim.NoBiasDecay())
	}
	scales, err := cfg.Optim.ParseRateScales()
	if err != nil {
		return nil, nil, err
	}
	if cfg.Optim.LayerDecay == 1 && len(scales) == 0 {
		return groups, nil, nil
	}
	g, err := nn.Trace(net, []int{1, 3, cfg.Data.Crop, cfg.Data.Crop}, nn.Options{})
	if err != nil {
		return nil, nil, err
	}
	for _, s := range scales {
		if err := matchesOne("optim.rate_scales", s.Pattern, g.Params); err != nil {
			return nil, nil, err
		}
		groups = append(groups, optim.Group{Match: optim.Named(s.Pattern), RateScale: &s.Factor})
	}
	var layer func(param string) string
	if m, ok := net.(models.WithLayers); ok {
		layer = m.LayerOf
	}
	return groups, optim.LayerDecay(g.Params, cfg.Optim.LayerDecay, layer), nil
}

func scheduleOf(cfg config.Config) func(stepsPerEpoch, epochs int) (schedule.Schedule, error) {
	return func(stepsPerEpoch, epochs int) (schedule.Schedule, error) {
		return schedule.New(cfg.Schedule.Name, cfg.ScheduleOptions(stepsPerEpoch, epochs))
	}
}
