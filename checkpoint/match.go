package checkpoint

import (
	"cmp"
	"fmt"
	"math"
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

// MatchOptions are the options of Match.
type MatchOptions struct {
	// Path names the file in errors.
	Path string
	// Model is the registered name of the model.
	Model string
	// Head names the tensors of the model's classifier.
	Head []string
	// Aliases are other names of the model's tensors that a file may have.
	Aliases []Alias
	// Key is the dictionary or prefix to take, as Choice names it, or its beginning; "": the
	// part that fits best.
	Key string
	// ReplaceHead ignores the classifier of the file if its number of classes differs, or if
	// there is no classifier.
	ReplaceHead bool
	// Lookalike is a different model with the same names and shapes, whose files must not be
	// mistaken for this model's: a file without a model's name is an error. "": there is none.
	Lookalike string
	// LookalikeElsewhere is the Lookalike's name in other libraries, such as
	// "torchvision's resnet50".
	LookalikeElsewhere string
	// AnyForm accepts a file without a model's name although there is a Lookalike.
	AnyForm bool
}

// Matched are the tensors of a file for a model.
type Matched struct {
	// Tensors are in the order of the Specs, with their names and shapes.
	Tensors []Tensor
	// FreshHead: the classifier is not among the tensors.
	FreshHead bool
	// Choice describes the part of the file that the tensors come from.
	Choice Choice
	// Info is the file's metadata about its model.
	Info Info
}

// Match finds the tensors of a model in a file in memory; see Source.Match.
func Match(f *File, specs []Spec, o MatchOptions) (Matched, error) {
	return sourceOf(f).Match(specs, o)
}

// Match finds the tensors of a model in a file and reads them. It chooses the state dict among
// the file's dictionaries, and the prefix of its names, by the model's names; Matched.Choice
// describes the choice. Other tensors are left over, unless they are further layers among the
// model's own: then the file is of another network, an error.
//
// It is also an error if the metadata names another model, if it names none and the model has
// a Lookalike (torchvision's file of resnet50 is of form B, with the names and shapes of
// form A), if the classifier has another size, if tensors are missing or of a wrong shape, and
// if one holds a NaN or an infinite value.
func (s *Source) Match(specs []Spec, o MatchOptions) (Matched, error) {
	fail := func(err error) (Matched, error) {
		return Matched{}, fmt.Errorf("checkpoint: %s: %w", cmp.Or(o.Path, s.path, "the weights"), err)
	}
	info, err := ReadInfo(s.metadata)
	if err != nil {
		return fail(err)
	}
	switch {
	case info.Model != "" && o.Model != "" && info.Model != o.Model:
		return fail(fmt.Errorf("%w: it is of %s, the model is %s", ErrModel, info.Model, o.Model))
	case info.Model == "" && o.Model != "" && o.Lookalike != "" && !o.AnyForm:
		return fail(fmt.Errorf("%w: it does not name its model, and %s is called %s here: "+
			"choose model.name=%s; if it really is of %s, insist with model.any_form=true (predict: -any-form, in Go: AnyForm), or write %s=%s into its metadata",
			ErrModel, cmp.Or(o.LookalikeElsewhere, "another model with the same names and shapes"), o.Lookalike, o.Lookalike, o.Model, ModelKey, o.Model))
	}
	c := s.compare(specs, o)
	if err := c.err(); err != nil {
		return fail(err)
	}
	m := Matched{FreshHead: c.freshHead, Choice: c.choice, Info: info}
	if m.Tensors, err = c.load(); err == nil {
		err = checkFinite(m.Tensors)
	}
	if err != nil {
		return fail(err)
	}
	return m, nil
}

// HeadClasses is the number of classes of a file's classifier: the first axis of the first
// tensor of o.Head in the file. The model of specs may have another number of classes. 0: the
// file has no classifier.
func (s *Source) HeadClasses(specs []Spec, o MatchOptions) int {
	c := s.compare(specs, o)
	for _, name := range o.Head {
		for i, spec := range specs {
			if h := c.family.found[i]; spec.Name == name && h != nil && len(h.item.shape) > 0 {
				return h.item.shape[0]
			}
		}
	}
	return 0
}

// comparison is a part of a file compared with specs.
type comparison struct {
	source                          *Source
	index                           *index
	options                         MatchOptions
	family                          *family
	choice                          Choice
	found                           []*hit // by Spec; nil: not taken
	missing, unexpected, mismatched []string
	head                            []string // differences of the classifier
	freshHead                       bool
}

// compare chooses the part of the file that fits best and compares it with the model.
func (s *Source) compare(specs []Spec, o MatchOptions) *comparison {
	x := newIndex(specs, o)
	list := s.families(x)
	f := &family{found: map[int]*hit{}}
	beside := map[int]string{}
	if at := slices.IndexFunc(list, func(f *family) bool { return f.isAt(o.Key) }); at >= 0 {
		if f = list[at]; f.named < x.needed {
			s.complete(f, list, x, beside)
			s.innerHead(f, x, beside)
		}
	}
	c := &comparison{source: s, index: x, options: o, family: f, found: make([]*hit, len(specs))}
	for i, spec := range specs {
		h := f.found[i]
		switch {
		case h == nil && spec.Counter:
		case h == nil && x.head[i] && o.ReplaceHead:
			c.freshHead = true
		case h == nil:
			c.missing = append(c.missing, spec.Name)
		default:
			c.take(i, h)
		}
	}
	if o.ReplaceHead && (len(c.head) > 0 || c.freshHead) {
		c.head, c.freshHead = nil, true
		for i := range specs {
			if x.head[i] {
				c.found[i] = nil
				delete(f.found, i)
			}
		}
	}
	c.choice = s.choice(f, beside, list, x)
	c.unexpected = s.furtherLayers(f, list, c)
	c.otherHead()
	return c
}

// take records a tensor, or its difference from the needed one.
func (c *comparison) take(i int, h *hit) {
	switch wrong := c.index.specs[i].wrong(h); {
	case wrong == "":
		c.found[i] = h
	case c.index.head[i] && (width(h.item.dtype) > 0 || c.options.ReplaceHead):
		c.head = append(c.head, wrong)
	default:
		c.mismatched = append(c.mismatched, wrong)
	}
}

// wrong describes how a tensor differs from the needed one; "": it fits.
func (s Spec) wrong(h *hit) string {
	t := h.item
	shape := t.shape
	if h.alias != nil && h.alias.TheirShape != nil && slices.Equal(shape, h.alias.TheirShape) {
		shape = h.alias.OurShape
	}
	n, _ := elements(shape)
	switch {
	case width(t.dtype) == 0 || !s.Counter && t.dtype == "I64":
		kind := map[string]string{"F32": "[]float32", "F64": "[]float64", "I64": "[]int64"}[t.dtype]
		return fmt.Sprintf("%s of %s", s.Name, cmp.Or(kind, t.dtype, "no type"))
	case s.Counter && len(shape) < 2 && n == 1: // some write [1]
		return ""
	case !slices.Equal(s.Shape, shape):
		return fmt.Sprintf("%s is %v, want %v", s.Name, shape, s.Shape)
	}
	return ""
}

// load reads the tensors that were taken, under the model's names and with its shapes.
func (c *comparison) load() ([]Tensor, error) {
	var items []*item
	var of []Spec
	for i, h := range c.found {
		if h != nil {
			items, of = append(items, h.item), append(of, c.index.specs[i])
		}
	}
	tensors, err := c.source.load(items)
	if err != nil {
		return nil, err
	}
	for i := range tensors {
		tensors[i].Name, tensors[i].Shape = of[i].Name, of[i].Shape
		if of[i].Counter {
			tensors[i].Data = counted(tensors[i].Data)
		}
	}
	return tensors, nil
}

// counted is a count of steps as an integer: averages of checkpoints have it as a float.
func counted(data any) any {
	var v float64
	switch d := data.(type) {
	case []float32:
		v = float64(d[0])
	case []float64:
		v = d[0]
	default:
		return data
	}
	if !(v >= 0 && v < math.MaxInt64) {
		v = 0
	}
	return []int64{int64(v)}
}

// err lists the tensors that do not match, and the contents of the file.
func (c *comparison) err() error {
	var parts []string
	mismatched := c.mismatched
	if len(c.missing)+len(c.unexpected)+len(c.mismatched) > 0 {
		mismatched = slices.Concat(c.mismatched, c.head)
	}
	for _, p := range []struct {
		what  string
		names []string
	}{{"missing", c.missing}, {"unexpected", c.unexpected}, {"of another shape or type", mismatched}} {
		if len(p.names) > 0 {
			parts = append(parts, fmt.Sprintf("%d %s: %s", len(p.names), p.what, some(p.names)))
		}
	}
	if len(parts) > 0 {
		return fmt.Errorf("%w: %s%s", ErrMatch, strings.Join(parts, "; "), c.hints())
	}
	if len(c.head) > 0 {
		return fmt.Errorf("%w: %s: set model.replace_head to begin with a fresh one", ErrHead, some(c.head))
	}
	return nil
}

// hints describes the contents of the file, and what may help.
func (c *comparison) hints() string {
	var s strings.Builder
	f := c.family
	if key := c.options.Key; f.named == 0 && key != "" {
		fmt.Fprintf(&s, "; nothing in the file at %q has a name of the model", clip(key))
	} else if f.named == 0 {
		fmt.Fprintf(&s, "; nothing in the file has a name of the model")
	} else {
		where := "the file"
		if c.choice.Prefix != "" {
			where = fmt.Sprintf("%q", c.choice.Prefix)
		}
		fmt.Fprintf(&s, "; the closest part is %s, with %d of the model's %d tensors", where, f.fits, c.index.needed)
	}
	fmt.Fprintf(&s, "; the file holds %s", c.source.holds)
	if f.named == 0 && len(c.source.items) > 0 {
		var names []string
		for _, it := range c.source.items {
			names = append(names, shown(it.full()))
		}
		fmt.Fprintf(&s, ", such as %s", some(names))
		if !slices.ContainsFunc(c.source.items, func(it *item) bool { return strings.Trim(it.name, "0123456789") != "" }) {
			s.WriteString(": tensors in a list have no names; save the model's state_dict()")
		}
	} else if len(c.choice.LeftOver) > 0 && len(c.unexpected) == 0 {
		fmt.Fprintf(&s, "; %d of its tensors are left over: %s", len(c.choice.LeftOver), some(c.choice.LeftOver))
	}
	switch {
	case len(c.mismatched)+len(c.unexpected) == 0 && f.named > 0 && !slices.ContainsFunc(c.missing, func(n string) bool { return !slices.Contains(c.options.Head, n) }):
		s.WriteString(": set model.replace_head to begin with a fresh classifier")
	case len(c.unexpected) > 0 && len(c.missing)+len(c.mismatched) == 0:
		s.WriteString(": it is of a network with more layers")
	}
	return s.String()
}

// some lists a few names and the number of the others.
func some(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s, and %d more", strings.Join(names[:few], ", "), len(names)-few)
}
