package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/run"
)

func TestExport(t *testing.T) {
	inFolder(t)
	train("-out", "run").wants(t, Done, nil, nil)
	call := func(args ...string) outcome { return runCommand(context.Background(), RunExport, "", args...) }
	best := filepath.Join("run", run.CheckpointDir, run.BestFile)
	want, err := checkpoint.Read(best)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"a.safetensors", "a.pth"} {
		call("-weights", "run", "-to", to).wants(t, Done, []string{to}, nil)
		got, err := checkpoint.Read(to)
		if err != nil || len(got.Tensors) != len(want.Tensors) {
			t.Fatalf("%s: %v", to, err)
		}
		for _, w := range want.Tensors {
			g, ok := got.Find(w.Name)
			if !ok || !sameData(g, w) {
				t.Errorf("%s: %s differs", to, w.Name)
			}
		}
	}
	call("-weights", best, "-to", "a.onnx").wants(t, Done, []string{"a.onnx"}, nil)
	if info, err := os.Stat("a.onnx"); err != nil || info.Size() < 1000 {
		t.Errorf("a.onnx: %v", err)
	}
	call("-weights", "a.pth", "-model", "tiny", "-to", "b.safetensors").wants(t, Done, nil, nil)

	call("-weights", "a.pth", "-model", "tiny", "-to", "./a.pth").wants(t, Usage, nil, []string{"is the file that is read"})
	call("-weights", "run", "-to", best).wants(t, Usage, nil, []string{"is the file that is read"})
	if f, err := checkpoint.Read("a.pth"); err != nil {
		t.Fatal(err)
	} else {
		for i := range f.Tensors { // a classifier within a Sequential
			f.Tensors[i].Name = strings.Replace(f.Tensors[i].Name, "fc.", "fc.1.", 1)
		}
		if err := checkpoint.WriteTorch("s.pth", f); err != nil {
			t.Fatal(err)
		}
	}
	call("-weights", "s.pth", "-model", "tiny", "-to", "c.pth").wants(t, Done, nil, []string{`of these 2 of "fc.1."`})
	call("-weights", "a.pth", "-to", "b.onnx").wants(t, Usage, nil, []string{"does not name its model", "-model"})
	call("-weights", "a.pth", "-model", "resnet50b", "-to", "b.onnx").wants(t, Failed, nil, []string{"a.pth", "conv1.weight", "fc.weight is [2 8]"})
	call("-weights", "run", "-model", "vgg16", "-to", "b.onnx").wants(t, Usage, nil, []string{"is of tiny, not of vgg16"})
	call("-weights", "nothing", "-to", "b.onnx").wants(t, Failed, nil, []string{"nothing"})
	call("-weights", "run", "-to", "b.txt").wants(t, Usage, nil, []string{"b.txt", ".onnx"})
	call("-weights", "run").wants(t, Usage, nil, []string{"-to is missing"})
	call("-to", "b.pth").wants(t, Usage, nil, []string{"-weights is missing"})
	call("-weights", "run", "-to", "nowhere/b.pth").wants(t, Failed, nil, []string{"nowhere"})
	call("-weights", "run", "-to", "b.pth", "-names", "keras").wants(t, Usage, nil, []string{"torchvision or timm"})
	call("-h").wants(t, Done, []string{"-weights", "strict=True"}, nil)
	if exists("b.onnx") || exists("b.txt") || exists("b.pth") {
		t.Error("a refused export left a file")
	}
}

func sameData(a, b checkpoint.Tensor) bool {
	switch x := a.Data.(type) {
	case []float32:
		y, ok := b.Data.([]float32)
		for i := range x {
			ok = ok && len(x) == len(y) && x[i] == y[i]
		}
		return ok
	case []int64:
		y, ok := b.Data.([]int64)
		return ok && len(x) == len(y) && (len(x) == 0 || x[0] == y[0])
	}
	return false
}
