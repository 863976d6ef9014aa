package checkpoint

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// netSpecs are of a small network: a stem, a block, a BatchNorm's statistics, a classifier.
var netSpecs = []Spec{
	{Name: "conv1.weight", Shape: []int{2, 1}},
	{Name: "bn1.weight", Shape: []int{2}},
	{Name: "bn1.running_mean", Shape: []int{2}},
	{Name: "bn1.num_batches_tracked", Shape: []int{}, Counter: true},
	{Name: "layer1.0.conv1.weight", Shape: []int{2, 2}},
	{Name: "fc.weight", Shape: []int{3, 2}},
	{Name: "fc.bias", Shape: []int{3}},
}

var netHead = []string{"fc.weight", "fc.bias"}

// part is some of a state dict below a prefix, with | after keys of dictionaries. All its
// elements are value, by which a test recognises the part.
func part(prefix string, value float32, leave ...string) (items []*item) {
	for _, s := range netSpecs {
		if slices.Contains(leave, s.Name) {
			continue
		}
		n, _ := elements(s.Shape)
		var data any = slices.Repeat([]float32{value}, n)
		if s.Counter {
			data = []int64{int64(value)}
		}
		items = append(items, named(prefix+s.Name, s.Shape, data))
	}
	return items
}

// named is an item in memory.
func named(full string, shape []int, data any) *item {
	full = strings.ReplaceAll(full, "|", border)
	at := strings.LastIndex(full, border) + 1
	f := sourceOf(&File{Tensors: []Tensor{{full[at:], shape, data}}})
	f.items[0].where = full[:at]
	return f.items[0]
}

func extra(full string) *item { return named(full, []int{1}, []float32{7}) }

// nested is a part with a dictionary for each module.
func nested(prefix string, value float32) (items []*item) {
	for _, s := range netSpecs {
		it := part("", value)[slices.IndexFunc(netSpecs, func(o Spec) bool { return o.Name == s.Name })]
		items = append(items, named(prefix+strings.ReplaceAll(s.Name, ".", "|"), s.Shape, it.ref.(Tensor).Data))
	}
	return items
}

// only keeps the named ones of a part.
func only(prefix string, value float32, keep ...string) []*item {
	return slices.DeleteFunc(part(prefix, value), func(i *item) bool {
		return !slices.ContainsFunc(keep, func(k string) bool { return strings.HasSuffix(i.name, k) })
	})
}

func inMemory(parts ...[]*item) *Source {
	s := sourceOf(&File{})
	s.items = slices.Concat(parts...)
	s.holds = fmt.Sprintf("%d tensors", len(s.items))
	return s
}

var statistics = []string{"bn1.running_mean", "bn1.num_batches_tracked"}

// TestChoice takes the dictionary and the prefix that the model's names show.
func TestChoice(t *testing.T) {
	one := func(full ...string) (items []*item) {
		for _, f := range full {
			items = append(items, extra(f))
		}
		return items
	}
	optimizer := one("optimizer|state|0|exp_avg", "optimizer|state|1|exp_avg")
	for _, c := range []struct {
		name  string
		s     *Source
		value float32 // of the weights that are to be taken
		says  string  // the line
	}{
		{"itself", inMemory(part("", 1)), 1, ""},
		{"a tensor beside it", inMemory(part("state_dict|", 1), one("best_acc1")), 1, `7 tensors taken from "state_dict"`},
		{"module.", inMemory(part("module.", 1)), 1, `7 tensors taken from "module."`},
		{"nested in one order", inMemory(part("state_dict|model._orig_mod.module.", 1)), 1, `7 tensors taken from "state_dict: model._orig_mod.module."`},
		{"nested in another", inMemory(part("module.model.net.", 1)), 1, `7 tensors taken from "module.model.net."`},
		{"an unknown prefix", inMemory(part("my.thing.", 1)), 1, `7 tensors taken from "my.thing."`},
		{"an unknown dictionary", inMemory(part("weird|deeper|", 1), optimizer), 1, `7 tensors taken from "weird: deeper"`},
		{"not on every key", inMemory(part("module.", 1), one("n_averaged", "criterion.weight")), 1, `7 tensors taken from "module."; 2 left over: n_averaged, criterion.weight`},
		{"Lightning", inMemory(part("state_dict|model.", 1), one("state_dict|loss.weight"), optimizer), 1, `7 tensors taken from "state_dict: model."; 1 left over: loss.weight`},
		{"wrappers within names", inMemory(only("", 1, "conv1.weight", "bn1.weight", "fc.weight", "fc.bias", "running_mean", "tracked")[:4],
			[]*item{named("layer1._orig_mod.0.module.conv1.weight", []int{2, 2}, []float32{1, 1, 1, 1})}, only("", 1, "fc.weight", "fc.bias")), 1, "wrappers taken out of 1 names"},
		{"the average first", inMemory(part("model|", 2), part("model_ema|module.", 1), one("model_ema|n_averaged")), 1,
			`7 tensors taken from "model_ema: module."; an average of the weights, by its name; "model" would fit too (model.weights_key or -weights-key takes another); 1 left over: n_averaged`},
		{"timm", inMemory(part("state_dict|", 2), part("state_dict_ema|", 1)), 1, `7 tensors taken from "state_dict_ema"; an average of the weights, by its name; "state_dict" would fit too (model.weights_key or -weights-key takes another)`},
		{"averages by prefix", inMemory(part("model.", 2), part("ema_model.module.", 1)), 1, `7 tensors taken from "ema_model.module."; an average of the weights, by its name; "model." would fit too (model.weights_key or -weights-key takes another)`},
		{"an average without statistics", inMemory(part("model|", 1), part("ema|", 2, statistics...)), 1, `7 tensors taken from "model"; not from "ema", which has 5 of 6`},
		{"moments are no average", inMemory(part("exp_avg|", 2), part("state|net|", 1)), 1, `7 tensors taken from "state: net"`},
		{"usual names first", inMemory(part("zz|", 2), part("net|", 1)), 1, `7 tensors taken from "net"; "zz" would fit too (model.weights_key or -weights-key takes another)`},
		{"their order", inMemory(part("net|", 2), part("model|", 2), part("state_dict|", 1)), 1, `7 tensors taken from "state_dict"; "model", "net" would fit too (model.weights_key or -weights-key takes another)`},
		{"the first of unknown ones", inMemory(part("zz|", 1), part("aa|", 2)), 1, `7 tensors taken from "zz"; "aa" would fit too (model.weights_key or -weights-key takes another)`},
		{"what fits before what is usual", inMemory(part("state_dict|", 2, "layer1.0.conv1.weight"), part("zz|", 1)), 1, `7 tensors taken from "zz"`},
		{"the initial weights are not it", inMemory(part("initial_state_dict|", 2), part("zz|", 1)), 1, `7 tensors taken from "zz"`},
		{"the momentum encoder is not it", inMemory(part("encoder_k.", 2), part("encoder_q.", 1)), 1, `7 tensors taken from "encoder_q."`},
		{"two of a name: that of the family", inMemory(part("module.", 1), only("", 2, "fc.weight", "fc.bias")), 1, `7 tensors taken from "module."; 2 left over: fc.weight, fc.bias`},
		{"and the other way", inMemory(only("module.", 2, "fc.weight", "fc.bias"), part("", 1)), 1, "2 left over: module.fc.weight, module.fc.bias"},
		{"a body and a classifier", inMemory(part("backbone.", 1, netHead...), only("", 1, "fc.weight", "fc.bias")), 1, `7 tensors taken from "backbone."; of these 2 without a prefix`},
		{"in two dictionaries", inMemory(part("params|", 1, statistics...), only("buffers|", 1, statistics...)), 1, `7 tensors taken from "params"; of these 2 of "buffers"`},
		{"a body and a classifier in each of two sets", inMemory(part("state_dict|backbone.", 2, netHead...), only("state_dict|head.", 2, "fc.weight", "fc.bias"),
			part("ema|module.backbone.", 1, netHead...), only("ema|module.head.", 1, "fc.weight", "fc.bias")), 1,
			`7 tensors taken from "ema: module.backbone."; an average of the weights, by its name; of these 2 of "ema: module.head."`},
		{"a classifier within a Sequential", inMemory(part("module.", 1, netHead...), []*item{named("module.fc.1.weight", []int{3, 2}, []float32{1, 1, 1, 1, 1, 1}),
			named("module.fc.1.bias", []int{3}, []float32{1, 1, 1})}), 1, `7 tensors taken from "module."; of these 2 of "module.fc.1."`},
		{"counters of a type that is not read", inMemory(part("", 1, "bn1.num_batches_tracked"), []*item{{name: "bn1.num_batches_tracked", dtype: "I32"}}), 1,
			"1 left over: bn1.num_batches_tracked; 1 num_batches_tracked, which it lacks, begin at 0"},
		{"no counters", inMemory(part("", 1, "bn1.num_batches_tracked")), 1, "1 num_batches_tracked, which it lacks, begin at 0"},
		{"counts of a tool", inMemory(part("", 1), one("total_ops", "conv1.total_ops", "layer1.0.total_params")), 1, "3 left over: total_ops, conv1.total_ops, layer1.0.total_params"},
		{"a dictionary for each layer", inMemory(nested("params|", 1)), 1, `7 tensors taken from "params"`},
		{"other types beside it", inMemory(part("", 1), []*item{{name: "mask", dtype: "BOOL"}, {name: "q", dtype: "torch._utils._rebuild_qtensor"}}), 1, "2 left over: mask, q"},
	} {
		m, err := c.s.Match(netSpecs, MatchOptions{Head: netHead})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := m.Choice.String(); got != c.says {
			t.Errorf("%s: %q, want %q", c.name, got, c.says)
		}
		for i, x := range m.Tensors {
			if v, ok := x.Data.([]float32); ok && v[0] != c.value {
				t.Errorf("%s: %s is %v, want %v", c.name, x.Name, v[0], c.value)
			}
			if !slices.ContainsFunc(netSpecs, func(s Spec) bool { return s.Name == x.Name && slices.Equal(s.Shape, x.Shape) }) || slices.ContainsFunc(m.Tensors[:i], func(y Tensor) bool { return y.Name == x.Name }) {
				t.Errorf("%s: %s %v", c.name, x.Name, x.Shape)
			}
		}
	}
}

// TestReplacedHeadIsLeftOver says that a classifier which is not taken is left over.
func TestReplacedHeadIsLeftOver(t *testing.T) {
	head := []*item{named("module.fc.weight", []int{9, 2}, make([]float32, 18)), named("module.fc.bias", []int{9}, make([]float32, 9))}
	m, err := inMemory(part("module.", 1, netHead...), head).Match(netSpecs, MatchOptions{Head: netHead, ReplaceHead: true})
	if want := `5 tensors taken from "module."; 2 left over: module.fc.weight, module.fc.bias`; err != nil || !m.FreshHead || m.Choice.String() != want {
		t.Errorf("%q, %v, want %q", m.Choice, err, want)
	}
}

// TestCountsOfAnAverage takes counts that a mean of several checkpoints has made floats.
func TestCountsOfAnAverage(t *testing.T) {
	for _, c := range []struct {
		data any
		want int64
	}{{[]float32{7.5}, 7}, {[]float64{3}, 3}, {[]float64{math.NaN()}, 0}, {[]float32{-1}, 0}, {[]float64{1e300}, 0}, {[]int64{5}, 5}} {
		s := inMemory(part("", 1, "bn1.num_batches_tracked"), []*item{named("bn1.num_batches_tracked", []int{}, c.data)})
		m, err := s.Match(netSpecs, MatchOptions{Head: netHead})
		if err != nil {
			t.Errorf("%v: %v", c.data, err)
			continue
		}
		for _, x := range m.Tensors {
			if n, ok := x.Data.([]int64); ok && n[0] != c.want || x.Name == "bn1.num_batches_tracked" && !ok {
				t.Errorf("%v: %v, want %d", c.data, x.Data, c.want)
			}
		}
	}
}

// TestNoChoice names what the file has where nothing fits.
func TestNoChoice(t *testing.T) {
	for _, c := range []struct {
		name string
		s    *Source
		is   error
		says []string
	}{
		{"nothing", inMemory(), ErrMatch, []string{"6 missing", "nothing in the file has a name of the model", "holds 0 tensors"}},
		{"another network", inMemory([]*item{extra("features.0.weight")}), ErrMatch, []string{"nothing in the file has a name of the model", "such as features.0.weight"}},
		{"too little", inMemory(part("a|b.", 1, "bn1.weight"), []*item{extra("a|z")}), ErrMatch,
			[]string{"1 missing: bn1.weight", `the closest part is "a: b.", with 5 of the model's 6 tensors`, "left over: z"}},
		{"more layers", inMemory(part("module.", 1), []*item{extra("module.layer1.1.conv1.weight")}), ErrMatch, []string{"1 unexpected: layer1.1.conv1.weight", "more layers"}},
		{"a bias that we lack", inMemory(part("", 1), []*item{extra("conv1.bias")}), ErrMatch, []string{"1 unexpected: conv1.bias"}},
		{"halves of two sets", inMemory(part("a|", 1, "conv1.weight"), part("b|", 2, "bn1.weight")), ErrMatch, []string{"1 missing: conv1.weight"}},
		{"a list", inMemory([]*item{extra("params|0"), extra("params|1")}), ErrMatch, []string{"params: 0", "tensors in a list have no names"}},
		{"a classifier of several layers", inMemory(part("", 1, netHead...), []*item{extra("fc.0.weight"), extra("fc.0.bias"), extra("fc.2.weight"), extra("fc.2.bias")}), ErrHead,
			[]string{"it has other layers, fc.0.weight, fc.0.bias, fc.2.weight, fc.2.bias, and lacks fc.weight, fc.bias", "set model.replace_head"}},
		{"a classifier of a type that is not read", inMemory(part("", 1, "fc.bias"), []*item{{name: "fc.bias", dtype: "QI8", shape: []int{3}}}), ErrMatch, []string{"fc.bias of QI8"}},
		{"no classifier", inMemory(part("", 1, netHead...)), ErrMatch, []string{"2 missing: fc.weight, fc.bias", "set model.replace_head"}},
		{"a tensor that is not read", inMemory(part("", 1, "bn1.weight"), []*item{{name: "bn1.weight", dtype: "QI8", shape: []int{2}}}), ErrMatch, []string{"bn1.weight of QI8"}},
		{"another size of the classifier", inMemory(part("", 1, "fc.bias"), []*item{named("fc.bias", []int{9}, make([]float32, 9))}), ErrHead, []string{"fc.bias is [9], want [3]"}},
	} {
		_, err := c.s.Match(netSpecs, MatchOptions{Head: netHead, Path: "x.pth"})
		if !errors.Is(err, c.is) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, says := range append(c.says, "x.pth") {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v, want %q", c.name, err, says)
			}
		}
	}
}

// TestChosenKey takes what the caller asks for.
func TestChosenKey(t *testing.T) {
	s := inMemory(part("model|", 2), part("model_ema|module.", 1), part("runs|a.b.", 3))
	for key, value := range map[string]float32{
		"": 1, "model": 2, "model.": 2, "model_ema": 1, "model_ema: module.": 1, "model_ema.module": 1, "runs": 3, "runs: a.b.": 3,
	} {
		if m, err := s.Match(netSpecs, MatchOptions{Head: netHead, Key: key}); err != nil || m.Tensors[0].Data.([]float32)[0] != value {
			t.Errorf("%q: %v, want %v: %v", key, m.Choice, value, err)
		}
	}
	for _, key := range []string{"mod", "ema", "runs: b"} {
		if _, err := s.Match(netSpecs, MatchOptions{Head: netHead, Key: key}); !errors.Is(err, ErrMatch) || !strings.Contains(err.Error(), fmt.Sprintf("at %q", key)) {
			t.Errorf("%q: %v", key, err)
		}
	}
}

// TestReplacedHead leaves the classifier of a file out, whatever it is made of.
func TestReplacedHead(t *testing.T) {
	for name, head := range map[string][]*item{
		"none":         nil,
		"another size": {named("m.fc.weight", []int{9, 2}, make([]float32, 18)), named("m.fc.bias", []int{9}, make([]float32, 9))},
		"two layers":   {extra("m.fc.0.weight"), extra("m.fc.2.weight")},
		"another name": {extra("m.head.weight")},
	} {
		m, err := inMemory(part("m.", 1, netHead...), head).Match(netSpecs, MatchOptions{Head: netHead, ReplaceHead: true})
		if err != nil || !m.FreshHead || len(m.Tensors) != 5 {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	if n := inMemory(part("model|module.", 1)).HeadClasses(netSpecs, MatchOptions{Head: netHead}); n != 3 {
		t.Errorf("%d classes", n)
	}
	wide := []*item{named("model|fc.weight", []int{9, 2}, make([]float32, 18))}
	if n := inMemory(part("model|", 1, netHead...), wide).HeadClasses(netSpecs, MatchOptions{Head: netHead}); n != 9 {
		t.Errorf("%d classes of another size", n)
	}
	if n := inMemory(part("", 1, netHead...)).HeadClasses(netSpecs, MatchOptions{Head: netHead}); n != 0 {
		t.Errorf("%d classes of none", n)
	}
}

// TestOtherNames finds another library's names below prefixes.
func TestOtherNames(t *testing.T) {
	items := part("state_dict|module.", 1, "fc.weight")
	items = append(items, named("state_dict|module.head.fc.weight", []int{3, 2, 1, 1}, slices.Repeat([]float32{1}, 6)))
	m, err := inMemory(items).Match(netSpecs, MatchOptions{Head: netHead, Aliases: []Alias{{"head.fc.weight", "fc.weight", []int{3, 2, 1, 1}, []int{3, 2}}}})
	if err != nil || len(m.Tensors) != len(netSpecs) || m.Tensors[5].Name != "fc.weight" || !slices.Equal(m.Tensors[5].Shape, []int{3, 2}) {
		t.Errorf("%+v, %v", m, err)
	}
	wrapped := []Spec{{Name: "module.a.weight", Shape: []int{1}}} // a model whose own names have a wrapper's
	for _, full := range []string{"module.a.weight", "module.module.a.weight", "a.weight"} {
		if m, err := inMemory([]*item{extra(full)}).Match(wrapped, MatchOptions{}); err != nil || m.Tensors[0].Name != "module.a.weight" {
			t.Errorf("%s: %+v, %v", full, m, err)
		}
	}
}

// TestNotFinite names tensors that hold NaN and infinite values.
func TestNotFinite(t *testing.T) {
	zero := float32(0)
	bad := []*item{
		named("conv1.weight", []int{2, 1}, []float32{1, zero / zero}),
		named("fc.bias", []int{3}, []float64{1e300, 1 / float64(zero), -1 / float64(zero)}),
	}
	_, err := inMemory(part("", 1, "conv1.weight", "fc.bias"), bad).Match(netSpecs, MatchOptions{Head: netHead, Path: "x.pth"})
	if !errors.Is(err, ErrNotFinite) || !strings.Contains(err.Error(), "x.pth: values that are not finite: 2 tensors: conv1.weight (1 NaN of 2), fc.bias (2 infinite of 3)") {
		t.Error(err)
	}
	// What is not taken does not matter.
	if _, err := inMemory(part("", 1, "fc.bias"), bad[1:], []*item{named("x", []int{1}, []float32{zero / zero})}).Match(netSpecs,
		MatchOptions{Head: []string{"fc.bias"}, ReplaceHead: true}); !errors.Is(err, ErrNotFinite) {
		t.Errorf("a classifier that is kept: %v", err)
	}
}
