package cli

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/run"
)

// TestWrappedWeights gives a file of two sets of weights, with prefixes, to every command
// that reads one: each prints in a line which it takes.
func TestWrappedWeights(t *testing.T) {
	inFolder(t)
	train("-out", "run").wants(t, Done, nil, nil)
	f, err := checkpoint.Read(filepath.Join("run", run.CheckpointDir, run.BestFile))
	if err != nil {
		t.Fatal(err)
	}
	two := &checkpoint.File{}
	for _, x := range f.Tensors {
		wrapped := x
		wrapped.Name = "model_ema.module." + x.Name
		x.Name = "model." + x.Name
		if d, ok := x.Data.([]float32); ok {
			x.Data = slices.Repeat([]float32{0.5}, len(d))
		}
		two.Tensors = append(two.Tensors, wrapped, x)
	}
	for path, write := range map[string]func(string, *checkpoint.File) error{"two.safetensors": checkpoint.Write, "two.pth": checkpoint.WriteTorch} {
		if err := write(path, two); err != nil {
			t.Fatal(err)
		}
		says := []string{"weights of ", path + `: 4 tensors taken from "model_ema.module."; an average of the weights, by its name; "model." would fit too`}
		export := func(args ...string) outcome {
			return runCommand(context.Background(), RunExport, "", append([]string{"-weights", path, "-model", "tiny"}, args...)...)
		}
		export("-to", "a.safetensors").wants(t, Done, nil, says)
		export("-to", "b.safetensors", "-weights-key", "model").wants(t, Done, nil, []string{`4 tensors taken from "model."`})
		export("-to", "c.safetensors", "-weights-key", "net").wants(t, Failed, nil, []string{path, `"net"`})
		a, errA := checkpoint.Read("a.safetensors")
		b, errB := checkpoint.Read("b.safetensors")
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		for i, x := range f.Tensors {
			got, _ := a.Find(x.Name)
			if !sameData(got, x) {
				t.Errorf("%s: %s differs", path, x.Name)
			}
			if d, ok := b.Tensors[i].Data.([]float32); ok && d[0] != 0.5 {
				t.Errorf("%s: %s of the key is %v", path, b.Tensors[i].Name, d[0])
			}
		}
		train("-out", "from-"+path, "-set", "model.weights="+path).wants(t, Done, nil, says)
	}
}

// TestWeightsOfARunsFolder begins with the best weights of a run, and prints how many parameters
// are trained.
func TestWeightsOfARunsFolder(t *testing.T) {
	inFolder(t)
	train("-out", "run").wants(t, Done, nil, nil)
	train("-out", "tuned", "-set", "model.weights=run", "-set", "model.freeze=backbone", "-set", "model.freeze_statistics=true").
		wants(t, Done, nil, []string{"training: 18 of 242 parameters, the others are frozen; model.freeze_statistics has no effect"})
	was, err := checkpoint.Read(filepath.Join("run", run.CheckpointDir, run.BestFile))
	if err != nil {
		t.Fatal(err)
	}
	is, err := checkpoint.Read(filepath.Join("tuned", run.CheckpointDir, run.LastFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range was.Tensors {
		got, _ := is.Find(x.Name)
		if same := sameData(got, x); same == strings.HasPrefix(x.Name, "fc.") {
			t.Errorf("%s is the same: %v", x.Name, same)
		}
	}
	if err := os.Mkdir("empty", 0o755); err != nil {
		t.Fatal(err)
	}
	train("-out", "none", "-set", "model.weights=empty").wants(t, Failed, nil, []string{"empty", "best.safetensors"})
}

// TestWeightsWithNaN are refused by every command, by name.
func TestWeightsWithNaN(t *testing.T) {
	inFolder(t)
	train("-out", "run").wants(t, Done, nil, nil)
	f, err := checkpoint.Read(filepath.Join("run", run.CheckpointDir, run.BestFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range f.Tensors {
		if x.Name == "fc.weight" {
			x.Data.([]float32)[1] = float32(math.NaN())
		}
	}
	if err := checkpoint.Write("nan.safetensors", f); err != nil {
		t.Fatal(err)
	}
	says := []string{"nan.safetensors", "fc.weight (1 NaN of "}
	train("-out", "from-nan", "-set", "model.weights=nan.safetensors").wants(t, Failed, nil, says)
	runCommand(context.Background(), RunExport, "", "-weights", "nan.safetensors", "-to", "a.pth").wants(t, Failed, nil, says)
	runCommand(context.Background(), RunPredict, "", "-weights", "nan.safetensors", "x.png").wants(t, Failed, nil, says)
}
