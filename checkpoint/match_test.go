package checkpoint_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/checkpoint"
)

var preprocessing = checkpoint.Preprocessing{Resize: 256, Crop: 224, Mean: [3]float64{0.485, 0.456, 0.406}, Std: [3]float64{0.229, 0.224, 0.225}}

func TestInfo(t *testing.T) {
	for _, i := range []checkpoint.Info{
		{},
		{Model: "resnet50d", Classes: []string{"Abyssinian", "naïve \"cat\""}, Preprocessing: &preprocessing},
	} {
		m := i.Metadata()
		if m[checkpoint.FormatKey] != checkpoint.Format {
			t.Errorf("no format in %v", m)
		}
		m["euryale.step"] = "5"
		if got, err := checkpoint.ReadInfo(m); err != nil || !reflect.DeepEqual(got, i) {
			t.Errorf("%+v became %+v: %v", i, got, err)
		}
	}
	m := checkpoint.Info{Model: "vgg16", Classes: []string{"a"}, Preprocessing: &preprocessing}.Metadata()
	want := `{"resize":256,"crop":224,"mean":[0.485,0.456,0.406],"std":[0.229,0.224,0.225]}`
	if m["euryale.model"] != "vgg16" || m["euryale.classes"] != `["a"]` || m["euryale.preprocessing"] != want || m["euryale.format"] != "1" {
		t.Errorf("metadata %v", m)
	}
	if got, err := checkpoint.ReadInfo(nil); err != nil || !reflect.DeepEqual(got, checkpoint.Info{}) {
		t.Errorf("no metadata: %+v, %v", got, err)
	}
}

func TestInfoErrors(t *testing.T) {
	for _, c := range []struct {
		key, value string
		is         error
		says       string
	}{
		{checkpoint.FormatKey, "2", checkpoint.ErrNewer, "euryale.format is 2, this version reads up to 1"},
		{checkpoint.FormatKey, "new", checkpoint.ErrMetadata, `euryale.format is "new"`},
		{checkpoint.FormatKey, "0", checkpoint.ErrMetadata, `euryale.format is "0"`},
		{checkpoint.ClassesKey, "a,b", checkpoint.ErrMetadata, "euryale.classes"},
		{checkpoint.ClassesKey, "[1]", checkpoint.ErrMetadata, "euryale.classes"},
		{checkpoint.PreprocessingKey, "[]", checkpoint.ErrMetadata, "euryale.preprocessing"},
		{checkpoint.PreprocessingKey, `{"resize":10,"crop":11,"std":[1,1,1]}`, checkpoint.ErrMetadata, "1 ≤ crop ≤ resize"},
		{checkpoint.PreprocessingKey, `{"resize":10,"crop":0,"std":[1,1,1]}`, checkpoint.ErrMetadata, "1 ≤ crop ≤ resize"},
		{checkpoint.PreprocessingKey, `{"resize":10,"crop":10,"std":[1,0,1]}`, checkpoint.ErrMetadata, "std greater than 0"},
	} {
		_, err := checkpoint.ReadInfo(map[string]string{c.key: c.value})
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %s: %v, want %q", c.key, c.value, err, c.says)
		}
	}
}

// specs are those of a small model, and weights fit them.
var specs = []checkpoint.Spec{
	{Name: "conv.weight", Shape: []int{2, 1}},
	{Name: "bn.num_batches_tracked", Shape: []int{}, Counter: true},
	{Name: "fc.weight", Shape: []int{3, 2}},
	{Name: "fc.bias", Shape: []int{3}},
}

func weights(model string, classes int) *checkpoint.File {
	return &checkpoint.File{
		Metadata: checkpoint.Info{Model: model}.Metadata(),
		Tensors: []checkpoint.Tensor{
			{Name: "fc.bias", Shape: []int{classes}, Data: make([]float32, classes)},
			{Name: "fc.weight", Shape: []int{classes, 2}, Data: make([]float32, classes*2)},
			{Name: "conv.weight", Shape: []int{2, 1}, Data: []float32{1, 2}},
			{Name: "bn.num_batches_tracked", Shape: []int{}, Data: []int64{9}},
		},
	}
}

var head = []string{"fc.weight", "fc.bias"}

func names(m checkpoint.Matched) string {
	var n []string
	for _, t := range m.Tensors {
		n = append(n, t.Name)
	}
	return strings.Join(n, " ")
}

func TestMatch(t *testing.T) {
	const all = "conv.weight bn.num_batches_tracked fc.weight fc.bias"
	drop := func(f *checkpoint.File, at int) *checkpoint.File {
		f.Tensors = append(f.Tensors[:at:at], f.Tensors[at+1:]...)
		return f
	}
	one := weights("m", 3)
	one.Tensors[3].Shape = []int{1}
	for _, c := range []struct {
		name  string
		file  *checkpoint.File
		o     checkpoint.MatchOptions
		want  string
		fresh bool
	}{
		{"all", weights("m", 3), checkpoint.MatchOptions{Model: "m", Head: head}, all, false},
		{"a head of the same size stays", weights("m", 3), checkpoint.MatchOptions{Model: "m", Head: head, ReplaceHead: true}, all, false},
		{"without metadata", weights("", 3), checkpoint.MatchOptions{Model: "resnet50b", Head: head}, all, false},
		{"form A that says so", weights("resnet50", 3), checkpoint.MatchOptions{Model: "resnet50", Head: head, Lookalike: "resnet50b", LookalikeElsewhere: "torchvision's resnet50"}, all, false},
		{"form A insisted on", weights("", 3), checkpoint.MatchOptions{Model: "resnet50", AnyForm: true}, all, false},
		{"another head", weights("m", 1000), checkpoint.MatchOptions{Model: "m", Head: head, ReplaceHead: true}, "conv.weight bn.num_batches_tracked", true},
		{"no bias of the head", drop(weights("m", 3), 0), checkpoint.MatchOptions{Model: "m", Head: head, ReplaceHead: true}, "conv.weight bn.num_batches_tracked", true},
		{"no counter", drop(weights("m", 3), 3), checkpoint.MatchOptions{Model: "m", Head: head}, "conv.weight fc.weight fc.bias", false},
		{"counter with an axis", one, checkpoint.MatchOptions{Model: "m"}, all, false},
	} {
		m, err := checkpoint.Match(c.file, specs, c.o)
		if err != nil || names(m) != c.want || m.FreshHead != c.fresh {
			t.Errorf("%s: %q, fresh %v, %v; want %q, %v", c.name, names(m), m.FreshHead, err, c.want, c.fresh)
		}
		for _, tensor := range m.Tensors {
			if tensor.Name == "bn.num_batches_tracked" && len(tensor.Shape) != 0 {
				t.Errorf("%s: the counter has shape %v", c.name, tensor.Shape)
			}
		}
	}
}

func TestMatchErrors(t *testing.T) {
	change := func(do func(f *checkpoint.File)) *checkpoint.File {
		f := weights("m", 3)
		do(f)
		return f
	}
	named := checkpoint.MatchOptions{Path: "w.safetensors", Model: "m", Head: head}
	formA := checkpoint.MatchOptions{Path: "w.safetensors", Model: "resnet50", Head: head, Lookalike: "resnet50b", LookalikeElsewhere: "torchvision's resnet50"}
	replace := named
	replace.ReplaceHead = true
	for _, c := range []struct {
		name string
		file *checkpoint.File
		o    checkpoint.MatchOptions
		is   error
		says []string
	}{
		{"another model", weights("resnet50b", 3), formA, checkpoint.ErrModel, []string{"it is of resnet50b, the model is resnet50"}},
		{"form A without metadata", weights("", 3), formA, checkpoint.ErrModel, []string{"torchvision's resnet50", "model.name=resnet50b", "AnyForm", "euryale.model=resnet50"}},
		{"newer", change(func(f *checkpoint.File) { f.Metadata[checkpoint.FormatKey] = "7" }), named, checkpoint.ErrNewer, []string{"is 7"}},
		{"another head", weights("m", 1000), named, checkpoint.ErrHead, []string{"fc.weight is [1000 2], want [3 2]", "model.replace_head"}},
		{"missing", change(func(f *checkpoint.File) { f.Tensors = f.Tensors[1:] }), named, checkpoint.ErrMatch, []string{"1 missing: fc.bias"}},
		{"mis-shaped", change(func(f *checkpoint.File) { f.Tensors[2].Shape = []int{1, 2} }), named, checkpoint.ErrMatch, []string{"1 of another shape or type: conv.weight is [1 2], want [2 1]"}},
		{"mis-shaped with a fresh head", change(func(f *checkpoint.File) { f.Tensors[2].Shape = []int{2} }), replace, checkpoint.ErrMatch, []string{"conv.weight is [2]"}},
		{"weights of integers", change(func(f *checkpoint.File) { f.Tensors[2].Data = []int64{1, 2} }), named, checkpoint.ErrMatch, []string{"conv.weight of []int64"}},
		{"further layers", change(func(f *checkpoint.File) {
			for i := range 7 {
				f.Tensors = append(f.Tensors, checkpoint.Tensor{Name: fmt.Sprintf("conv.%d.weight", i), Shape: []int{1}, Data: []float32{1}})
			}
		}), named, checkpoint.ErrMatch, []string{"7 unexpected: conv.0.weight, conv.1.weight, conv.2.weight, conv.3.weight, conv.4.weight, and 2 more", "more layers"}},
		{"empty", &checkpoint.File{}, named, checkpoint.ErrMatch, []string{"3 missing: conv.weight, fc.weight, fc.bias"}},
	} {
		m, err := checkpoint.Match(c.file, specs, c.o)
		if !errors.Is(err, c.is) || len(m.Tensors) > 0 {
			t.Errorf("%s: %v, want %v", c.name, err, c.is)
			continue
		}
		for _, says := range append(c.says, "w.safetensors") {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v, want %q", c.name, err, says)
			}
		}
	}
}
