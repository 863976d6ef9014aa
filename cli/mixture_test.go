package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/dataset"
)

func TestMixture(t *testing.T) {
	classes := []string{"cat", "dog"}
	for want, p := range map[string]dataset.Pair{
		"cat":            {Label: 0, Other: 0, Lambda: 1},
		"dog":            {Label: 1, Other: 1, Lambda: 0.3},
		"dog 70 % + cat": {Label: 0, Other: 1, Lambda: 0.3},
		"cat 80 % + dog": {Label: 0, Other: 1, Lambda: 0.8},
	} {
		if got := mixture(p, classes); got != want {
			t.Errorf("%+v: %q, want %q", p, got, want)
		}
	}
}

// TestMixedRun trains with mixup and random erasing, and says where they do nothing.
func TestMixedRun(t *testing.T) {
	dir := inFolder(t)
	o := train("-out", "run", "-set", "augment.mixup=0.2", "-set", "augment.random_erasing=0.25", "-set", "data.drawn_classes=6", "-set", "data.batch=5")
	o.wants(t, Done, []string{"test accuracy", "top-5 accuracy: ", "chance 83.3 %"}, nil)
	if strings.Contains(o.err, "note:") || !exists(filepath.Join(dir, "run", "figures", "show_batch_after.png")) {
		t.Errorf("%s", o.err)
	}
	o = train("-out", "plain", "-set", "augment.mixup=0.2", "-set", "augment.random_erasing=0.25", "-set", "data.augment=false", "-set", "data.batch=1")
	o.wants(t, Done, nil, []string{"note: augment.random_erasing = 0.25 is off, since data.augment = false", "note: augment.mixup has no effect on batches of one"})
	if strings.Contains(o.out, "top-5") {
		t.Error("top-5 accuracy of two classes")
	}
	if lines := notes(config.Default()); len(lines) > 0 {
		t.Errorf("%q", lines)
	}
}

// TestPatienceIsTold ends a run that learns nothing and reads the last lines, also when
// the finished run is asked again.
func TestPatienceIsTold(t *testing.T) {
	inFolder(t)
	args := []string{"-out", "run", "-set", "train.patience=2", "-set", "train.epochs=30", "-set", "optim.lr=1e-12"}
	train(args...).wants(t, Done, []string{"stopped: no better test accuracy in 2 epochs"}, []string{"epoch 3/30"})
	train("-out", "run", "-resume").wants(t, Done, []string{"stopped: no better test accuracy in 2 epochs"}, []string{"is finished"})
	// More patience continues the run, from epoch 4 to 5.
	o := train("-out", "run", "-resume", "-set", "train.patience=4")
	o.wants(t, Done, []string{"stopped: no better test accuracy in 4 epochs"}, []string{"epoch 4/30", "epoch 5/30"})
	if strings.Contains(o.err, "epoch 6/30") || strings.Contains(o.err, "epoch 3/30") {
		t.Errorf("%s", o.err)
	}
	// A run that reaches its last epoch was not stopped.
	if o := train("-out", "whole", "-set", "train.patience=1", "-set", "train.epochs=2", "-set", "optim.lr=1e-12"); strings.Contains(o.out, "stopped") || o.code != Done {
		t.Errorf("%+v", o)
	}
}
