package trainer

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/run"
)

// LoadOptions are the settings of loading weights from a file.
type LoadOptions struct {
	// ReplaceHead keeps fresh weights for the classifier when the file's has another size.
	ReplaceHead bool
	// AnyForm accepts a file that does not name its model for a model that has a lookalike
	// (models.WithLookalike), such as ResNet-50 in form A.
	AnyForm bool
	// Key is the dictionary or prefix in the file to load, such as "model_ema"; "" chooses the
	// one that fits the model best.
	Key string
	// AnyModel accepts a file that names another model.
	AnyModel bool
}

// Loaded is the result of loading weights from a file.
type Loaded struct {
	// Choice is the part of the file that was loaded.
	Choice checkpoint.Choice
	// FreshHead is true if the classifier has fresh weights instead of the file's.
	FreshHead bool
	// Classes are the names of the classes in the file's metadata; nil: it has none.
	Classes []string
}

// MatchOptions are checkpoint's options for finding a model's tensors in a file.
func MatchOptions(m nn.Module, o LoadOptions) checkpoint.MatchOptions {
	name := modelName(m)
	if o.AnyModel {
		name = ""
	}
	c := checkpoint.MatchOptions{
		Model: name, Head: HeadParams(m), Aliases: Aliases(m), ReplaceHead: o.ReplaceHead, AnyForm: o.AnyForm, Key: o.Key,
	}
	if l, ok := m.(models.WithLookalike); ok {
		c.Lookalike, c.LookalikeElsewhere = l.Lookalike()
	}
	return c
}

// Load loads a state dict into the model, by the model's names or its Aliases; see
// checkpoint.Source.Match for the files that are accepted. A file of another model, with
// missing or mis-shaped tensors or values that are not finite, is an error that names path
// and changes nothing.
func (s *Session) Load(path string, f *checkpoint.File, o LoadOptions) error {
	options := MatchOptions(s.model, o)
	options.Path = path
	match, err := checkpoint.Match(f, s.specs(), options)
	if err != nil {
		return err
	}
	_, err = s.put(path, match)
	return err
}

// LoadFrom is Load from an opened file, of which it reads only the tensors that the model
// needs.
func (s *Session) LoadFrom(f *checkpoint.Source, o LoadOptions) (Loaded, error) {
	match, err := f.Match(s.specs(), MatchOptions(s.model, o))
	if err != nil {
		return Loaded{}, err
	}
	return s.put(cmp.Or(f.Path(), "the weights"), match)
}

// put writes the matched tensors; counters that the file lacks become 0.
func (s *Session) put(path string, m checkpoint.Matched) (Loaded, error) {
	if err := s.checkRange(m.Tensors); err != nil {
		return Loaded{}, fmt.Errorf("trainer: %s: %w", path, err)
	}
	for _, name := range s.names {
		s.counters[name] = 0
	}
	return Loaded{Choice: m.Choice, FreshHead: m.FreshHead, Classes: m.Info.Classes}, s.writeTensors(path, m.Tensors)
}

// checkRange is an error if a float64 value of a file is infinite in the Session's type.
func (s *Session) checkRange(tensors []checkpoint.Tensor) error {
	if s.dtype() == tensor.Float64 {
		return nil
	}
	for _, t := range tensors {
		values, _ := t.Data.([]float64)
		for _, v := range values {
			if math.IsInf(float64(float32(v)), 0) {
				return fmt.Errorf("%w: %s holds %g, which is infinite in float32", checkpoint.ErrNotFinite, t.Name, v)
			}
		}
	}
	return nil
}

// LoadModel loads a state dict into the model; see Session.Load. path is a safetensors or a
// .pth file, or a run's folder. The part of the file that was loaded is logged if the file
// holds several, and so is a warning if the classifier is kept though the names of the
// classes differ.
func (t *Trainer) LoadModel(path string, o LoadOptions) error {
	path = run.WeightsFile(path)
	f, err := checkpoint.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	loaded, err := t.session.LoadFrom(f, o)
	if err != nil {
		return err
	}
	if line := loaded.Choice.String(); line != "" {
		t.config.Logger.Info(fmt.Sprintf("weights of %s: %s", path, line))
	}
	t.logHead(loaded, o)
	return nil
}

// logHead logs if the classifier has fresh weights, or is kept with other classes.
func (t *Trainer) logHead(l Loaded, o LoadOptions) {
	log, n := t.config.Logger, len(t.classes)
	kept := fmt.Sprintf("the file's classifier is kept, since it has %d classes as the data set has, but", n)
	if o.ReplaceHead {
		kept = fmt.Sprintf("model.replace_head keeps the file's classifier, since it has %d classes as the data set has, but", n)
	}
	switch {
	case l.FreshHead:
		log.Info("the classifier begins with fresh weights, since the file's has another size or none")
	case len(l.Classes) == 0 && o.ReplaceHead:
		log.Info(fmt.Sprintf("model.replace_head keeps the file's classifier, since it has %d classes as the data set has; the file does not name them", n))
	case len(l.Classes) == 0 || slices.Equal(l.Classes, t.classes):
	case sameNames(l.Classes, t.classes):
		log.Warn(fmt.Sprintf("%s they are in another order: %s there, %s here", kept, inwords.Some(l.Classes), inwords.Some(t.classes)))
	default:
		log.Warn(fmt.Sprintf("%s their names differ: %s there, %s here", kept, inwords.Some(l.Classes), inwords.Some(t.classes)))
	}
}

// sameNames reports whether two lists hold the same names in any order.
func sameNames(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// HeadClasses is the number of classes of the classifier in a file of weights of a model; m
// may have any number of classes. input is channels, height and width of an image, key as in
// LoadOptions.
func HeadClasses(m nn.Module, input [3]int, f *checkpoint.Source, key string) (int, error) {
	head := HeadParams(m)
	if len(head) == 0 {
		return 0, fmt.Errorf("%w: %s does not name the parameters of its classifier (HeadParams), and the file has no names of classes; give the names", ErrConfig, modelName(m))
	}
	g, err := nn.Trace(m, append([]int{1}, input[:]...), nn.Options{})
	if err != nil {
		return 0, err
	}
	o := MatchOptions(m, LoadOptions{AnyModel: true, AnyForm: true, Key: key})
	if n := f.HeadClasses(Specs(g), o); n > 0 {
		return n, nil
	}
	_, err = f.Match(Specs(g), o) // its error names the tensors that do not match
	if err == nil {
		err = checkpoint.ErrMatch
	}
	return 0, fmt.Errorf("it lacks %s, the classifier of %s: %w", strings.Join(head, ", "), modelName(m), err)
}
