package schedule_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/schedule"
)

// validated is what all schedules of the package are.
type validated interface {
	schedule.Schedule
	Validate() error
}

// TestTorch compares every rate with those of PyTorch's schedulers.
func TestTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/torch.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name    string
		Options schedule.Options
		Rates   []float64
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) < 10 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	for _, c := range cases {
		s, err := schedule.New(c.Name, c.Options)
		if err == nil {
			err = s.(validated).Validate()
		}
		if err != nil {
			t.Errorf("%s %+v: %v", c.Name, c.Options, err)
			continue
		}
		if want := c.Options.StepsAnEpoch * c.Options.Epochs; len(c.Rates) != want {
			t.Errorf("%s: %d rates, want %d", c.Name, len(c.Rates), want)
		}
		for i, want := range c.Rates {
			if got := s.LR(i + 1); !(math.Abs(got-want) <= 1e-10*c.Options.Rate) {
				t.Errorf("%s %+v: step %d has %v, want %v", c.Name, c.Options, i+1, got, want)
				break
			}
		}
	}
}

// TestFormulas reads values off the formulas.
func TestFormulas(t *testing.T) {
	for _, c := range []struct {
		name string
		s    validated
		step int
		want float64
	}{
		{"constant", schedule.Constant{Rate: 0.5}, 1, 0.5},
		{"constant, step 0 is step 1", schedule.Constant{Rate: 0.5, Warmup: 5}, 0, 0.1},
		{"warm-up begins with lr/m", schedule.Constant{Rate: 0.5, Warmup: 5}, 1, 0.1},
		{"warm-up ends with lr", schedule.Constant{Rate: 0.5, Warmup: 5}, 5, 0.5},
		{"cosine begins with lr", schedule.Cosine{Rate: 2, Steps: 10, Warmup: 4}, 5, 2},
		{"cosine in the middle", schedule.Cosine{Rate: 2, Steps: 10, Warmup: 4}, 8, 1},
		{"cosine in the middle, with a minimum", schedule.Cosine{Rate: 2, Min: 1, Steps: 10, Warmup: 4}, 8, 1.5},
		{"cosine at its last step", schedule.Cosine{Rate: 2, Steps: 4}, 4, 1 + math.Cos(math.Pi*3/4)},
		{"cosine after its end", schedule.Cosine{Rate: 2, Min: 0.25, Steps: 4}, 9, 0.25},
		{"cosine, all warm-up", schedule.Cosine{Rate: 2, Steps: 4, Warmup: 4}, 4, 2},
		{"cosine, warm-up beyond the end", schedule.Cosine{Rate: 2, Steps: 4, Warmup: 8}, 4, 1},
		{"cosine, after that", schedule.Cosine{Rate: 2, Steps: 4, Warmup: 4}, 5, 0},
		{"step before the fall", schedule.Step{Rate: 1, Gamma: 0.5, Every: 3}, 3, 1},
		{"step after the fall", schedule.Step{Rate: 1, Gamma: 0.5, Every: 3}, 4, 0.5},
		{"step counts the warm-up", schedule.Step{Rate: 1, Gamma: 0.5, Every: 3, Warmup: 5}, 7, 0.25},
		{"step in the warm-up", schedule.Step{Rate: 1, Gamma: 0.5, Every: 3, Warmup: 5}, 4, 0.8},
		{"one cycle of one step", schedule.OneCycle{Rate: 1, Steps: 1}, 1, 1 / 25e4},
		{"one cycle after its end", schedule.OneCycle{Rate: 1, Steps: 50}, 99, 1 / 25e4},
	} {
		if err := c.s.Validate(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := c.s.LR(c.step); !(math.Abs(got-c.want) < 1e-12) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := schedule.LinearScaled(0.1, 64, 256); got != 0.025 {
		t.Errorf("0.1 scaled from 256 to 64 is %v", got)
	}
}

func TestNewErrors(t *testing.T) {
	good := schedule.Options{Rate: 0.1, StepsAnEpoch: 10, Epochs: 5, StepEpochs: 2, Gamma: 0.1}
	for _, c := range []struct {
		name   string
		change func(o *schedule.Options)
		says   string
	}{
		{"cosin", func(*schedule.Options) {}, `"cosin": bad schedule: want one of constant, step, cosine, onecycle`},
		{"constant", func(o *schedule.Options) { o.Rate = 0 }, "Rate = 0"},
		{"constant", func(o *schedule.Options) { o.Rate = math.NaN() }, "Rate = NaN"},
		{"constant", func(o *schedule.Options) { o.Rate = math.Inf(1) }, "Rate = +Inf"},
		{"step", func(o *schedule.Options) { o.Rate = -1 }, "Rate = -1"},
		{"cosine", func(o *schedule.Options) { o.StepsAnEpoch = 0 }, "StepsAnEpoch = 0"},
		{"cosine", func(o *schedule.Options) { o.Epochs = 0 }, "Epochs = 0"},
		{"cosine", func(o *schedule.Options) { o.WarmupEpochs = -1 }, "WarmupEpochs = -1"},
		{"cosine", func(o *schedule.Options) { o.MinRate = 0.2 }, "MinRate = 0.2"},
		{"cosine", func(o *schedule.Options) { o.MinRate = math.NaN() }, "MinRate = NaN"},
		{"step", func(o *schedule.Options) { o.StepEpochs = 0 }, "StepEpochs = 0"},
		{"step", func(o *schedule.Options) { o.Gamma = 0 }, "Gamma = 0"},
		{"onecycle", func(o *schedule.Options) { o.WarmupEpochs = 1 }, "onecycle rises by itself"},
	} {
		o := good
		c.change(&o)
		s, err := schedule.New(c.name, o)
		if s != nil || !errors.Is(err, schedule.ErrConfig) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %+v: %v, want %q", c.name, o, err, c.says)
		}
	}
	// What a schedule does not use may hold anything.
	if _, err := schedule.New("constant", schedule.Options{Rate: 1, StepsAnEpoch: 1, Epochs: 1, MinRate: 9}); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	for says, s := range map[string]validated{
		"Constant.Rate = 0":    schedule.Constant{},
		"Constant.Warmup = -1": schedule.Constant{Rate: 1, Warmup: -1},
		"Step.Every = 0":       schedule.Step{Rate: 1, Gamma: 1},
		"Step.Gamma = 0":       schedule.Step{Rate: 1, Every: 1},
		"Cosine.Min = 2":       schedule.Cosine{Rate: 1, Min: 2, Steps: 1},
		"Cosine.Steps = 0":     schedule.Cosine{Rate: 1},
		"OneCycle.Steps = 0":   schedule.OneCycle{Rate: 1},
	} {
		if err := s.Validate(); !errors.Is(err, schedule.ErrConfig) || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %q", s, err, says)
		}
	}
}
