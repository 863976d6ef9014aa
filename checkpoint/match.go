package checkpoint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Spec is a tensor that a model needs.
type Spec struct {
	Name  string
	Shape []int
	// Counter is a count of steps (num_batches_tracked), int64, which a file may lack.
	Counter bool
}

// MatchOptions say what Match accepts.
type MatchOptions struct {
	// Path names the file in errors.
	Path string
	// Model is the registered name of the model.
	Model string
	// Head names the tensors of the model's classifier.
	Head []string
	// ReplaceHead leaves out the classifier of a file that has another number of classes,
	// or none.
	ReplaceHead bool
	// AnyForm takes a file that does not say which model it is of into resnet50.
	AnyForm bool
}

// Matched is what of a file goes into a model.
type Matched struct {
	// Tensors are in the order of the Specs, with their shapes.
	Tensors []Tensor
	// FreshHead says that the classifier is not among them.
	FreshHead bool
}

// formA is the model whose tensors are those of torchvision's resnet50, which is another.
const formA, formB = "resnet50", "resnet50b"

// Match finds the tensors of a model in a file. It is an error if the metadata names
// another model, if the file does not say that it is of resnet50 where the model is that
// (torchvision's file of this name is form B, with the same names and shapes), if the
// classifier has another size, and if tensors are missing, unknown or mis-shaped.
func Match(f *File, specs []Spec, o MatchOptions) (Matched, error) {
	fail := func(err error) (Matched, error) {
		return Matched{}, fmt.Errorf("checkpoint: %s: %w", cmp.Or(o.Path, "the weights"), err)
	}
	info, err := ReadInfo(f.Metadata)
	if err != nil {
		return fail(err)
	}
	switch {
	case info.Model != "" && o.Model != "" && info.Model != o.Model:
		return fail(fmt.Errorf("%w: it is of %s, the model is %s", ErrModel, info.Model, o.Model))
	case info.Model == "" && o.Model == formA && !o.AnyForm:
		return fail(fmt.Errorf("%w: it does not say which form of ResNet it is of, and torchvision's resnet50 is what is called %s here: "+
			"choose model.name=%s; if it is of form A all the same, insist with model.any_form=true (predict: -any-form, in Go: AnyForm), or write %s=%s into its metadata",
			ErrModel, formB, formB, ModelKey, formA))
	}
	c := newComparison(f, specs, o)
	if err := c.err(); err != nil {
		return fail(err)
	}
	return Matched{Tensors: c.found, FreshHead: c.freshHead}, nil
}

// comparison is a file held against specs.
type comparison struct {
	options                      MatchOptions
	found                        []Tensor
	missing, unexpected, strange []string
	head                         []string // what is wrong with the classifier
	freshHead                    bool
}

func newComparison(f *File, specs []Spec, o MatchOptions) *comparison {
	c := &comparison{options: o}
	file, known := map[string]Tensor{}, map[string]bool{}
	for _, t := range f.Tensors {
		file[t.Name] = t
	}
	for _, s := range specs {
		known[s.Name] = true
		t, ok := file[s.Name]
		inHead := slices.Contains(o.Head, s.Name)
		switch wrong := s.wrong(t); {
		case !ok && s.Counter:
		case !ok && inHead && o.ReplaceHead:
			c.freshHead = true
		case !ok:
			c.missing = append(c.missing, s.Name)
		case wrong == "":
			t.Shape = s.Shape
			c.found = append(c.found, t)
		case inHead:
			c.head = append(c.head, wrong)
		default:
			c.strange = append(c.strange, wrong)
		}
	}
	for _, t := range f.Tensors {
		if !known[t.Name] {
			c.unexpected = append(c.unexpected, t.Name)
		}
	}
	if o.ReplaceHead && (len(c.head) > 0 || c.freshHead) {
		c.head, c.freshHead = nil, true
		c.found = slices.DeleteFunc(c.found, func(t Tensor) bool { return slices.Contains(o.Head, t.Name) })
	}
	return c
}

// wrong says how a tensor differs from what is needed.
func (s Spec) wrong(t Tensor) string {
	_, whole := t.Data.([]int64)
	n, _ := elements(t.Shape)
	switch {
	case s.Counter && !whole, !s.Counter && whole:
		return fmt.Sprintf("%s of %T", t.Name, t.Data)
	case s.Counter && len(t.Shape) < 2 && n == 1: // some write [1]
		return ""
	case !slices.Equal(s.Shape, t.Shape):
		return fmt.Sprintf("%s is %v, want %v", t.Name, t.Shape, s.Shape)
	}
	return ""
}

// err lists what does not match.
func (c *comparison) err() error {
	var parts []string
	for _, p := range []struct {
		what  string
		names []string
	}{{"missing", c.missing}, {"unexpected", c.unexpected}, {"of another shape or type", c.strange}} {
		if len(p.names) > 0 {
			parts = append(parts, fmt.Sprintf("%d %s: %s", len(p.names), p.what, some(p.names)))
		}
	}
	if len(parts) > 0 {
		return fmt.Errorf("%w: %s", ErrMatch, strings.Join(parts, "; "))
	}
	if len(c.head) > 0 {
		return fmt.Errorf("%w: %s: set model.replace_head to begin with a fresh one", ErrHead, some(c.head))
	}
	return nil
}

// some lists a few names and says how many more there are.
func some(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s, and %d more", strings.Join(names[:few], ", "), len(names)-few)
}
