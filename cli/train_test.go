package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// lockedBuffer takes lines from several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  *bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func TestTrainLeavesARun(t *testing.T) {
	inFolder(t)
	train("-out", "run").wants(t, Done,
		[]string{"test accuracy: ", "chance 50.0 %", "run folder: run\n", "picture: run/figures/curves.png", "predict -weights run run/figures/samples\n"},
		[]string{"tiny on drawn", "model: tiny, 242 parameters", "device: cpu", "1 thread;", "precision float32", "8 training and 2 test images, 2 classes",
			"run folder: run", "epoch 1/2", "epoch 2/2", "chance 50.0 %"})
	for _, name := range []string{
		"config.yaml", "metrics.jsonl", "metrics.csv", "summary.json", "checkpoints/best.safetensors", "checkpoints/last.safetensors",
		"figures/show_batch_before.png", "figures/show_batch_after.png", "figures/curves.png", "figures/confusion.png",
	} {
		if info, err := os.Stat(filepath.Join("run", name)); err != nil || info.Size() == 0 {
			t.Errorf("the run lacks %s", name)
		}
	}
	samples, _ := filepath.Glob("run/figures/samples/*.png")
	if len(samples) != 2 { // there are but two test images
		t.Errorf("samples %v, want 2", samples)
	}
	var c config.Config
	data, err := os.ReadFile("run/config.yaml")
	if err == nil {
		err = config.Load(data, &c)
	}
	if err != nil || c.Model.Name != "tiny" || c.Train.Epochs != 2 || c.Optim.Momentum != 0.9 || c.Name == "" {
		t.Errorf("config.yaml: %v, %+v", err, c)
	}
	metrics, _ := os.ReadFile("run/metrics.jsonl")
	if n := strings.Count(string(metrics), "\n"); n != 6 {
		t.Errorf("%d lines in metrics.jsonl, want 4 steps and 2 epochs", n)
	}
}

func TestTrainJSON(t *testing.T) {
	inFolder(t)
	o := train("-json", "-quiet")
	o.wants(t, Done, nil, nil)
	var r struct {
		Status, Folder, Picture, Predict string
		Best                             struct{ Accuracy float64 }
		Chance                           float64
		Parameters                       int
	}
	if err := json.Unmarshal([]byte(o.out), &r); err != nil || strings.Count(o.out, "\n") != 1 {
		t.Fatalf("%v in %q", err, o.out)
	}
	if r.Status != "finished" || r.Parameters != 242 || r.Chance != 0.5 || !strings.HasPrefix(filepath.ToSlash(r.Folder), "runs/tiny-drawn-") {
		t.Errorf("%+v", r)
	}
	if o.err != "" {
		t.Errorf("-quiet said %q", o.err)
	}
	if again := train("-json", "-quiet"); again.code != Done || again.out == "" {
		t.Errorf("a second run in the same second: %+v", again)
	}
	if runs, _ := filepath.Glob("runs/*"); len(runs) != 2 {
		t.Errorf("runs %v, want 2", runs)
	}
}

func TestTrainUsage(t *testing.T) {
	inFolder(t)
	write(t, "bad.yaml", "optim: {lrr: 1}\n")
	write(t, "full/x", "")
	for _, c := range []struct {
		args []string
		err  []string
	}{
		{[]string{"-set", "optim.lrr=1"}, []string{"optim.lrr", "optim.lr"}},
		{[]string{"-set", "optim.lr"}, []string{"want key=value"}},
		{[]string{"-set", "optim.lr=-1"}, []string{"optim.lr", "0"}},
		{[]string{"-set", "optim.lr=NaN"}, []string{"optim.lr"}},
		{[]string{"-set", "data.batch=0"}, []string{"data.batch"}},
		{[]string{"-set", "data.resize=8"}, []string{"data.resize", "data.crop"}},
		{[]string{"-set", "model.name=tinny"}, []string{"model.name", "tinny", "tiny"}},
		{[]string{"-set", "data.set=drawm"}, []string{"data.set", "drawm", "drawn"}},
		{[]string{"-set", "device=gpu"}, []string{"device", "gpu"}},
		{[]string{"-config", "bad.yaml"}, []string{"bad.yaml", "lrr", "lr"}},
		{[]string{"-config", "none.yaml"}, []string{"none.yaml"}},
		{[]string{"-set", "train.best=accurracy"}, []string{"train.best = accurracy", "did you mean accuracy?"}},
		{[]string{"-set", "train.best=min:f1"}, []string{"train.best = min:f1", "hooks of trainer.Trainer"}},
		{[]string{"-jason"}, []string{"-jason", "-json"}},
		{[]string{"here"}, []string{"here", "-set key=value"}},
		{[]string{"-out", "full"}, []string{"-out full is not empty", "x", "-resume"}},
		{[]string{"-resume"}, []string{"-resume needs -out", "no unfinished run"}},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			o := train(c.args...)
			o.wants(t, Usage, nil, c.err)
			if strings.Count(o.err, "\n") > 2 || o.out != "" {
				t.Errorf("more than a line: %q, %q", o.err, o.out)
			}
			if exists(RunsDir) {
				t.Error("a run was begun")
			}
		})
	}
}

// TestFinishedSaysHowToTrainOn wants the setting that ended a run in what is to be typed, and
// that typing it trains on.
func TestFinishedSaysHowToTrainOn(t *testing.T) {
	for name, c := range map[string]struct{ set, lifts string }{
		"epochs":    {"train.epochs=1", "2 steps; more epochs: train -resume -out run -set train.epochs=2"},
		"max_steps": {"train.max_steps=1", "1 step; more steps: train -resume -out run -set train.max_steps=2"},
		"patience":  {"train.patience=1", "to train on: train -resume -out run -set train.patience=0"},
	} {
		t.Run(name, func(t *testing.T) {
			inFolder(t)
			args := []string{"-quiet", "-out", "run", "-set", c.set}
			if name == "patience" { // a rate that changes nothing
				args = append(args, "-set", "optim.lr=1e-30", "-set", "train.epochs=5")
			}
			train(args...).wants(t, Done, nil, nil)
			o := train("-resume", "-out", "run")
			lifts := strings.Replace(c.lifts, "train -resume", again(o.err)+" -resume", 1)
			o.wants(t, Done, nil, []string{"is finished: ", lifts})
			set := c.lifts[strings.LastIndexByte(c.lifts, ' ')+1:]
			if o := train("-resume", "-out", "run", "-set", set); strings.Contains(o.err, "is finished") || o.code != Done {
				t.Errorf("%s does not train on: %s", set, o.err)
			}
		})
	}
}

// again is the command that a message on a finished run begins with.
func again(message string) string {
	_, after, _ := strings.Cut(message, "is finished: ")
	_, after, _ = strings.Cut(after, ": ")
	command, _, _ := strings.Cut(after, " -resume")
	return command
}

// TestTilde puts the home folder where no shell does.
func TestTilde(t *testing.T) {
	home := inFolder(t)
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	write(t, "my.yaml", "data: {root: ~/pets, set: image-folder}\nmodel: {weights: ~/w.pth}\ntrain: {epochs: 1}\n")
	o := trainFlags{config: fromHome("~/my.yaml")}
	c, err := o.newConfig(nil, nil)
	if err != nil || c.Data.Root != filepath.Join(home, "pets") || c.Model.Weights != filepath.Join(home, "w.pth") {
		t.Errorf("%q, %q, %v", c.Data.Root, c.Model.Weights, err)
	}
	for path, want := range map[string]string{"~": home, "~/a/b": filepath.Join(home, "a", "b"), "~you/a": "~you/a", "a/~": "a/~", "": "", "~a": "~a"} {
		if got := fromHome(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	write(t, "~/own", "")
	if got := fromHome("~/own"); got != "~/own" {
		t.Errorf("a folder of this name became %s", got)
	}
	train("-quiet", "-out=~/run", "-set", "train.max_steps=1").wants(t, Done, nil, nil)
	if !exists(filepath.Join(home, "run", "config.yaml")) {
		t.Error("-out=~/run is not below the home folder")
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTrainFails(t *testing.T) {
	inFolder(t)
	for _, c := range []struct {
		name string
		args []string
		err  []string
		kept bool // the run's folder
	}{
		{"no such folder", []string{"-set", "data.set=oxford-iiit-pet", "-set", "data.root=nowhere"}, []string{"nowhere"}, false},
		{"auto with a root never draws", []string{"-set", "data.set=auto", "-set", "data.root=nowhere"}, []string{"nowhere"}, false},
		{"no pets", []string{"-set", "data.set=oxford-iiit-pet"}, []string{"get it with", "-set data.download=true"}, false},
		{"batch", []string{"-set", "data.batch=9", "-set", "data.drop_last=true"}, []string{"9", "8"}, false},
		{"every parameter frozen", []string{"-set", "model.freeze=*"}, []string{"every parameter is frozen"}, false},
		{"diverging", []string{"-set", "optim.lr=1e30"}, []string{"diverged", "learning rate"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			o := train(append(c.args, "-out", dir)...)
			if o.code != Failed && (c.name != "batch" || o.code != Usage) {
				t.Errorf("code %d", o.code)
			}
			o.wants(t, o.code, nil, c.err)
			if exists(dir) != c.kept {
				t.Errorf("the folder is there: %v, want %v", exists(dir), c.kept)
			}
			if c.kept {
				if r, err := run.Folder(dir).Report(); err != nil || r.Status != run.Failed {
					t.Errorf("summary: %v, %+v", err, r)
				}
			}
		})
	}
}

func TestQuickProfile(t *testing.T) {
	inFolder(t)
	recipe := strings.ReplaceAll(tinyRecipe, "set: drawn", "set: auto")
	quick := "data: {resize: 20, crop: 18, batch: 4, drawn_classes: 3, drawn_images: 3}\ntrain: {epochs: 1}\n"
	write(t, "own.yaml", "model: {name: tiny}\ndata: {set: auto, batch: 3}\nthreads: 1\n")
	command := TrainCommand([]byte(recipe), Quick([]byte(quick)))
	for _, c := range []struct {
		name string
		args []string
		want func(c config.Config) bool
	}{
		{"as it is", nil, func(c config.Config) bool {
			return c.Data.Crop == 18 && c.Data.DrawnClasses == 3 && c.Train.Epochs == 1 && c.Optim.LR == 0.01
		}},
		{"-set wins", []string{"-set", "data.crop=24", "-set", "train.epochs=2"}, func(c config.Config) bool {
			return c.Data.Crop == 24 && c.Data.Resize >= 24 && c.Train.Epochs == 2 && c.Data.DrawnClasses == 3
		}},
		{"-config wins", []string{"-config", "own.yaml"}, func(c config.Config) bool { return c.Data.Batch == 3 && c.Data.Crop == 18 && c.Optim.LR == 1e-3 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			o := runCommand(t.Context(), command, "", append(c.args, "-out", dir)...)
			o.wants(t, Done, nil, []string{"NOTE", "oxford-iiit-pet", "-set data.download=true -set data.set=oxford-iiit-pet", "DRAWN animals with a quick profile", "of memory", "of disk"})
			got, err := readRunConfig(dir)
			if err != nil || got.Data.Set != "drawn" || !c.want(got) {
				t.Errorf("%v, %+v", err, got)
			}
		})
	}
}

func TestCtrlC(t *testing.T) {
	inFolder(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := func(tr *training) {
		tr.attached = func(n *session) {
			n.trainer.AddHook(trainer.Hook{Name: "stop", Step: func(e trainer.StepEvent) error {
				if e.Step == 1 {
					cancel(ErrStopped)
				}
				return nil
			}})
		}
	}
	o := runCommand(ctx, TrainCommand([]byte(tinyRecipe), stop), "", "-out", "run")
	o.wants(t, Stopped, []string{"not evaluated yet"}, []string{"stopped after step 1, saved; resume with: ", " -resume -out run\n"})
	if !exists("run/checkpoints/last.safetensors") || !exists("run/figures/samples") || !exists("run/figures/show_batch_after.png") {
		t.Error("the run was not saved")
	}
	train("-resume").wants(t, Usage, nil, []string{"-resume needs -out"})
	train("-resume", "-out", "run", "-set", "optim.lr=0.5", "-set", "train.epochs=3").wants(t, Usage, nil, []string{"optim.lr", "0.5", "train.epochs"})
	write(t, "other.yaml", "model: {name: tiny}\ndata: {set: auto, batch: 2}\n")
	train("-resume", "-out", "run", "-config", "other.yaml").wants(t, Usage, nil, []string{"data.batch"})
	train("-resume", "-out", "run", "-set", "train.epochs=3").wants(t, Done, nil, []string{"resuming after step 1", "epoch 3/3"})
	left := filepath.Join("run", run.FiguresDir, run.SamplesDir, atomicfile.Prefix+"x"+atomicfile.Suffix)
	write(t, left, "of a kill while the last pictures were drawn")
	train("-resume", "-out", "run").wants(t, Done, []string{"test accuracy"}, []string{"is finished: 6 steps"})
	if exists(left) {
		t.Error("a temporary file stays in a finished run")
	}
	train("-resume", "-out", "run", "-set", "threads=1").wants(t, Done, nil, []string{"is finished"})
	metrics, _ := os.ReadFile("run/metrics.jsonl")
	if n := strings.Count(string(metrics), `"kind":"step"`); n != 6 {
		t.Errorf("%d step lines, want 6", n)
	}
	train("-quiet", "-out", "straight", "-set", "train.epochs=3").wants(t, Done, nil, nil)
	if !reflect.DeepEqual(tensors(t, "run"), tensors(t, "straight")) {
		t.Error("the resumed run has other weights than one that was never stopped")
	}
	train("-resume", "-out", "nowhere").wants(t, Failed, nil, []string{"nowhere", "nothing to resume"})
}

// TestCtrlCThatCannotSave has a run stopped whose checkpoint cannot be written: it failed.
func TestCtrlCThatCannotSave(t *testing.T) {
	inFolder(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := func(tr *training) {
		tr.attached = func(n *session) {
			n.trainer.AddHook(trainer.Hook{Name: "stop", Step: func(e trainer.StepEvent) error {
				if e.Step == 1 {
					write(t, "run/checkpoints/resume-1.safetensors/in the way", "")
					cancel(ErrStopped)
				}
				return nil
			}})
		}
	}
	o := runCommand(ctx, TrainCommand([]byte(tinyRecipe), stop), "", "-out", "run")
	o.wants(t, Failed, nil, []string{"stopped by a signal, and then: ", "resume-1.safetensors"})
	if r, err := run.Folder("run").Report(); err != nil || r.Status != run.Failed {
		t.Errorf("summary: %+v, %v", r, err)
	}
}

// tensors reads the last weights of a run.
func tensors(t *testing.T, dir string) []checkpoint.Tensor {
	t.Helper()
	f, err := checkpoint.Read(filepath.Join(dir, run.CheckpointDir, run.LastFile))
	if err != nil {
		t.Fatal(err)
	}
	return f.Tensors
}

func TestResumeNamesTheNewestRun(t *testing.T) {
	inFolder(t)
	train("-quiet").wants(t, Done, nil, nil)
	write(t, "runs/b/config.yaml", "")
	train("-resume").wants(t, Usage, nil, []string{"the newest unfinished run is runs/b: -resume -out runs/b"})
}

func TestResumeOfAnEmptyFolder(t *testing.T) {
	inFolder(t)
	if err := os.Mkdir("run", 0o755); err != nil {
		t.Fatal(err)
	}
	train("-resume", "-out", "run").wants(t, Done, nil, []string{"holds nothing yet"})
}

func TestHelpAndVersion(t *testing.T) {
	o := train("-h", "all")
	o.wants(t, Done, []string{"-set", "-resume", "optim.lr", "augment.hue_scale", "train.max_steps", "neptune.project", "name: tiny", "130"}, nil)
	o = train("-version")
	o.wants(t, Done, []string{"euryale ", "go1.", "cpu"}, nil)
}

func TestProfile(t *testing.T) {
	inFolder(t)
	train("-profile", "-set", "train.epochs=1").wants(t, Done, nil, []string{"ms a run", "longest steps"})
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, Done}, {errors.New("x"), Failed}, {usagef("x"), Usage}, {ErrStopped, Stopped}, {context.Canceled, Stopped},
	} {
		if got := codeOf(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
}

// TestEmptyConfig refuses to resume with what an empty config.yaml would mean.
func TestEmptyConfig(t *testing.T) {
	inFolder(t)
	train("-quiet", "-out", "run").wants(t, Done, nil, nil)
	for _, text := range []string{"", " \n\n"} {
		write(t, "run/config.yaml", text)
		train("-resume", "-out", "run").wants(t, Failed, nil, []string{"config.yaml is empty"})
	}
}
