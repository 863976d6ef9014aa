package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/trainer"
)

// tinyNet learns something in milliseconds.
type tinyNet struct {
	Conv *nn.Conv2D            `nn:"conv"`
	ReLU *nn.ReLU              `nn:"relu"`
	Pool *nn.AdaptiveAvgPool2D `nn:"pool"`
	Flat *nn.Flatten           `nn:"flatten"`
	FC   *nn.Linear            `nn:"fc"`
}

func (m *tinyNet) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	x = m.ReLU.Forward(s, m.Conv.Forward(s, x))
	return m.FC.Forward(s, m.Flat.Forward(s, m.Pool.Forward(s, x)))
}

func (*tinyNet) ModelName() string    { return "tiny" }
func (*tinyNet) HeadParams() []string { return []string{"fc.weight", "fc.bias"} }

// stuck holds a run up in its fifth step.
func stuck(t *training) {
	t.attached = func(n *session) {
		n.trainer.AddHook(trainer.Hook{Name: "stuck", Step: func(e trainer.StepEvent) error {
			if e.Step == 5 {
				fmt.Fprintln(os.Stderr, "stuck")
				time.Sleep(time.Minute)
			}
			return nil
		}})
	}
}

// asCommand in the environment makes the test program the training command, plain or
// stuck.
const asCommand = "EURYALE_TEST_COMMAND"

func TestMain(m *testing.M) {
	err := models.Register("tiny", func(c models.Config) (nn.Module, error) {
		return &tinyNet{
			Conv: &nn.Conv2D{In: 3, Out: 8, Kernel: 3, Stride: 2, Padding: 1, Bias: true}, ReLU: &nn.ReLU{},
			Pool: &nn.AdaptiveAvgPool2D{}, Flat: &nn.Flatten{}, FC: &nn.Linear{In: 8, Out: c.Classes},
		}, nil
	})
	if err != nil {
		panic(err)
	}
	switch os.Getenv(asCommand) {
	case "plain":
		Train([]byte(tinyRecipe))
	case "stuck":
		Train([]byte(tinyRecipe), stuck)
	}
	os.Exit(m.Run())
}

// tinyRecipe is a run of two epochs of two steps.
const tinyRecipe = `
threads: 1
model: {name: tiny}
data: {set: drawn, drawn_classes: 2, drawn_images: 4, batch: 4, resize: 18, crop: 16, workers: 1}
optim: {lr: 0.01}
train: {epochs: 2}
`

// outcome is what a command did.
type outcome struct {
	code     int
	out, err string
}

func runCommand(ctx context.Context, c Command, in string, args ...string) outcome {
	var out, errs bytes.Buffer
	code := c(ctx, IO{In: strings.NewReader(in), Out: &out, Err: &lockedBuffer{b: &errs}}, args)
	return outcome{code, out.String(), errs.String()}
}

// train runs the training command with the tiny recipe in the working folder.
func train(args ...string) outcome {
	return runCommand(context.Background(), TrainCommand([]byte(tinyRecipe)), "", args...)
}

// inFolder makes a new working folder, without the pets in reach.
func inFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("EURYALE_DATA", "")
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	t.Setenv("HOME", dir)
	t.Setenv("LocalAppData", dir)
	return dir
}

// wants fails the test where the outcome has another code or lacks words.
func (o outcome) wants(t *testing.T, code int, out, err []string) {
	t.Helper()
	if o.code != code {
		t.Errorf("exit code %d, want %d", o.code, code)
	}
	for _, w := range out {
		if !strings.Contains(o.out, w) {
			t.Errorf("standard output lacks %q", w)
		}
	}
	for _, w := range err {
		if !strings.Contains(o.err, w) {
			t.Errorf("standard error lacks %q", w)
		}
	}
	if strings.Contains(o.err, "goroutine ") {
		t.Error("standard error has a stack trace")
	}
	if t.Failed() {
		t.Fatalf("standard output:\n%s\nstandard error:\n%s", o.out, o.err)
	}
}
