package trainer_test

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/trainer"
)

// stateDict is the tiny network's, changed.
func stateDict(t *testing.T, change func(x *checkpoint.Tensor)) []checkpoint.Tensor {
	t.Helper()
	tensors, err := start(t, nil).Session().Tensors()
	if err != nil {
		t.Fatal(err)
	}
	for i := range tensors {
		if change != nil {
			change(&tensors[i])
		}
	}
	return tensors
}

// TestLoadModelDescribes gives the Logger what was chosen, and what became of the classifier.
func TestLoadModelDescribes(t *testing.T) {
	classes := start(t, nil).Classes()
	turned := append(classes[1:len(classes):len(classes)], classes[0])
	prefixed := func(x *checkpoint.Tensor) { x.Name = "module." + x.Name }
	larger := func(x *checkpoint.Tensor) {
		switch x.Name {
		case "fc.weight":
			x.Shape, x.Data = []int{9, 64}, make([]float32, 9*64)
		case "fc.bias":
			x.Shape, x.Data = []int{9}, make([]float32, 9)
		}
	}
	beside := func(t []checkpoint.Tensor) []checkpoint.Tensor {
		return append(t, checkpoint.Tensor{Name: "n_averaged", Shape: []int{}, Data: []int64{3}})
	}
	for _, c := range []struct {
		name    string
		change  func(*checkpoint.Tensor)
		classes []string
		replace bool
		says    string // "" for nothing
	}{
		{"its own", nil, classes, false, ""},
		{"its own, to be replaced", nil, classes, true, ""},
		{"without names", nil, nil, false, ""},
		{"without names, to be replaced", nil, nil, true, "level=INFO msg=\"model.replace_head keeps the file's classifier, since it has 4 classes as the data set has; the file does not name them"},
		{"other names", nil, []string{"a", "b", "c", "d"}, false, "level=WARN msg=\"the file's classifier is kept, since it has 4 classes as the data set has, but their names differ: a, b, c, d there, "},
		{"other names, to be replaced", nil, []string{"a", "b", "c", "d"}, true, "level=WARN msg=\"model.replace_head keeps the file's classifier, since it has 4 classes as the data set has, but their names differ: a, b, c, d there, "},
		{"another order", nil, turned, false, "in another order: "},
		{"another size", larger, nil, true, "the classifier begins with fresh weights"},
		{"a prefix", prefixed, classes, false, "8 tensors taken from \\\"module.\\\"; 1 left over: n_averaged"},
	} {
		path := filepath.Join(t.TempDir(), "w.safetensors")
		f := &checkpoint.File{Tensors: stateDict(t, c.change), Metadata: checkpoint.Info{Classes: c.classes}.Metadata()}
		if c.name == "a prefix" {
			f.Tensors = beside(f.Tensors)
		}
		if err := checkpoint.Write(path, f); err != nil {
			t.Fatal(err)
		}
		var says bytes.Buffer
		tr := start(t, func(c *trainer.Config) { c.Logger = slog.New(slog.NewTextHandler(&says, nil)) })
		if err := tr.LoadModel(path, trainer.LoadOptions{ReplaceHead: c.replace}); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := says.String(); (c.says == "") != (got == "") || !strings.Contains(got, c.says) {
			t.Errorf("%s: %q, want %q", c.name, got, c.says)
		}
	}
}

// TestLoadRefusesNaN leaves the model as it was.
func TestLoadRefusesNaN(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.pth")
	err := checkpoint.WriteTorch(path, &checkpoint.File{Tensors: stateDict(t, func(x *checkpoint.Tensor) {
		if x.Name == "norm.running_var" {
			x.Data.([]float32)[3] = float32(math.NaN())
		}
	})})
	if err != nil {
		t.Fatal(err)
	}
	tr := start(t, nil)
	before := floatBytes(narrowed(get(t, tr.Session(), "conv.weight")))
	err = tr.LoadModel(path, trainer.LoadOptions{})
	if !errors.Is(err, checkpoint.ErrNotFinite) || !strings.Contains(err.Error(), "norm.running_var (1 NaN of 16)") || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
	if !bytes.Equal(before, floatBytes(narrowed(get(t, tr.Session(), "conv.weight")))) {
		t.Error("the model changed")
	}
}

// TestLoadRefusesWhatOverflows names a float64 that is infinite in float32.
func TestLoadRefusesWhatOverflows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.safetensors")
	tensors := stateDict(t, nil)
	for i, x := range tensors {
		if values, ok := x.Data.([]float32); ok && x.Name == "conv.weight" {
			wide := make([]float64, len(values))
			wide[2] = -1e300
			tensors[i].Data = wide
		}
	}
	if err := checkpoint.Write(path, &checkpoint.File{Tensors: tensors}); err != nil {
		t.Fatal(err)
	}
	tr := start(t, nil)
	err := tr.LoadModel(path, trainer.LoadOptions{})
	if !errors.Is(err, checkpoint.ErrNotFinite) || !strings.Contains(err.Error(), "conv.weight holds -1e+300") || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
}

func narrowed(v []float64) (n []float32) {
	for _, x := range v {
		n = append(n, float32(x))
	}
	return n
}

// TestLoadWithoutCounters begins them at 0, whatever the model has counted.
func TestLoadWithoutCounters(t *testing.T) {
	tr := start(t, nil)
	var kept []checkpoint.Tensor
	for _, x := range stateDict(t, nil) {
		if !strings.HasSuffix(x.Name, "num_batches_tracked") {
			kept = append(kept, x)
		}
	}
	tr.Session().Counters()["norm.num_batches_tracked"] = 7
	if err := tr.Session().Load("x", &checkpoint.File{Tensors: kept}, trainer.LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := tr.Session().Counters()["norm.num_batches_tracked"]; n != 0 {
		t.Errorf("the counter is %d", n)
	}
}
