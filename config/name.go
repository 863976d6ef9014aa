package config

import (
	"fmt"
	"strings"
)

// RunName is Name, or DerivedName where that is empty.
func (c *Config) RunName() string {
	if c.Name != "" {
		return c.Name
	}
	return c.DerivedName()
}

// DerivedName is <model>-<set>-<optim>-lr<lr>-bs<batch>, and -tricks after it if all tricks
// of the recipe resnet50_tricks are on: zero_gamma, no_bias_decay, label_smoothing, cosine,
// warmup_epochs and linear_scaling. Characters that a folder's name cannot have become _.
func (c *Config) DerivedName() string {
	s := fmt.Sprintf("%s-%s-%s-lr%g-bs%d", c.Model.Name, c.Data.Set, c.Optim.Name, c.Optim.LR, c.Data.Batch)
	if c.Model.ZeroGamma && c.Optim.NoBiasDecay && c.Loss.LabelSmoothing > 0 &&
		c.Schedule.Name == "cosine" && c.Schedule.WarmupEpochs > 0 && c.Schedule.LinearScaling {
		s += "-tricks"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>| `, r) {
			return '_'
		}
		return r
	}, s)
}
