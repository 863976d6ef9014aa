package trainer_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/trainer"
)

// logLoss is cross-entropy on soft targets, written out of Gorgonia's operators.
func logLoss(logits, targets *gorgonia.Node) (*gorgonia.Node, error) {
	p, err := gorgonia.SoftMax(logits)
	if err != nil {
		return nil, err
	}
	log, err := gorgonia.Log(p)
	if err != nil {
		return nil, err
	}
	product, err := gorgonia.HadamardProd(targets, log)
	if err != nil {
		return nil, err
	}
	sum, err := gorgonia.Sum(product)
	if err != nil {
		return nil, err
	}
	return gorgonia.Mul(sum, gorgonia.NewConstant(-1/float32(logits.Shape()[0])))
}

// TestOwnLoss compares a user's cross-entropy with the one that is built in.
func TestOwnLoss(t *testing.T) {
	dev := testdevice.Open(t, device.Options{Threads: 1})
	run := func(loss nn.LossFunc) (losses []float64) {
		s, err := trainer.NewSession(newGolden(), trainer.SessionConfig{Device: dev, Optimizer: optim.SGD{LR: 0.1, Momentum: 0.9}, Input: [3]int{3, 6, 6}, Seed: 1, Loss: loss})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for i := range 4 {
			images, labels := goldenBatch(i, 4)
			r, err := s.Train(images, trainer.Labels(labels), 0.1)
			if err != nil {
				t.Fatal(err)
			}
			losses = append(losses, r.Loss)
		}
		return losses
	}
	want, got := run(nil), run(logLoss)
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-4 {
			t.Errorf("loss %d is %v, want %v", i, got[i], want[i])
		}
	}
}

func TestOwnLossInARun(t *testing.T) {
	tr := start(t, func(c *trainer.Config) { c.Loss, c.Smoothing = logLoss, 0 })
	if r, err := tr.Fit(t.Context()); err != nil || r.Status != "finished" {
		t.Errorf("%v", err)
	}
	train, test, c := setUp(t, func(c *trainer.Config) { c.Loss = logLoss })
	if _, err := trainer.New(newTiny(4), train, test, c); !errors.Is(err, trainer.ErrConfig) || !strings.Contains(err.Error(), "smoothing 0.1") {
		t.Errorf("smoothing with a Loss: %v", err)
	}
	c.Smoothing, c.Loss = 0, func(logits, _ *gorgonia.Node) (*gorgonia.Node, error) { return logits, nil }
	tr, err := trainer.New(newTiny(4), train, test, c)
	if err == nil {
		_, err = tr.Fit(t.Context())
		tr.Close()
	}
	if !errors.Is(err, nn.ErrShape) || !strings.Contains(err.Error(), "want a scalar") {
		t.Errorf("a loss that is no scalar: %v", err)
	}
}
