package models_test

import (
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/trainer"
)

// own is a model with an operator of Gorgonia's in it.
type own struct {
	Conv nn.Conv2D
	Norm nn.BatchNorm2D
	Pool nn.AdaptiveAvgPool2D
	Flat nn.Flatten
	FC   nn.Linear
}

func (m *own) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	x = m.Norm.Forward(s, m.Conv.Forward(s, x))
	if s.Err() != nil {
		return nil
	}
	x = s.Try(gorgonia.Sigmoid(x))
	return m.FC.Forward(s, m.Flat.Forward(s, m.Pool.Forward(s, x)))
}

// TestOwnModelTrains checks that a custom model overfits a batch.
func TestOwnModelTrains(t *testing.T) {
	dev := testdevice.Open(t, device.Options{})
	m := &own{
		Conv: nn.Conv2D{In: 3, Out: 8, Kernel: 3, Stride: 2, Padding: 1}, Norm: nn.BatchNorm2D{Channels: 8},
		Pool: nn.AdaptiveAvgPool2D{Size: 4}, FC: nn.Linear{In: 128, Out: 3},
	}
	session, err := trainer.NewSession(m, trainer.SessionConfig{Device: dev, Optimizer: optim.SGD{LR: 0.1, Momentum: 0.9}, Input: [3]int{3, 9, 9}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	images, labels := narrow(optest.Values(1, 1, 0, 6, 3, 9, 9)), []int64{0, 1, 2, 2, 1, 0}
	var first, last float64
	for i := range 60 {
		r, err := session.Train(images, trainer.Labels(labels), 0.1)
		if err != nil {
			t.Fatal(err)
		}
		if last = r.Loss; i == 0 {
			first = r.Loss
		}
	}
	if !(first > 0.5 && last < 0.2*first) {
		t.Errorf("the loss went from %v to %v", first, last)
	}
}
