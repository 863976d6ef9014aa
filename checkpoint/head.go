package checkpoint

import (
	"fmt"
	"slices"
	"strings"
)

// inHead reports whether a name is below the layer of a classifier's parameters.
func inHead(name string, head []string) bool {
	return slices.ContainsFunc(head, func(h string) bool {
		layer := layerOf(h)
		return layer != "" && strings.HasPrefix(name, layer)
	})
}

// layerOf is a parameter's name without its last part, with the dot.
func layerOf(name string) string { return name[:strings.LastIndexByte(name, '.')+1] }

// innerHead adds a missing classifier to a family if the file has it inside another layer, as
// the only layer with parameters: fc.1.weight and fc.1.bias of
// nn.Sequential(nn.Dropout(), nn.Linear(…)) for fc.weight and fc.bias. beside receives the
// prefixes, by the number of the Spec.
func (s *Source) innerHead(f *family, x *index, beside map[int]string) {
	within, inner := map[string]*item{}, ""
	layer := ""
	for i, head := range x.head {
		if head {
			layer = layerOf(x.specs[i].Name)
		}
	}
	for _, it := range s.items {
		if rest, ok := strings.CutPrefix(it.full(), f.prefix+layer); ok && layer != "" {
			if inner = layerOf(rest); strings.Trim(inner, "0123456789.") != "" {
				return // not an index of a Sequential
			}
			within[layer+rest] = it
		}
	}
	found := map[int]*item{}
	for i, spec := range x.specs {
		if !x.head[i] {
			continue
		}
		it := within[layer+inner+strings.TrimPrefix(spec.Name, layer)]
		if f.found[i] != nil || it == nil {
			return
		}
		found[i] = it
	}
	if inner == "" || len(found) != len(within) {
		return
	}
	for i, it := range found {
		f.found[i] = &hit{item: it, exact: true}
		beside[i] = f.prefix + layer + inner
	}
	f.score(x)
}

// otherHead reports the missing and the unexpected layers of a classifier as one difference,
// if nothing else is wrong.
func (c *comparison) otherHead() {
	outside := func(name string) bool { return !inHead(name, c.options.Head) }
	if len(c.missing) == 0 || len(c.unexpected) == 0 || slices.ContainsFunc(slices.Concat(c.missing, c.unexpected), outside) {
		return
	}
	c.head = append(c.head, fmt.Sprintf("it has other layers, %s, and lacks %s", some(c.unexpected), some(c.missing)))
	c.missing, c.unexpected = nil, nil
}
