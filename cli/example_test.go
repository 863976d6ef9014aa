package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/cli"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
)

// pixels is a user's model: a linear classifier of the pixels.
type pixels struct {
	Flatten *nn.Flatten
	FC      *nn.Linear
}

// Forward maps x [N, 3, 16, 16] to a logit a class.
func (m *pixels) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	return m.FC.Forward(s, m.Flatten.Forward(s, x))
}

func newPixels(c models.Config) (nn.Module, error) {
	return &pixels{&nn.Flatten{}, &nn.Linear{In: 3 * 16 * 16, Out: c.Classes}}, nil
}

// A program's own model gets the flags, the YAML and the run folder. A real main calls
// cli.Train(recipe), which takes the process's arguments and exits.
func Example() {
	const recipe = `
model: {name: pixels}
data: {set: drawn, drawn_classes: 2, drawn_images: 8, resize: 16, crop: 16, batch: 8}
optim: {lr: 0.01}
train: {epochs: 3}
`
	if err := models.Register("pixels", newPixels); err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	var results bytes.Buffer
	train := cli.TrainCommand([]byte(recipe))
	code := train(context.Background(), cli.IO{Out: &results, Err: os.Stderr},
		[]string{"-json", "-quiet", "-out", filepath.Join(dir, "run"), "-set", "train.epochs=2"})
	var report struct {
		Status        string
		Epochs, Steps int
	}
	if err := json.Unmarshal(results.Bytes(), &report); err != nil {
		log.Fatal(err)
	}
	fmt.Println(code, report.Status, report.Epochs, report.Steps)
	// Output: 0 finished 2 4
}
