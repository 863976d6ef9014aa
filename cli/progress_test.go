package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/track"
	"github.com/euryale-ml/euryale/trainer"
)

// tellRun plays a run of two epochs of ten steps, a second each, to p.
func tellRun(p *progress) {
	now := time.Unix(0, 0)
	p.now = func() time.Time { return now }
	h := p.hook()
	h.Start(trainer.Start{Epochs: 2, StepsAnEpoch: 10})
	for step := 1; step <= 20; step++ {
		now = now.Add(time.Second)
		epoch := (step + 9) / 10
		h.Step(trainer.StepEvent{
			Epoch: epoch, Step: step, Loss: 1.5, Accuracy: 0.25, LR: 0.01, ImagesPerSecond: 64, Waited: 100 * time.Millisecond, Time: now,
		})
		if step%10 == 0 {
			h.Evaluating(32, 64)
			h.Epoch(trainer.EpochEvent{Epoch: epoch, Step: step, Train: track.TrainEpoch{Loss: 1.75}, Test: trainer.Scores{Loss: 1.25, Accuracy: 0.5, BalancedAccuracy: 0.4}, Best: epoch == 1})
		}
	}
	h.End(nil, nil)
}

func TestProgressLines(t *testing.T) {
	var out bytes.Buffer
	tellRun(newProgress(&out, 0.1, 0))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 1+1+3+2 { // the beginning, the first step, one each 5 s, the epochs
		t.Errorf("%d lines:\n%s", len(lines), out.String())
	}
	for _, want := range []string{
		"training: 2 epochs of 10 steps",
		"epoch 1/2  step 6/20  loss 1.5  acc 25.0 %  lr 0.01  64 images/s  14 s left  data stall 10 %",
		"epoch 1/2  step 10  train loss 1.75  test loss 1.2500  test accuracy 50.0 % (chance 10.0 %)  balanced 40.0 %  10 s, the best so far\n",
		"epoch 2/2  step 20  train loss 1.75  test loss 1.2500  test accuracy 50.0 % (chance 10.0 %)  balanced 40.0 %  10 s\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestProgressOnATerminal(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out, 0.1, 0)
	p.columns = 60
	tellRun(p)
	for _, want := range []string{"epoch 2/2  step 20/20", " 49% ████░░░░░░  epoch 1/2", " 99% █████████", "test accuracy 50.0 %"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %.2000q", want, out.String())
		}
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(out.String(), "\n", "\r"), "\r") {
		text, _, isBar := strings.Cut(line, "\x1b[0K")
		if n := len([]rune(text)); isBar && n > p.columns {
			t.Errorf("a bar of %d columns: %q", n, line)
		}
	}
}
