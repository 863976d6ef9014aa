package config

import (
	"math"
	"strings"
	"testing"
)

// set gives Default several keys, "key=value" each.
func set(t *testing.T, pairs ...string) *Config {
	t.Helper()
	c := Default()
	for _, p := range pairs {
		key, value, _ := strings.Cut(p, "=")
		if err := c.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	return &c
}

func TestExplainRate(t *testing.T) {
	for _, c := range []struct {
		set  []string
		want string
	}{
		{nil, "lr 0.001, constant"},
		{[]string{"optim.lr=0.1", "schedule.linear_scaling=true", "schedule.warmup_epochs=5", "schedule.name=cosine"},
			"lr 0.1 × 64/256 = 0.025, 5 epochs of warm-up, cosine to 0"},
		{[]string{"optim.lr=0.1", "schedule.linear_scaling=true", "train.accumulate=8", "schedule.warmup_epochs=1"},
			"lr 0.1 × (64·8)/256 = 0.2, 1 epoch of warm-up, constant"},
		{[]string{"optim.lr=1e-4", "schedule.linear_scaling=true", "schedule.base_batch=64"}, "lr 0.0001 × 64/64 = 0.0001, constant"},
		{[]string{"optim.lr=0.1", "train.accumulate=8"}, "lr 0.1, constant"},
		{[]string{"schedule.name=step", "schedule.step_epochs=10", "schedule.gamma=0.2"}, "lr 0.001, ×0.2 every 10 epochs"},
		{[]string{"schedule.name=cosine", "schedule.min_lr=1e-5"}, "lr 0.001, cosine to 1e-05"},
		{[]string{"schedule.name=onecycle", "optim.lr=0.1", "schedule.linear_scaling=true"},
			"lr 0.1 × 64/256 = 0.025, onecycle from 0.001 up to it and down to 1e-07"},
		{[]string{"optim.layer_decay=0.75", "optim.rate_scales=fc.*=10,conv1.*=0"},
			"lr 0.001, constant, ×0.75 a layer from the last to the first, fc.* ×10, conv1.* ×0"},
	} {
		if got := set(t, c.set...).ExplainRate(); got != c.want {
			t.Errorf("%v:\n%s, want\n%s", c.set, got, c.want)
		}
	}
}

// TestLRFor types what is suggested and gets the rate that was found.
func TestLRFor(t *testing.T) {
	for _, pairs := range [][]string{
		nil, {"schedule.linear_scaling=true"}, {"schedule.linear_scaling=true", "train.accumulate=4", "data.batch=48", "schedule.base_batch=100"},
	} {
		c := set(t, pairs...)
		c.Optim.LR = c.LRFor(0.03)
		if got := c.Rate(); math.Abs(got-0.03) > 1e-12 {
			t.Errorf("%v: optim.lr = %g gives %g, want 0.03", pairs, c.Optim.LR, got)
		}
	}
}

func TestRateNotes(t *testing.T) {
	for _, c := range []struct {
		recipe string
		set    []string
		want   string // "": none
	}{
		{"", nil, ""},
		{"schedule: {linear_scaling: true}", []string{"optim.lr=1e-4"}, "it becomes 2.5e-05. To use the rate as it is: -set schedule.linear_scaling=false"},
		{"schedule: {linear_scaling: true}", []string{"optim.lr=1e-4", "data.batch=256"}, ""},
		{"schedule: {linear_scaling: true}", nil, ""},
		{"", []string{"optim.lr=1e-4", "schedule.linear_scaling=true"}, ""},
		{"", []string{"schedule.warmup_epochs=5", "train.epochs=5"}, "the learning rate only rises, to 0.001"},
		{"", []string{"schedule.warmup_epochs=5", "train.epochs=2"}, "(schedule.warmup_epochs = 5, train.epochs = 2): the learning rate only rises, to 0.0004"},
		{"", []string{"schedule.warmup_epochs=1", "train.max_steps=5"}, "(schedule.warmup_epochs = 1, train.max_steps = 5): the learning rate only rises, to 0.0005"},
		{"", []string{"schedule.warmup_epochs=1", "train.epochs=2"}, ""},
		{"", []string{"schedule.name=step", "train.epochs=20"}, "never falls: schedule.step_epochs = 30, schedule.gamma = 0.1, train.epochs = 20"},
		{"", []string{"schedule.name=step", "schedule.step_epochs=2", "schedule.warmup_epochs=3"}, "falls in the warm-up already, since the schedule counts from the first epoch: schedule.step_epochs = 2, schedule.gamma = 0.1, schedule.warmup_epochs = 3"},
		{"", []string{"schedule.name=cosine", "train.max_steps=500"}, "schedule.name = cosine is laid out for train.epochs = 100; train.max_steps = 500 ends"},
		{"", []string{"schedule.name=cosine", "train.max_steps=1000"}, ""},
		{"", []string{"schedule.name=cosine", "train.epochs=1"}, ""},
		{"", []string{"schedule.name=onecycle", "train.epochs=1"}, ""},
		{"", []string{"schedule.name=onecycle", "train.max_steps=500"}, "schedule.name = onecycle is laid out for train.epochs = 100"},
		{"", []string{"schedule.name=step", "schedule.step_epochs=3", "schedule.warmup_epochs=2"}, ""},
		{"", []string{"schedule.name=step", "train.max_steps=300"}, "never falls: schedule.step_epochs = 30, schedule.gamma = 0.1, train.max_steps = 300"},
		{"", []string{"schedule.name=step", "train.max_steps=320"}, ""},
		{"", []string{"train.epochs=1000000", "schedule.name=step", "schedule.step_epochs=1000000"}, "never falls"},
	} {
		config := Default()
		if err := LoadBase([]byte(c.recipe), &config); err != nil {
			t.Fatal(err)
		}
		for _, p := range c.set {
			key, value, _ := strings.Cut(p, "=")
			if err := config.Set(key, value); err != nil {
				t.Fatal(err)
			}
		}
		got := strings.Join(config.RateNotes(10), "\n")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s %v: notes %q, want %q", c.recipe, c.set, got, c.want)
		}
	}
}
