package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/onnx"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

const exportHelp = `export writes a model's weights for other programs.

  export -weights FILE|RUN -to FILE.safetensors|FILE.pth|FILE.onnx [flags]

.safetensors and .pth load in PyTorch by load_state_dict(strict=True), under torchvision's names for VGG-16 and
ResNet-50 (form B) and timm's for forms C and D; -names timm gives VGG-16 timm's. .onnx is the complete model: the input
image [N, 3, size, size], normalised, the output logits [N, classes].

`

// exporting is a call of export: its flags.
type exporting struct {
	weights, to, model, names, key string
	size                           int
	anyForm                        bool
}

// RunExport is the command that writes weights in other formats.
func RunExport(_ context.Context, s IO, args []string) int {
	var e exporting
	f := newFlags("export")
	f.StringVar(&e.weights, "weights", "", "`FILE|RUN` to read: .safetensors, .pth, or a run's folder for its best weights")
	f.StringVar(&e.to, "to", "", "`FILE` to write; its ending chooses the format")
	f.StringVar(&e.model, "model", "", "`NAME` of the model, for files without metadata: "+strings.Join(models.Names(), ", "))
	f.StringVar(&e.key, "weights-key", "", "`KEY` of the part of a file to take, such as model_ema; default the part that fits the model best")
	f.StringVar(&e.names, "names", "torchvision", "`NAMES` of VGG's classifier: torchvision's or timm's")
	f.IntVar(&e.size, "size", 0, "`PIXELS` of a side of ONNX's input; 0 = as in training, else 224")
	f.BoolVar(&e.anyForm, "any-form", false, "take a file that does not name its model, such as torchvision's, as one of resnet50 (form A)")
	others, err := parse(f, args)
	if errors.Is(err, errHelp) {
		fmt.Fprint(s.Out, reflowed(exportHelp))
		printFlags(s.Out, f)
		return Done
	}
	if err == nil && len(others) > 0 {
		err = usagef("%q is no flag; -h lists them", others[0])
	}
	if err == nil {
		err = e.check()
	}
	if err == nil {
		err = e.run(s)
	}
	if err != nil {
		return fail(s, "export", err)
	}
	fmt.Fprintln(s.Out, e.to)
	return Done
}

// formats are the endings of files that export writes.
var formats = []string{".safetensors", ".pth", ".pt", ".onnx"}

func (e *exporting) check() error {
	switch {
	case e.weights == "":
		return usagef("-weights is missing: a file or a run's folder")
	case e.to == "":
		return usagef("-to is missing: a file that ends in one of %s", strings.Join(formats, ", "))
	case !slices.Contains(formats, filepath.Ext(e.to)):
		return usagef("-to %s: want a file that ends in one of %s", e.to, strings.Join(formats, ", "))
	case e.names != "torchvision" && e.names != "timm":
		return usagef("-names %s: want torchvision or timm", e.names)
	case e.size < 0 || e.size > 8192:
		return usagef("-size %d: want 1 to 8192, or 0", e.size)
	}
	return nil
}

func (e *exporting) run(s IO) error {
	path := run.WeightsFile(e.weights)
	if same(path, e.to) {
		return usagef("-to %s is the file that is read, which may have more than the weights: name another", e.to)
	}
	f, err := checkpoint.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := checkpoint.ReadInfo(f.Metadata())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if info.Model != "" && e.model != "" && info.Model != e.model {
		return usagef("%s is of %s, not of %s", path, info.Model, e.model)
	}
	name := cmp.Or(info.Model, e.model)
	if name == "" {
		return usagef("%s does not name its model: name one with -model, of %s", path, strings.Join(models.Names(), ", "))
	}
	size := cmp.Or(e.size, 224)
	if info.Preprocessing != nil && e.size == 0 {
		size = info.Preprocessing.Crop
	}
	return e.write(s, path, name, size, f, info)
}

// write makes the model's graph, which defines its tensors, and writes the file.
func (e *exporting) write(s IO, path, name string, size int, f *checkpoint.Source, info checkpoint.Info) error {
	m, err := modelOf(name, size, f, e.key)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	g, err := nn.Trace(m, []int{1, 3, size, size}, nn.Options{})
	if err != nil {
		return err
	}
	options := trainer.MatchOptions(m, trainer.LoadOptions{AnyForm: e.anyForm, Key: e.key})
	options.Model = name
	matched, err := f.Match(trainer.Specs(g), options)
	if err != nil {
		return err
	}
	if line := matched.Choice.String(); line != "" {
		fmt.Fprintf(s.Err, "weights of %s: %s\n", path, line)
	}
	info.Model = name
	metadata := info.Metadata()
	out := &checkpoint.File{Tensors: matched.Tensors, Metadata: metadata}
	if filepath.Ext(e.to) == ".onnx" {
		maps.DeleteFunc(metadata, func(k, _ string) bool { return k == "format" })
		return onnx.Write(e.to, g, out.Tensors, metadata)
	}
	if e.names == "timm" {
		out = checkpoint.RenameBack(out, options.Aliases)
	}
	if filepath.Ext(e.to) == ".safetensors" {
		return checkpoint.Write(e.to, out)
	}
	return checkpoint.WriteTorch(e.to, out)
}

// modelOf makes a model with as many outputs as a file's classifier has.
func modelOf(name string, size int, f *checkpoint.Source, key string) (nn.Module, error) {
	m, err := models.New(name, models.Config{Classes: 2})
	if err != nil {
		return nil, err
	}
	classes, err := trainer.HeadClasses(m, [3]int{3, size, size}, f, key)
	if err != nil {
		return nil, err
	}
	return models.New(name, models.Config{Classes: classes})
}

// same reports whether two paths lead to the same existing file.
func same(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
