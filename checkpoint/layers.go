package checkpoint

import (
	"slices"
	"strconv"
	"strings"
)

// parameterNames are the last parts of names of tensors that a layer's output depends on.
var parameterNames = []string{"weight", "bias", "running_mean", "running_var", "weight_g", "weight_v", "weight_orig", "gamma", "beta"}

// furtherLayers lists the tensors of layers that the model does not have, among those that it
// has: a ResNet-101 has every tensor of a ResNet-50 and more. Counters and other values that
// tools add to layers are not listed.
func (s *Source) furtherLayers(f *family, list []*family, c *comparison) (names []string) {
	inside, numbered := modulesOf(c.index)
	taken := map[*item]bool{}
	for _, h := range f.found {
		taken[h.item] = true
	}
	for _, it := range s.items {
		rest, ok := strings.CutPrefix(it.full(), f.prefix)
		if !ok || taken[it] || within(it, list, f) {
			continue
		}
		rest = withoutWrappers(strings.ReplaceAll(rest, border, "."))
		parts := strings.Split(rest, ".")
		if _, same := c.index.exact[rest]; same { // another tensor with a name that is taken
			continue
		}
		if len(parts) < 2 || !slices.Contains(parameterNames, parts[len(parts)-1]) || c.freshHead && inHead(rest, c.options.Head) {
			continue
		}
		_, err := strconv.Atoi(parts[0])
		if inside[parts[0]] || err == nil && numbered {
			names = append(names, clip(rest))
		}
	}
	return names
}

// modulesOf are the first parts of the model's names that have several parts; numbered: all
// are numbers.
func modulesOf(x *index) (first map[string]bool, numbered bool) {
	first = map[string]bool{}
	for name := range x.exact {
		part, _, more := strings.Cut(withoutWrappers(name), ".")
		if more {
			first[part] = true
			_, err := strconv.Atoi(part)
			numbered = numbered || err == nil
		}
	}
	return first, numbered
}
