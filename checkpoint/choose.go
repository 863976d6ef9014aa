package checkpoint

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// How the part of a file that is a model's state dict is found: every tensor's name, with the
// keys of the dictionaries before it, is cut at each dot and each border of a dictionary. If
// the second part is one of the model's names, the first part is a candidate prefix. The
// prefix with the most tensors that have the model's names and shapes is chosen; of several
// that fit equally well an average of the weights, then a usual name, then the first in the
// file. Some of the model's names may have another prefix if each needed name then occurs
// once: two complete sets of weights are never mixed.

// family are the tensors below one prefix that have names of the model.
type family struct {
	prefix      string
	rank, order int
	at          int          // of its first tensor in the file
	found       map[int]*hit // by the number of the Spec
	fits, body  int          // tensors with name, shape and type; of these those outside the classifier
	named       int          // tensors with the name
}

// hit is a tensor for a Spec.
type hit struct {
	item  *item
	alias *Alias // whose names and shape it has; nil: our own
	exact bool   // the name after the prefix is the model's; false: with wrappers removed
}

// index finds Specs by name.
type index struct {
	specs   []Spec
	head    []bool
	exact   map[string]hitOf
	short   map[string]hitOf // by the name without wrappers, if that is unique
	deepest int              // parts of the longest name
	needed  int              // Specs that are not counters
	body    int              // of these, those outside the classifier
}

type hitOf struct {
	spec  int
	alias *Alias
}

func newIndex(specs []Spec, o MatchOptions) *index {
	x := &index{specs: specs, head: make([]bool, len(specs)), exact: map[string]hitOf{}, short: map[string]hitOf{}}
	number := map[string]int{}
	for i, s := range specs {
		number[s.Name] = i
		x.head[i] = slices.Contains(o.Head, s.Name)
		x.exact[s.Name] = hitOf{spec: i}
		if !s.Counter {
			x.needed++
			if !x.head[i] {
				x.body++
			}
		}
	}
	for i := range o.Aliases {
		a := &o.Aliases[i]
		if n, ok := number[a.Ours]; ok {
			if _, taken := x.exact[a.Theirs]; !taken {
				x.exact[a.Theirs] = hitOf{n, a}
			}
		}
	}
	unique := true
	for name, to := range x.exact {
		x.deepest = max(x.deepest, strings.Count(name, ".")+1)
		short := withoutWrappers(name)
		if _, taken := x.short[short]; taken {
			unique = false
		}
		x.short[short] = to
	}
	if !unique {
		x.short = nil
	}
	return x
}

// cuts calls yield with each prefix of a tensor's name whose rest is a name of the model.
func (x *index) cuts(it *item, yield func(prefix string, to hitOf, exact bool)) {
	full, parts := it.full(), 0
	nested := strings.Contains(it.where, border)
	wrapped := slices.ContainsFunc(wrappers, func(w string) bool { return strings.Contains(full, w) })
	for at := len(full) - 1; at >= -1; at-- {
		if at >= 0 && full[at] != '.' && full[at] != border[0] {
			continue
		}
		rest := full[at+1:]
		first, _, _ := strings.Cut(rest, ".")
		first, _, _ = strings.Cut(first, border)
		if parts++; parts > x.deepest+16 {
			return
		}
		if nested {
			rest = strings.ReplaceAll(rest, border, ".")
		}
		if to, ok := x.exact[rest]; ok {
			yield(full[:at+1], to, true)
		} else if x.short != nil && !isWrapper(first) {
			if wrapped {
				rest = withoutWrappers(rest)
			}
			if to, ok := x.short[rest]; ok {
				yield(full[:at+1], to, false)
			}
		}
	}
}

// maxFamilies is the number of prefixes that are compared in full: those with the most names.
const maxFamilies = 64

// families groups the tensors by prefixes, the best first.
func (s *Source) families(x *index) []*family {
	count, first := map[string]int{}, map[string]int{}
	for i, it := range s.items {
		x.cuts(it, func(prefix string, to hitOf, _ bool) {
			if count[prefix]++; count[prefix] == 1 {
				first[prefix] = i
			}
		})
	}
	var list []*family
	for prefix := range count {
		f := &family{prefix: prefix, at: first[prefix], found: map[int]*hit{}}
		f.rank, f.order = rank(prefix)
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b *family) int {
		return cmp.Or(count[b.prefix]-count[a.prefix], a.rank-b.rank, a.at-b.at, cmp.Compare(a.prefix, b.prefix))
	})
	list = list[:min(len(list), maxFamilies)]
	by := map[string]*family{}
	for _, f := range list {
		by[f.prefix] = f
	}
	s.fill(x, by)
	for _, f := range list {
		f.score(x)
	}
	slices.SortStableFunc(list, func(a, b *family) int { return a.compare(b, x) })
	return list
}

// fill assigns the tensors to the families. Of two tensors for one name, one with wrappers in
// its name and one without, it takes the kind that most of the family are.
func (s *Source) fill(x *index, by map[string]*family) {
	balance := map[*family]int{}
	add := func(only int) func(it *item) {
		return func(it *item) {
			x.cuts(it, func(prefix string, to hitOf, exact bool) {
				f := by[prefix]
				if f == nil || x.specs[to.spec].Counter && width(it.dtype) == 0 {
					return
				}
				if only == 0 {
					balance[f] += 2*boolInt(exact) - 1
					return
				}
				h := &hit{item: it, alias: to.alias, exact: exact}
				if old := f.found[to.spec]; old == nil || old.worse(h, balance[f] >= 0) {
					f.found[to.spec] = h
				}
			})
		}
	}
	for pass := range 2 {
		for _, it := range s.items {
			add(pass)(it)
		}
	}
}

// worse reports whether another tensor for the same name is preferred.
func (h *hit) worse(other *hit, exact bool) bool {
	if h.exact != other.exact {
		return other.exact == exact
	}
	return h.alias != nil && other.alias == nil
}

// score counts the tensors that fit.
func (f *family) score(x *index) {
	f.fits, f.body, f.named = 0, 0, 0
	for i, h := range f.found {
		if s := x.specs[i]; !s.Counter {
			f.named++
			if s.wrong(h) == "" {
				f.fits++
				f.body += 1 - boolInt(x.head[i])
			}
		}
	}
}

// compare orders families, the best first.
func (f *family) compare(g *family, x *index) int {
	complete := func(f *family) int { return boolInt(f.body == x.body && f.rank != rankUnusual) }
	return cmp.Or(complete(g)-complete(f), g.fits-f.fits, g.named-f.named, f.rank-g.rank, f.order-g.order, f.at-g.at, len(f.prefix)-len(g.prefix))
}

// isAt reports whether a family's prefix is the requested key or begins with it.
func (f *family) isAt(key string) bool {
	parts := func(s string) string {
		return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == ':' || r == ' ' || string(r) == border }), ".") + "."
	}
	return key == "" || strings.HasPrefix(parts(f.prefix), parts(key))
}

// complete adds the names that a family lacks from other prefixes that have no name in common
// with it. If several prefixes have a missing name, the one with the longest common beginning
// is taken, as ema.head. for ema.backbone.; nothing is added if two are equally long. beside
// receives the prefixes of the added names, by the number of the Spec.
func (s *Source) complete(f *family, list []*family, x *index, beside map[int]string) {
	provider, undecided := map[int]*family{}, map[int]bool{}
	for _, g := range outermost(apart(f, list), list) {
		for i := range g.found {
			nearer := 1
			if old := provider[i]; old != nil {
				nearer = shared(f.prefix, g.prefix) - shared(f.prefix, old.prefix)
			}
			if nearer > 0 {
				provider[i], undecided[i] = g, false
			} else if nearer == 0 {
				undecided[i] = true
			}
		}
	}
	for _, open := range undecided {
		if open {
			return
		}
	}
	for i, spec := range x.specs {
		if !spec.Counter && f.found[i] == nil && provider[i] == nil && !x.head[i] {
			return
		}
	}
	for i, g := range provider {
		f.found[i] = g.found[i]
		beside[i] = g.prefix
	}
	f.score(x)
}

// shared is the number of leading parts that two prefixes have in common.
func shared(a, b string) (n int) {
	parts := func(s string) []string { return strings.Split(strings.ReplaceAll(s, border, "."), ".") }
	p, q := parts(a), parts(b)
	for n < min(len(p), len(q)) && p[n] == q[n] {
		n++
	}
	return n
}

// apart are the families that have no name in common with f and may complete it.
func apart(f *family, list []*family) (others []*family) {
	for _, g := range list {
		ok := g != f && g.rank != rankUnusual && (g.rank != rankAverage || f.rank == rankAverage)
		for i := range g.found {
			ok = ok && f.found[i] == nil
		}
		if ok {
			others = append(others, g)
		}
	}
	return others
}

// outermost removes the families whose tensors also belong to a family with a shorter prefix:
// bn1.bias is also the end of layer1.0.bn1.bias.
func outermost(some, list []*family) (kept []*family) {
	for _, g := range some {
		below := func(h *family) bool {
			return h != g && len(h.found) >= len(g.found) && strings.HasPrefix(g.prefix, h.prefix) && h.has(g)
		}
		if !slices.ContainsFunc(list, below) {
			kept = append(kept, g)
		}
	}
	return kept
}

// has reports whether f and another family share a tensor.
func (f *family) has(g *family) bool {
	taken := map[*item]bool{}
	for _, h := range f.found {
		taken[h.item] = true
	}
	for _, h := range g.found {
		if taken[h.item] {
			return true
		}
	}
	return false
}

// Choice describes the part of a file that was chosen as a model's state dict.
type Choice struct {
	// Prefix was removed from the names: keys of dictionaries, then the beginning of names,
	// such as "state_dict: module."; may be "".
	Prefix string
	// Average: by its name, it is an average of the weights.
	Average bool
	// Object is the class of the saved object if that is not a state dict; its code is not
	// run.
	Object string
	// Wrapped is the number of names from which wrappers of layers were removed, such as
	// features.module.0.weight.
	Wrapped int
	// Beside are further prefixes that were taken, such as the classifier's, with their numbers
	// of names.
	Beside []string
	// Others are prefixes that fit equally well.
	Others []string
	// Nearly are averages of the weights that are not complete, with their numbers of tensors.
	Nearly []string
	// Tensors is the number of tensors that were taken.
	Tensors int
	// LeftOver are the unused names below the prefix and in the same dictionary.
	LeftOver []string
	// Counters is the number of num_batches_tracked that the file lacks: they are 0.
	Counters int
}

// String describes the choice in a line; "" if there was only one possibility.
func (c Choice) String() string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if c.Prefix != "" {
		add("%d tensors taken from %q", c.Tensors, c.Prefix)
	} else if len(c.Beside) > 0 {
		add("%d tensors taken", c.Tensors)
	}
	if c.Object != "" {
		add("the attributes of an object of %s, whose code is not run", c.Object)
	}
	if c.Average {
		add("an average of the weights, by its name")
	}
	if c.Wrapped > 0 {
		add("wrappers taken out of %d names", c.Wrapped)
	}
	if len(c.Beside) > 0 {
		add("of these %s", some(c.Beside))
	}
	if len(c.Others) > 0 {
		add("%s would fit too (model.weights_key or -weights-key takes another)", quoted(c.Others))
	}
	if len(c.Nearly) > 0 {
		add("not from %s", some(c.Nearly))
	}
	if len(c.LeftOver) > 0 {
		add("%d left over: %s", len(c.LeftOver), some(c.LeftOver))
	}
	if c.Counters > 0 {
		add("%d num_batches_tracked, which it lacks, begin at 0", c.Counters)
	}
	return strings.Join(parts, "; ")
}

func quoted(names []string) string {
	var list []string
	for _, n := range names {
		list = append(list, fmt.Sprintf("%q", n))
	}
	return some(list)
}

// shown is a prefix as it is printed: keys of dictionaries, a colon after each.
func shown(prefix string) string {
	return clip(strings.TrimSuffix(strings.ReplaceAll(prefix, border, ": "), ": "))
}

// choice describes the family that was chosen from a list.
func (s *Source) choice(f *family, from map[int]string, list []*family, x *index) Choice {
	c := Choice{Prefix: shown(f.prefix), Average: f.rank == rankAverage, Tensors: len(f.found), Object: s.object}
	beside := map[string]int{}
	for i, prefix := range from {
		if f.found[i] != nil {
			beside[prefix]++
		}
	}
	for _, p := range slices.Sorted(maps.Keys(beside)) {
		where := fmt.Sprintf("%d of %q", beside[p], shown(p))
		if p == "" {
			where = fmt.Sprintf("%d without a prefix", beside[p])
		}
		c.Beside = append(c.Beside, where)
	}
	for _, g := range list {
		switch {
		case g == f || beside[g.prefix] > 0:
		case g.fits == f.fits && g.rank != rankUnusual:
			c.Others = append(c.Others, shown(g.prefix))
		case g.rank == rankAverage && f.rank != rankAverage && 2*g.fits >= f.fits:
			c.Nearly = append(c.Nearly, fmt.Sprintf("%q, which has %d of %d", shown(g.prefix), g.fits, x.needed))
		}
	}
	taken := map[*item]bool{}
	for i := range x.specs {
		h := f.found[i]
		if h != nil {
			taken[h.item] = true
			c.Wrapped += 1 - boolInt(h.exact)
		} else if x.specs[i].Counter {
			c.Counters++
		}
	}
	for _, it := range s.items {
		if !taken[it] && strings.HasPrefix(it.where, dictionaryOf(f.prefix)) && !within(it, list, f) {
			c.LeftOver = append(c.LeftOver, clip(strings.ReplaceAll(it.full()[len(dictionaryOf(f.prefix)):], border, ".")))
		}
	}
	return c
}

// dictionaryOf is the part of a prefix that is keys of dictionaries.
func dictionaryOf(prefix string) string { return prefix[:strings.LastIndex(prefix, border)+1] }

// within reports whether a tensor belongs to another family that fits, or to another
// dictionary below.
func within(it *item, list []*family, f *family) bool {
	return strings.Count(it.where, border) > strings.Count(f.prefix, border) && !strings.HasPrefix(it.full(), f.prefix) ||
		slices.ContainsFunc(list, func(g *family) bool {
			return g != f && g.fits >= f.fits && g.prefix != "" && len(g.prefix) > len(dictionaryOf(f.prefix)) && strings.HasPrefix(it.full(), g.prefix)
		})
}
