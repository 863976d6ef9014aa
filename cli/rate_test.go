package cli

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/examples"
)

// TestSaysTheRate reads a run's first lines.
func TestSaysTheRate(t *testing.T) {
	inFolder(t)
	o := train("-out", "run", "-set", "schedule.linear_scaling=true", "-set", "schedule.warmup_epochs=2", "-set", "schedule.base_batch=8", "-set", "train.accumulate=3")
	o.wants(t, Done, nil, []string{
		"learning rate: lr 0.01 × (4·3)/8 = 0.015, 2 epochs of warm-up, constant\n",
		"note: the warm-up lasts as long as the run or longer (schedule.warmup_epochs = 2, train.epochs = 2)",
	})
}

// TestReadmeFineTuning checks that README's line for fine-tuning has the rate that it names.
func TestReadmeFineTuning(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?s)euryale train resnet50_tricks (.*?[^\\])\n`).FindSubmatch(text)
	if line == nil {
		t.Fatal("README has no line for fine-tuning")
	}
	recipe, _, _ := examples.Recipe("resnet50_tricks")
	c := config.Default()
	if err := config.LoadBase(recipe, &c); err != nil {
		t.Fatal(err)
	}
	for _, pair := range regexp.MustCompile(`-set (\S+)=(\S+)`).FindAllStringSubmatch(string(line[1]), -1) {
		if err := c.Set(pair[1], pair[2]); err != nil {
			t.Error(err)
		}
	}
	if got := c.ExplainRate(); !strings.HasPrefix(got, "lr 0.0001, 1 epoch of warm-up, cosine to 0") || c.Rate() != 1e-4 {
		t.Errorf("it has %s", got)
	}
	if notes := c.RateNotes(58); notes != nil {
		t.Errorf("it has notes: %q", notes)
	}
}
