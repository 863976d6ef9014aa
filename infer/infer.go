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
	_ "github.com/euryale-ml/euryale/device/all"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/run"
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

// Options are the settings of Open; the zero value takes everything from the file.
type Options struct {
	// Model is the registered name, for files without metadata.
	Model string
	// New makes a model that is not registered; Model is then not looked up. If the file
	// names its model and the new one has a ModelName method, both must agree. Without a
	// HeadParams method the number of classes is that of the file's class names, or of
	// Classes.
	New models.Constructor
	// Classes are the classes' names, for files without metadata; nil: a class is named by
	// its index.
	Classes []string
	// Device computes; nil opens device.Auto with Threads, and Close closes it.
	Device device.Device
	// Threads of the processor; 0 means all.
	Threads int
	// Precision is the type that the network computes in, see trainer.Precisions. Zero means
	// Float32, whatever the weights were trained in: files hold them in float32 or wider.
	Precision device.DType
	// Top is the number of classes in a result; 0 means 5.
	Top int
	// Batch is the most images that are classified together; 0 means 8.
	Batch int
	// Resize and Crop are for files without metadata; 0 means 256 and 224.
	Resize, Crop int
	// Key is the dictionary or prefix of the file to load, such as "model_ema"; "" chooses the
	// one that fits the model best.
	Key string
	// AnyForm allows a file without a model's name for a model whose tensors match another
	// model's too, such as ResNet-50 in form A.
	AnyForm bool
}

// Guess is a class with its probability.
type Guess struct {
	Class       string  `json:"class"`
	Index       int     `json:"index"`
	Probability float64 `json:"probability"`
}

// Result is the classification of an image.
type Result struct {
	Logits []float64 `json:"logits"` // one a class
	Top    []Guess   `json:"top"`    // the most probable first
}

// Classifier classifies images. It is safe for concurrent use: images of several calls
// are classified together.
type Classifier struct {
	queue
	session  *trainer.Session
	device   device.Device
	own      bool
	pipeline transforms.Pipeline
	model    string
	make     models.Constructor
	classes  []string
	top      int
	batch    int
	images   []float32 // of a batch
	once     sync.Once // Close
	closeErr error
	choice   checkpoint.Choice
}

// Open reads weights from a safetensors or .pth file, or the best ones of a run's folder.
func Open(path string, o Options) (c *Classifier, err error) {
	path = run.WeightsFile(path)
	f, err := checkpoint.Open(path)
	if err != nil {
		return nil, fmt.Errorf("infer: %w", err)
	}
	defer f.Close()
	info, err := checkpoint.ReadInfo(f.Metadata())
	if err != nil {
		return nil, fmt.Errorf("infer: %s: %w", path, err)
	}
	c = &Classifier{model: cmp.Or(info.Model, o.Model), top: cmp.Or(o.Top, 5), batch: cmp.Or(o.Batch, 8)}
	if c.model == "" && o.New == nil {
		return nil, fmt.Errorf("infer: %s: %w: it does not name its model; name one of %v", path, ErrWeights, models.Names())
	}
	if o.Model != "" && o.Model != c.model {
		return nil, fmt.Errorf("infer: %s: %w: they are for the model %s, not %s", path, ErrWeights, c.model, o.Model)
	}
	if c.make = o.New; c.make == nil {
		c.make = func(m models.Config) (nn.Module, error) { return models.New(c.model, m) }
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
func (c *Classifier) build(path string, f *checkpoint.Source, classes []string, o Options) (err error) {
	n, err := c.classCount(f, classes, o)
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
	net, err := c.newModel(n)
	if err != nil {
		return fmt.Errorf("infer: %s: %w", path, err)
	}
	if c.device = o.Device; c.device == nil {
		if c.device, err = device.Open(device.Auto, device.Options{Threads: o.Threads}); err != nil {
			return err
		}
		c.own = true
	}
	crop := c.pipeline.W
	if c.session, err = trainer.NewSession(net, trainer.SessionConfig{Device: c.device, Input: [3]int{3, crop, crop}, Precision: o.Precision}); err != nil {
		return err
	}
	_, named := net.(models.Named)
	loaded, err := c.session.LoadFrom(f, trainer.LoadOptions{AnyForm: o.AnyForm, Key: o.Key, AnyModel: o.New != nil && !named}) // Options.New decides the model
	c.choice = loaded.Choice
	return err
}

// newModel makes the model and checks its name against the file's.
func (c *Classifier) newModel(classes int) (net nn.Module, err error) {
	err = safely(func() error {
		net, err = c.make(models.Config{Classes: classes})
		return err
	})
	if err != nil {
		return nil, err
	}
	if net == nil {
		return nil, fmt.Errorf("%w: Options.New made no model", ErrWeights)
	}
	if named, ok := net.(models.Named); ok {
		if name := named.ModelName(); c.model == "" {
			c.model = name
		} else if name != c.model {
			return nil, fmt.Errorf("%w: they are for the model %s, not %s", ErrWeights, c.model, name)
		}
	}
	return net, nil
}

// classCount returns the number of classes: of the class names in the file, else of the
// classifier's outputs, else, for a model without HeadParams, of the given names.
func (c *Classifier) classCount(f *checkpoint.Source, names []string, o Options) (int, error) {
	if len(names) > 0 {
		return len(names), nil
	}
	net, err := c.newModel(2)
	if err != nil {
		return 0, err
	}
	if _, ok := net.(models.WithHead); !ok && len(o.Classes) > 0 {
		return len(o.Classes), nil
	}
	n, err := trainer.HeadClasses(net, [3]int{3, c.pipeline.H, c.pipeline.W}, f, o.Key)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrWeights, err)
	}
	return n, nil
}

// Model returns the model's name: the registered one, or that in the file or of the model.
func (c *Classifier) Model() string { return c.model }

// Choice returns the part of the file that the weights are from, if it holds more than a
// state dict.
func (c *Classifier) Choice() checkpoint.Choice { return c.choice }

// Classes returns the names of the classes in order of their index.
func (c *Classifier) Classes() []string { return slices.Clone(c.classes) }

// Classify returns each image's logits and most probable classes, in order.
//
// Images of calls that wait at the same time are classified together, at most Batch of
// them, in order of arrival; an image's logits are the same bits whatever else is in the
// batch. A call with more than Batch images is split, and other calls are served between
// its parts. When ctx ends, the call leaves the queue and returns the cause at once. An
// error affects this call only: it names an image that cannot be used, or is ErrClosed.
func (c *Classifier) Classify(ctx context.Context, images ...image.Image) ([]Result, error) {
	if err := c.isOpen(); err != nil {
		return nil, err
	}
	results := make([]Result, len(images))
	done := make(chan outcome, min(2*c.batch, len(images)))
	defer c.drop(done)
	sent, received := 0, 0
	for received < len(images) {
		// The next part is prepared while the one before is classified.
		if sent < len(images) && sent-received <= c.batch {
			part := images[sent:min(sent+c.batch, len(images), received+2*c.batch)]
			jobs, err := c.prepareJobs(ctx, part, sent, done)
			if err != nil {
				return nil, err
			}
			if err := c.put(c.batch, c.serve, jobs...); err != nil {
				return nil, err
			}
			sent += len(part)
			continue
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case o := <-done:
			if o.err != nil {
				return nil, o.err
			}
			results[o.index] = c.result(o.logits)
			received++
		}
	}
	return results, nil
}

// prepareJobs turns images into network inputs; first is the index in the call of the
// first image.
func (c *Classifier) prepareJobs(ctx context.Context, images []image.Image, first int, done chan<- outcome) ([]job, error) {
	jobs := make([]job, len(images))
	for i, img := range images {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		pixels := make([]float32, c.pipeline.Len())
		err := safely(func() error { // methods of img are the caller's code
			if err := usable(img); err != nil {
				return err
			}
			return c.pipeline.Tensor(pixels, transforms.FromImage(img), nil)
		})
		if err != nil && !errors.Is(err, ErrImage) {
			err = fmt.Errorf("%w: %w", ErrImage, err)
		}
		if err != nil {
			return nil, fmt.Errorf("infer: image %d: %w", first+i, err)
		}
		jobs[i] = job{index: first + i, pixels: pixels, done: done}
	}
	return jobs, nil
}

// usable returns an error if an image cannot be classified.
func usable(img image.Image) error {
	if img == nil || img.Bounds().Empty() {
		return fmt.Errorf("%w: it has no pixels", ErrImage)
	}
	if b := img.Bounds(); b.Dx() > transforms.MaxPixels/b.Dy() {
		return fmt.Errorf("%w: it has %d×%d pixels, more than %d", ErrImage, b.Dx(), b.Dy(), transforms.MaxPixels)
	}
	return nil
}

// serve classifies the images of jobs together, or runs the job that needs the network
// alone.
func (c *Classifier) serve(jobs []job) {
	classes := len(c.classes)
	var logits []float64
	err := safely(func() error {
		if jobs[0].alone != nil {
			return jobs[0].alone()
		}
		c.images = c.images[:0]
		for _, j := range jobs {
			c.images = append(c.images, j.pixels...)
		}
		_, size := programFor(len(jobs), c.batch)
		r, err := c.session.Evaluate(c.images, nil, size)
		logits = slices.Clone(r.Logits)
		return err
	})
	if err != nil {
		err = fmt.Errorf("infer: %w", err)
	}
	for i, j := range jobs {
		o := outcome{index: j.index, err: err}
		if err == nil && j.alone == nil {
			o.logits = logits[i*classes : (i+1)*classes : (i+1)*classes]
		}
		j.done <- o
	}
}

// result makes the Result of an image's logits.
func (c *Classifier) result(logits []float64) Result {
	r := Result{Logits: logits}
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

// Close frees the model. Waiting calls end with ErrClosed; a batch that is being classified
// is completed first.
func (c *Classifier) Close() error {
	c.once.Do(func() {
		c.close()
		if c.session != nil {
			c.closeErr = c.session.Close()
		}
		if c.own && c.device != nil {
			c.closeErr = errors.Join(c.closeErr, c.device.Close())
		}
	})
	return c.closeErr
}
