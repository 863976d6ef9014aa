package registry_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/cli"
	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/registry"
	"github.com/euryale-ml/euryale/schedule"
	"github.com/euryale-ml/euryale/trainer"
)

// What a user's program registers: an optimizer, a schedule, a model and a data set, each
// with settings of its own.
type (
	heavySettings struct {
		Ball float64 `yaml:"ball" range:"[0,1)" help:"momentum of the ball"`
	}
	haltSettings struct {
		Step   int     `yaml:"step" range:"[1,1000]" help:"where the rate falls"`
		Factor float64 `yaml:"factor" range:"[0,1]" resume:"free" help:"how far"`
	}
	smallSettings struct {
		Width int `yaml:"width" range:"[1,64]" help:"channels"`
	}
	fewSettings struct {
		Each int `yaml:"each" range:"[1,100]" help:"images a class"`
	}
)

type halt struct{ haltSettings }

func (h halt) LR(base float64, step int) float64 {
	if step >= h.Step {
		return base * h.Factor
	}
	return base
}

func small(c models.Config) (nn.Module, error) {
	width := c.Settings.(smallSettings).Width
	return nn.NewSequential(
		&nn.Conv2D{In: 3, Out: width, Kernel: 3, Stride: 2, Bias: true}, &nn.ReLU{}, &nn.AdaptiveAvgPool2D{Size: 1}, &nn.Flatten{}, &nn.Linear{In: width, Out: c.Classes},
	), nil
}

func init() {
	err := errors.Join(
		optim.Register("heavy", func(c optim.Config) (optim.Optimizer, error) {
			return optim.SGD{LR: c.LR, Momentum: c.Settings.(heavySettings).Ball, WeightDecay: c.WeightDecay, Groups: c.Groups}, nil
		}, registry.About("a heavy ball"), registry.Reads("weight_decay", "no_bias_decay"), registry.Settings(heavySettings{0.5})),
		schedule.Register("halt", func(o schedule.Options) (schedule.Schedule, error) {
			return halt{o.Settings.(haltSettings)}, nil
		}, registry.About("the rate falls once"), registry.Settings(haltSettings{Step: 3, Factor: 0.1})),
		models.Register("small", small, registry.About("one convolution"), registry.Settings(smallSettings{4})),
		dataset.Register("few", func(_ context.Context, o dataset.Options) (train, test dataset.Dataset, err error) {
			return dataset.Drawn{Classes: 2, Images: o.Settings.(fewSettings).Each, Test: 2, Size: o.Size, Seed: o.Seed}.Splits()
		}, registry.About("a few drawn animals"), registry.Settings(fewSettings{6})),
	)
	if err != nil {
		panic(err)
	}
}

const recipe = `
threads: 1
model: {name: small, small: {width: 8}}
data: {set: few, batch: 4, resize: 10, crop: 8, workers: 1}
optim: {name: heavy, lr: 0.05, heavy: {ball: 0.75}}
schedule: {name: halt}
train: {epochs: 2}
`

// program runs the user's program, as train or as a command of euryale's.
func program(t *testing.T, args ...string) (code int, out, say string) {
	t.Helper()
	c := cli.TrainCommand([]byte(recipe))
	if args[0] != "train" {
		c = cli.Commands(cli.Recipe{Name: "mine", Config: []byte(recipe)})
	} else {
		args = args[1:]
	}
	var o, e bytes.Buffer
	code = c(context.Background(), cli.IO{In: strings.NewReader(""), Out: &o, Err: &e}, args)
	return code, o.String(), e.String()
}

// must is program where it has to succeed and print all words.
func must(t *testing.T, args []string, words ...string) string {
	t.Helper()
	code, out, say := program(t, args...)
	text := out + say
	for _, w := range words {
		if flat := strings.Join(strings.Fields(text), " "); code != cli.Done || !strings.Contains(flat, w) {
			t.Fatalf("%q: code %d, want %q in\n%s", args, code, w, text)
		}
	}
	return out
}

// losses are those of each training step of a run.
func losses(t *testing.T, dir string) []string {
	t.Helper()
	lines, err := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`"kind":"step".*?"loss":[0-9.]+`).FindAllString(string(lines), -1)
}

// TestProgramOfOnesOwn takes what a program registers through help, YAML, flags, a run and
// its config.yaml, resuming, a sweep, comparing, and errors.
func TestProgramOfOnesOwn(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, []string{"train", "-h", "all"},
		"optim.name=heavy (default sgd)", "heavy: a heavy ball", "optim.heavy.ball=0.75 (default 0.5) of optim.name = heavy: momentum of the ball (a number, at least 0 and less than 1)",
		"schedule.halt.step=3 of schedule.name = halt: where the rate falls", "model.small.width=8 (default 4)", "small: one convolution", "data.few.each=6",
		"-set may change threads", "schedule.halt.factor, ", "The learning rate that follows: lr 0.05, halt")
	must(t, []string{"train", "-h"}, "optim.name=heavy", "schedule.name=halt", "model.name=small", "data.set=few")
	must(t, []string{"models"}, "small: 5,112 parameters", "one convolution", "vgg16_bn of torchvision")
	must(t, []string{"completion", "bash"}, "optim.heavy.ball", "halt", "few")

	must(t, []string{"train", "-out", "a", "-set", "heavy.ball=0.25", "-set", "train.epochs=1"}, "heavy.ball is the key optim.heavy.ball", "learning rate: lr 0.05, halt")
	written, err := os.ReadFile("a/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"  name: heavy\n", "  heavy:\n    ball: 0.25\n", "  halt:\n    step: 3\n    factor: 0.1\n", "  small:\n    width: 8\n", "  few:\n    each: 6\n"} {
		if !strings.Contains(string(written), text) {
			t.Errorf("config.yaml lacks %q:\n%s", text, written)
		}
	}
	// The settings reach what they are of: the same run with SGD and that momentum.
	must(t, []string{"train", "-out", "b", "-set", "optim.name=sgd", "-set", "optim.momentum=0.25", "-set", "train.epochs=1"}, "")
	must(t, []string{"train", "-out", "c", "-set", "train.epochs=1"}, "")
	a, b, c := losses(t, "a"), losses(t, "b"), losses(t, "c")
	if len(a) != 3 || strings.Join(a, " ") != strings.Join(b, " ") || strings.Join(a, " ") == strings.Join(c, " ") {
		t.Errorf("losses %v, with sgd %v, with another momentum %v", a, b, c)
	}

	must(t, []string{"train", "-out", "a", "-resume", "-set", "train.epochs=2", "-set", "schedule.halt.factor=0.2"}, "")
	if a = losses(t, "a"); len(a) != 6 {
		t.Errorf("%d steps after resuming", len(a))
	}
	for _, refused := range []struct{ set, says string }{
		{"optim.heavy.ball=0.5", "these differ: optim.heavy.ball: 0.25 → 0.5"}, {"optim.name=sgd", "these differ: optim.name: heavy → sgd"},
	} {
		if code, _, say := program(t, "train", "-out", "a", "-resume", "-set", "train.epochs=3", "-set", refused.set); code != cli.Usage || !strings.Contains(say, refused.says) {
			t.Errorf("resuming with %s: code %d, %s", refused.set, code, say)
		}
	}
	for set, says := range map[string]string{
		"optim.name=havy":          `want one of adamw, heavy, lion, sgd, test-own; the nearest is heavy`,
		"optim.heavy.ball=2":       "optim.heavy.ball = 2: want a number, at least 0 and less than 1",
		"optim.heavy.bal=0.1":      "the nearest known key is optim.heavy.ball",
		"schedule.halt.step=0":     "schedule.halt.step = 0: want a whole number, 1 to 1000",
		"schedule.name=hallt":      "the nearest is halt",
		"data.set=fwe":             "want one of auto, drawn, few, image-folder",
		"model.small.width=vgg":    "model.small.width = vgg: want a whole number",
		"model.name=smal":          "the nearest is small",
		"optim.test-own.rank=many": "optim.test-own.rank",
	} {
		if code, _, say := program(t, "train", "-out", "e", "-set", set); code != cli.Usage || !strings.Contains(say, says) {
			t.Errorf("%s: code %d, %s, want %q", set, code, say, says)
		}
	}
	must(t, []string{"train", "-out", "d", "-set", "optim.momentum=0.3", "-set", "train.max_steps=1"}, "note: optim.momentum = 0.3 has no effect with optim.name = heavy: it is of sgd")

	must(t, []string{"sweep", "mine", "-seeds", "1,2", "-out", "s", "-quiet", "-set", "train.max_steps=1", "-set", "heavy.ball=0.1"}, "finished")
	must(t, []string{"compare", "c", "s/mine-seed1", "-out", "r"}, "")
	if page, err := os.ReadFile("r/report.md"); err != nil || !strings.Contains(string(page), "optim.heavy.ball") {
		t.Errorf("the report does not compare the own setting: %v\n%s", err, page)
	}
}

// TestFromConfigOfOnesOwn makes a Trainer of a configuration with registered things.
func TestFromConfigOfOnesOwn(t *testing.T) {
	c := config.Default()
	if err := config.Load([]byte(recipe), &c); err != nil {
		t.Fatal(err)
	}
	tr, err := trainer.FromConfig(c)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if o, ok := tr.Config().Optimizer.(optim.SGD); !ok || o.Momentum != 0.75 || o.LR != 0.05 {
		t.Errorf("optimizer %+v", tr.Config().Optimizer)
	}
	if tr.Parameters() != 8*27+8+16+2 || tr.TrainLoader().Len() != 12 {
		t.Errorf("%d parameters, %d images", tr.Parameters(), tr.TrainLoader().Len())
	}
}
