package infer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/cpu"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/trainer"
	"github.com/euryale-ml/euryale/transforms"
)

var (
	// ErrWeights is wrapped by errors about weights that cannot be used.
	ErrWeights = errors.New("these weights cannot be used")
	// ErrImage is wrapped by errors about images that cannot be classified.
	ErrImage = errors.New("this image cannot be classified")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("infer: the classifier is closed")
)

// Options say how a Classifier works; the zero value takes everything from the file.
type Options struct {
	// Model is the registered name, for files without metadata.
	Model string
	// Classes are the classes' names, for files without metadata; where there are none
	// a class is called by its index.
	Classes []string
	// Device computes; nil means the processor with Threads workers, closed by Close.
	Device device.Device
	// Threads of the processor; 0 means all.
	Threads int
	// Top is the number of classes in a result; 0 means 5.
	Top int
	// Batch is the number of images that are classified at a time; 0 means 8.
	Batch int
	// Resize and Crop are for files without metadata; 0 means 256 and 224.
	Resize, Crop int
	// AnyForm takes a file without metadata into a ResNet of form A.
	AnyForm bool
}

// Guess is a class with its probability.
type Guess struct {
	Class       string  `json:"class"`
	Index       int     `json:"index"`
	Probability float64 `json:"probability"`
}

// Result is what is said of an image.
type Result struct {
	Logits []float64 `json:"logits"` // one a class
	Top    []Guess   `json:"top"`    // the most probable first
}

// Classifier classifies images. It is safe for concurrent use; calls take turns.
type Classifier struct {
	mu       sync.Mutex
	step     *trainer.Step
	device   device.Device
	own      bool
	pipeline transforms.Pipeline
	model    string
	classes  []string
	top      int
	batch    int
	images   []float32
	closed   bool
}

// Open reads weights from a safetensors or .pth file, or the best ones of a run's folder.
func Open(path string, o Options) (c *Classifier, err error) {
	path = trainer.WeightsFile(path)
	f, err := checkpoint.Read(path)
	if err != nil {
		return nil, fmt.Errorf("infer: %w", err)
	}
	info, err := checkpoint.ReadInfo(f.Metadata)
	if err != nil {
		return nil, fmt.Errorf("infer: %s: %w", path, err)
	}
	c = &Classifier{model: cmp.Or(info.Model, o.Model), top: cmp.Or(o.Top, 5), batch: cmp.Or(o.Batch, 8)}
	if c.model == "" {
		return nil, fmt.Errorf("infer: %s: %w: it does not say which model it is of; name one of %v", path, ErrWeights, models.Names())
	}
	if o.Model != "" && o.Model != c.model {
		return nil, fmt.Errorf("infer: %s: %w: it is of %s, not of %s", path, ErrWeights, c.model, o.Model)
	}
	if c.top < 1 || c.batch < 1 {
		return nil, fmt.Errorf("infer: Top %d, Batch %d: want positive numbers", o.Top, o.Batch)
	}
	if err := c.prepare(info, o); err != nil {
		return nil, fmt.Errorf("infer: %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			c.Close()
			c = nil
		}
	}()
	return c, c.build(path, f, info.Classes, o)
}

// prepare chooses the transforms.
func (c *Classifier) prepare(info checkpoint.Info, o Options) error {
	p := checkpoint.Preprocessing{Resize: cmp.Or(o.Resize, 256), Crop: cmp.Or(o.Crop, 224)}
	normalize := transforms.TaskNormalize()
	p.Mean, p.Std = normalize.Mean, normalize.Std
	if info.Preprocessing != nil {
		p = *info.Preprocessing
	}
	c.pipeline = transforms.Test(p.Resize, p.Crop, transforms.Normalize{Mean: p.Mean, Std: p.Std})
	return c.pipeline.Validate()
}

// build makes the model with as many outputs as the file's classifier has.
func (c *Classifier) build(path string, f *checkpoint.File, classes []string, o Options) (err error) {
	n, err := c.classCount(f, classes)
	if err != nil {
		return fmt.Errorf("infer: %s: %w", path, err)
	}
	if c.classes = classes; len(classes) == 0 {
		c.classes = o.Classes
	}
	if len(c.classes) == 0 {
		for i := range n {
			c.classes = append(c.classes, strconv.Itoa(i))
		}
	}
	if len(c.classes) != n {
		return fmt.Errorf("infer: %s: %w: %d names for its %d classes", path, ErrWeights, len(c.classes), n)
	}
	net, err := models.New(c.model, models.Config{Classes: n})
	if err != nil {
		return fmt.Errorf("infer: %s: %w", path, err)
	}
	if c.device = o.Device; c.device == nil {
		if c.device, err = cpu.New(cpu.Options{Threads: o.Threads}); err != nil {
			return err
		}
		c.own = true
	}
	crop := c.pipeline.W
	if c.step, err = trainer.NewStep(net, trainer.StepConfig{Device: c.device, Input: [3]int{3, crop, crop}}); err != nil {
		return err
	}
	return c.step.Load(path, f, trainer.LoadOptions{AnyForm: o.AnyForm})
}

// classCount is the number of classes: of the names, or of the outputs of the file's
// classifier.
func (c *Classifier) classCount(f *checkpoint.File, names []string) (int, error) {
	if len(names) > 0 {
		return len(names), nil
	}
	net, err := models.New(c.model, models.Config{Classes: 2})
	if err != nil {
		return 0, err
	}
	m, ok := net.(interface{ HeadParams() []string })
	if !ok {
		return 0, fmt.Errorf("%w: it does not say how many classes it has; name them", ErrWeights)
	}
	f = checkpoint.Rename(f, trainer.Aliases(net)) // a file of another library
	for _, name := range m.HeadParams() {
		if t, ok := f.Find(name); ok && len(t.Shape) > 0 && t.Shape[0] > 0 {
			return t.Shape[0], nil
		}
	}
	return 0, fmt.Errorf("%w: it lacks %v, the classifier of %s", ErrWeights, m.HeadParams(), c.model)
}

// Model is the registered name of the model.
func (c *Classifier) Model() string { return c.model }

// Classes are the names of the classes in order of their index.
func (c *Classifier) Classes() []string { return slices.Clone(c.classes) }

// Classify gives each image its logits and most probable classes, in order.
func (c *Classifier) Classify(ctx context.Context, images ...image.Image) ([]Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	results := make([]Result, 0, len(images))
	for from := 0; from < len(images); from += c.batch {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		part := images[from:min(from+c.batch, len(images))]
		c.images = slices.Grow(c.images[:0], len(part)*c.pipeline.Len())[:len(part)*c.pipeline.Len()]
		for i, img := range part {
			if img == nil || img.Bounds().Empty() {
				return nil, fmt.Errorf("infer: image %d: %w: it has no pixels", from+i, ErrImage)
			}
			if err := c.pipeline.Tensor(c.images[i*c.pipeline.Len():], transforms.FromImage(img), nil); err != nil {
				return nil, fmt.Errorf("infer: image %d: %w", from+i, err)
			}
		}
		r, err := c.step.Evaluate(c.images, nil, programSize(len(part), c.batch))
		if err != nil {
			return nil, err
		}
		for i := range part {
			results = append(results, c.result(r.Logits[i*len(c.classes):(i+1)*len(c.classes)]))
		}
	}
	return results, nil
}

// programSize is 1 for a single image and the batch otherwise, so that two programs serve all.
func programSize(n, batch int) int {
	if n == 1 {
		return 1
	}
	return batch
}

// result is the softmax of an image's logits.
func (c *Classifier) result(logits []float64) Result {
	r := Result{Logits: slices.Clone(logits)}
	top, sum := slices.Max(logits), 0.0
	for i, v := range logits {
		p := math.Exp(v - top)
		sum += p
		r.Top = append(r.Top, Guess{Class: c.classes[i], Index: i, Probability: p})
	}
	for i := range r.Top {
		r.Top[i].Probability /= sum
	}
	slices.SortStableFunc(r.Top, func(a, b Guess) int { return cmp.Compare(b.Probability, a.Probability) })
	r.Top = r.Top[:min(c.top, len(r.Top))]
	return r
}

// Close frees the model.
func (c *Classifier) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	var errs []error
	if c.step != nil {
		errs = append(errs, c.step.Close())
	}
	if c.own && c.device != nil {
		errs = append(errs, c.device.Close())
	}
	return errors.Join(errs...)
}
