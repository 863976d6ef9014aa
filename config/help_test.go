package config

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestHelpOffersWhatThisBuildHas looks for words that would be refused.
func TestHelpOffersWhatThisBuildHas(t *testing.T) {
	help := Help()
	for _, absent := range []string{"cuda", "bfloat16"} {
		if strings.Contains(help, absent) {
			t.Errorf("the help offers %s", absent)
		}
	}
	for _, k := range Keys(Known{Models: []string{"own"}, Sets: []string{"drawn"}}) {
		for _, word := range k.Words {
			c := Default()
			if err := c.Set(k.Path, word); err != nil {
				t.Errorf("%s offers %s: %v", k.Path, word, err)
			} else if err := c.Unavailable(); err != nil {
				t.Error(err)
			}
		}
	}
	for key, value := range map[string]string{"device": "cuda:1", "precision": "bfloat16"} {
		c := Default()
		if err := c.Set(key, value); err != nil {
			t.Fatal(err)
		}
		if err := c.Unavailable(); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "there is "+strings.Join(available[key], ", ")) {
			t.Errorf("%s=%s: %v", key, value, err)
		}
		if err := c.Set(key, "zebra"); err == nil || !strings.HasSuffix(err.Error(), "want one of "+strings.Join(available[key], ", ")) {
			t.Errorf("%s=zebra: %v", key, err)
		}
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
