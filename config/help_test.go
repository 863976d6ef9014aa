package config

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/device"
)

// TestHelpOffersWhatThisBuildHas looks for words that would be refused.
func TestHelpOffersWhatThisBuildHas(t *testing.T) {
	help := Help()
	for _, absent := range []string{"cuda"} {
		if strings.Contains(help, absent) {
			t.Errorf("the help offers %s", absent)
		}
	}
	for _, k := range Keys() {
		for _, word := range k.Words {
			c := Default()
			if err := c.Set(k.Path, word); err != nil {
				t.Errorf("%s offers %s: %v", k.Path, word, err)
			} else if err := c.Validate(); err != nil {
				t.Errorf("%s offers %s: %v", k.Path, word, err)
			}
		}
	}
	for _, s := range []struct{ key, value, there string }{
		{"device", "cuda", "auto, cpu"}, {"device", "cuda:12", "auto, cpu"},
	} {
		c := Default()
		if err := c.Set(s.key, s.value); err != nil {
			t.Fatal(err)
		}
		if err := c.Validate(); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "there is "+s.there) {
			t.Errorf("%s=%s: %v", s.key, s.value, err)
		}
	}
	there := 2
	if err := device.Register("cuda", device.Driver{
		Open:  func(int, device.Options) (device.Device, error) { return nil, errors.New("none") },
		Count: func() int { return there },
	}); err != nil {
		t.Fatal(err)
	}
	defer func() { there = 0 }() // as if it were not registered
	c := Default()
	c.Device = "cuda:1"
	if err := c.Validate(); err != nil {
		t.Errorf("in a build that has it: %v", err)
	}
	c.Device = "cuda:2"
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "there is auto, cpu, cuda, cuda:0, cuda:1") {
		t.Errorf("one too many: %v", err)
	}
}

// TestHelpFor shows the values of a recipe beside the defaults.
func TestHelpFor(t *testing.T) {
	c := Default()
	c.Optim.LR, c.Track = 0.1, []string{"mlflow"}
	lines := strings.Split(HelpFor(c), "\n")
	for _, want := range []string{"  optim.lr=0.1  (default 0.001)", `  track=mlflow  (default "")`, "  train.epochs=100"} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q", want)
		}
	}
	if !strings.Contains(HelpFor(c), "also learning_rate") {
		t.Error("other names are not shown")
	}
}
