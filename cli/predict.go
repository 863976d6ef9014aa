package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/infer"
	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/transforms"
)

// predictOptions are the flags of predict.
type predictOptions struct {
	weights, device, model, classes, key string
	cam, class                           string
	asJSON, anyForm                      bool
	top, threads, resize, crop           int
}

func (o *predictOptions) flags() *flag.FlagSet {
	f := newFlags("predict")
	f.StringVar(&o.weights, "weights", "", "weights `FILE`, or a run's folder, whose best weights are taken")
	f.BoolVar(&o.asJSON, "json", false, "print a JSON object a line: image, logits, top")
	f.StringVar(&o.cam, "cam", "", "picture `FILE.png` of the parts of the image that support the class (Grad-CAM); for several images, FILE-1-NAME.png and so on")
	f.StringVar(&o.class, "class", "", "`CLASS` of -cam, by name or index; else the most probable one")
	f.IntVar(&o.top, "top", 5, "classes in \"top\", the most probable first")
	f.StringVar(&o.device, "device", device.Auto, "one of "+strings.Join(device.Names(), ", "))
	f.IntVar(&o.threads, "threads", 0, "workers; 0: all that the container allows")
	f.StringVar(&o.model, "model", "", "model of a file without metadata: "+strings.Join(models.Names(), ", "))
	f.StringVar(&o.key, "weights-key", "", "`KEY` of the part of a file to take, such as model_ema; default the part that fits the model best")
	f.StringVar(&o.classes, "classes", "", "`FILE` with a class's name a line, for a file without metadata; else a class is called by its index")
	f.IntVar(&o.resize, "resize", 0, "short side of the image, for a file without metadata; 0: 256")
	f.IntVar(&o.crop, "crop", 0, "side of the network's input, for a file without metadata; 0: 224")
	f.BoolVar(&o.anyForm, "any-form", false, "take a file without metadata as resnet50 (form A); torchvision's resnet50 is resnet50b")
	return f
}

const predictHelp = `predict classifies images with trained weights.

  predict -weights FILE|RUN [flags] IMAGE…

An IMAGE is a file, a folder, or - for an image on standard input. A folder stands for all images below it, except hidden
ones (.name, __MACOSX and the like); links are followed, and files with other endings are left out and counted.
Each makes a line: path, class and probability with tabs between them, or with -json an object
{"image":…,"logits":[…],"top":[{"class":…,"index":…,"probability":…}]}. An image that cannot be read
makes {"image":…,"error":…}; the others are done, and the exit code is 1.

`

// Predict is the command that classifies images: it never returns.
func Predict() { Main(RunPredict) }

// RunPredict is the command of Predict with its arguments and streams.
func RunPredict(ctx context.Context, s IO, args []string) int {
	var o predictOptions
	f := o.flags()
	images, err := parse(f, args)
	if errors.Is(err, errHelp) {
		io.WriteString(s.Out, reflowed(predictHelp))
		printFlags(s.Out, f)
		return Done
	}
	if err == nil {
		err = o.check(images)
	}
	if err != nil {
		return fail(s, "predict", err)
	}
	bad, err := o.run(ctx, s, images)
	if err != nil {
		return fail(s, "predict", err)
	}
	if bad > 0 {
		return Failed
	}
	return Done
}

func (o *predictOptions) check(images []string) error {
	switch {
	case o.weights == "":
		return usagef("which weights? -weights FILE, or a run's folder")
	case len(images) == 0:
		return usagef("no images: name files, folders, or - for standard input")
	case o.top < 1:
		return usagef("-top %d: want at least 1", o.top)
	case o.class != "" && o.cam == "":
		return usagef("-class %s is of -cam, which is not given", o.class)
	case o.cam != "" && strings.ToLower(filepath.Ext(o.cam)) != ".png":
		return usagef("-cam %s: want a file that ends in .png", o.cam)
	case o.threads < 0:
		return usagef("-threads %d: want 0 for all, or more", o.threads)
	case o.resize < 0 || o.crop < 0:
		return usagef("-resize %d -crop %d: want 0 for the usual size, or more", o.resize, o.crop)
	}
	if err := checkDevice(o.device); err != nil {
		return err
	}
	if o.model != "" && !slices.Contains(models.Names(), o.model) {
		return unknownName("-model", o.model, models.Names())
	}
	return nil
}

// checkDevice is an error if the key device does not take the name.
func checkDevice(name string) error {
	c := config.Default()
	c.Device = name
	switch err := c.Validate(); {
	case errors.Is(err, config.ErrUnavailable):
		return err
	case err != nil:
		return unknownName("-device", name, device.Names())
	}
	return nil
}

// unknownName is the error for an unknown name, with the most similar one.
func unknownName(what, name string, known []string) error {
	hint := ""
	if near := nearest(name, known); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return usagef("%s: there is no %q%s (known: %s)", what, name, hint, strings.Join(known, ", "))
}

// run classifies and returns the number of images that could not be read.
func (o *predictOptions) run(ctx context.Context, s IO, images []string) (bad int, err error) {
	of := infer.Options{Model: o.model, Top: o.top, Resize: o.resize, Crop: o.crop, AnyForm: o.anyForm, Key: o.key}
	if of.Classes, err = readNames(o.classes); err != nil {
		return 0, err
	}
	if of.Device, err = device.Open(o.device, device.Options{Threads: o.threads}); err != nil {
		return 0, err
	}
	defer of.Device.Close()
	c, err := infer.Open(o.weights, of)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if line := c.Choice().String(); line != "" {
		fmt.Fprintf(s.Err, "weights of %s: %s\n", o.weights, line)
	}
	out := bufio.NewWriter(s.Out)
	p := &predictor{options: o, classifier: c, out: out, err: s.Err, in: s.In, class: -1}
	if o.class != "" {
		if p.class, err = classIndex(o.class, c.Classes()); err != nil {
			return 0, err
		}
	}
	if info, err := os.Stat(images[0]); len(images) > 1 || err == nil && info.IsDir() {
		p.several = true
	}
	for _, name := range images {
		if err := p.add(ctx, name); err != nil {
			return p.bad, err
		}
	}
	if err := p.flush(ctx); err != nil {
		return p.bad, err
	}
	return p.bad, out.Flush()
}

// predictor gathers images and classifies them some at a time, in order.
type predictor struct {
	options    *predictOptions
	classifier *infer.Classifier
	out        *bufio.Writer
	err        io.Writer
	in         io.Reader
	waiting    []waiting
	bad        int
	class      int  // of -cam; -1: the most probable one
	several    bool // there may be several images
	drawn      int  // pictures of -cam
}

// waiting is an image to be classified, or the error of reading it.
type waiting struct {
	name  string
	image image.Image
	err   error
}

// predictBatch is the number of images that are classified at a time.
const predictBatch = 8

// add reads an image, or those of a folder.
func (p *predictor) add(ctx context.Context, name string) error {
	if name == "-" {
		img, err := transforms.Decode(p.in)
		return p.put(ctx, waiting{name, img, err})
	}
	info, err := os.Stat(name)
	if err != nil || !info.IsDir() {
		return p.read(ctx, name)
	}
	return p.addFolder(ctx, name)
}

func (p *predictor) read(ctx context.Context, path string) error {
	img, err := transforms.DecodeFile(path)
	return p.put(ctx, waiting{path, img, err})
}

// put adds an image; when there are predictBatch images, they are classified.
func (p *predictor) put(ctx context.Context, w waiting) error {
	if w.err != nil {
		w.image = nil
	}
	p.waiting = append(p.waiting, w)
	if len(p.waiting) < predictBatch {
		return nil
	}
	return p.flush(ctx)
}

// flush classifies the waiting images and prints the results in order.
func (p *predictor) flush(ctx context.Context) error {
	var images []image.Image
	for _, w := range p.waiting {
		if w.err == nil {
			images = append(images, w.image)
		}
	}
	results, err := p.classifier.Classify(ctx, images...)
	if err != nil {
		return err
	}
	for _, w := range p.waiting {
		if w.err == nil {
			w.err = p.print(w.name, results[0])
			results = results[1:]
		}
		if w.err == nil && p.options.cam != "" {
			w.err = p.drawCAM(ctx, w)
		}
		if w.err != nil {
			p.printBad(w)
		}
	}
	p.waiting = p.waiting[:0]
	return p.out.Flush()
}

// print writes an image's line; the error is about its result.
func (p *predictor) print(name string, r infer.Result) error {
	for _, v := range r.Logits {
		if !metrics.Finite(v) {
			return errors.New("the model gives no finite values for it")
		}
	}
	if p.options.asJSON {
		return p.encode(struct {
			Image string `json:"image"`
			infer.Result
		}{name, r})
	}
	fmt.Fprintf(p.out, "%s\t%s\t%.4f\n", onOneLine(name), onOneLine(r.Top[0].Class), r.Top[0].Probability)
	return nil
}

func (p *predictor) printBad(w waiting) {
	p.bad++
	if p.options.asJSON {
		p.encode(struct {
			Image string `json:"image"`
			Error string `json:"error"`
		}{w.name, oneLine(w.err)})
		return
	}
	p.out.Flush()
	fmt.Fprintf(p.err, "predict: %s: %s\n", onOneLine(w.name), faultOf(w.name, w.err))
}

func (p *predictor) encode(v any) error {
	e := json.NewEncoder(p.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
