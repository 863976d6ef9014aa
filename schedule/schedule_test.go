package schedule_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/registry"
	"github.com/euryale-ml/euryale/schedule"
)

// validated is what all schedules of the package are.
type validated interface {
	schedule.Validator
	schedule.Describer
}

// TestTorch compares every rate with those of PyTorch's schedulers.
func TestTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/torch.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name    string
		Options struct {
			schedule.Options
			Rate float64
		}
		Rates []float64
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) < 10 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	for _, c := range cases {
		s, err := schedule.New(c.Name, c.Options.Options)
		if err == nil {
			err = s.(validated).Validate(c.Options.Rate)
		}
		if err != nil {
			t.Errorf("%s %+v: %v", c.Name, c.Options, err)
			continue
		}
		if want := c.Options.StepsPerEpoch * c.Options.Epochs; len(c.Rates) != want {
			t.Errorf("%s: %d rates, want %d", c.Name, len(c.Rates), want)
		}
		for i, want := range c.Rates {
			if got := s.LR(c.Options.Rate, i+1); !(math.Abs(got-want) <= 1e-10*c.Options.Rate) {
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
		base float64
		s    validated
		step int
		want float64
	}{
		{"constant", 0.5, schedule.Constant{}, 1, 0.5},
		{"constant, step 0 is step 1", 0.5, schedule.Constant{Warmup: 5}, 0, 0.1},
		{"warm-up begins with lr/m", 0.5, schedule.Constant{Warmup: 5}, 1, 0.1},
		{"warm-up ends with lr", 0.5, schedule.Constant{Warmup: 5}, 5, 0.5},
		{"cosine begins with lr", 2, schedule.Cosine{Steps: 10, Warmup: 4}, 5, 2},
		{"cosine in the middle", 2, schedule.Cosine{Steps: 10, Warmup: 4}, 8, 1},
		{"cosine in the middle, with a minimum", 2, schedule.Cosine{Min: 1, Steps: 10, Warmup: 4}, 8, 1.5},
		{"cosine at its last step", 2, schedule.Cosine{Steps: 4}, 4, 1 + math.Cos(math.Pi*3/4)},
		{"cosine after its end", 2, schedule.Cosine{Min: 0.25, Steps: 4}, 9, 0.25},
		{"cosine, all warm-up", 2, schedule.Cosine{Steps: 4, Warmup: 4}, 4, 2},
		{"cosine, warm-up beyond the end", 2, schedule.Cosine{Steps: 4, Warmup: 8}, 4, 1},
		{"cosine, after that", 2, schedule.Cosine{Steps: 4, Warmup: 4}, 5, 0},
		{"step before the fall", 1, schedule.Step{Gamma: 0.5, Every: 3}, 3, 1},
		{"step after the fall", 1, schedule.Step{Gamma: 0.5, Every: 3}, 4, 0.5},
		{"step counts the warm-up", 1, schedule.Step{Gamma: 0.5, Every: 3, Warmup: 5}, 7, 0.25},
		{"step in the warm-up", 1, schedule.Step{Gamma: 0.5, Every: 3, Warmup: 5}, 4, 0.8},
		{"one cycle of one step", 1, schedule.OneCycle{Steps: 1}, 1, 1 / 25e4},
		{"one cycle after its end", 1, schedule.OneCycle{Steps: 50}, 99, 1 / 25e4},
	} {
		if err := c.s.Validate(c.base); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := c.s.LR(c.base, c.step); !(math.Abs(got-c.want) < 1e-12) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := schedule.LinearScaled(0.1, 64, 256); got != 0.025 {
		t.Errorf("0.1 scaled from 256 to 64 is %v", got)
	}
}

func TestNewErrors(t *testing.T) {
	good := schedule.Options{StepsPerEpoch: 10, Epochs: 5, StepEpochs: 2, Gamma: 0.1}
	for _, c := range []struct {
		name   string
		change func(o *schedule.Options)
		says   string
	}{
		{"cosin", func(*schedule.Options) {}, `"cosin": bad schedule: want one of constant, cosine, onecycle, step`},
		{"cosine", func(o *schedule.Options) { o.StepsPerEpoch = 0 }, "StepsPerEpoch = 0"},
		{"cosine", func(o *schedule.Options) { o.Epochs = 0 }, "Epochs = 0"},
		{"cosine", func(o *schedule.Options) { o.WarmupEpochs = -1 }, "WarmupEpochs = -1"},
		{"cosine", func(o *schedule.Options) { o.MinLR = -0.2 }, "MinLR = -0.2"},
		{"cosine", func(o *schedule.Options) { o.MinLR = math.NaN() }, "MinLR = NaN"},
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
	if _, err := schedule.New("constant", schedule.Options{StepsPerEpoch: 1, Epochs: 1, MinLR: 9}); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	for says, s := range map[string]validated{
		"Constant.Warmup = -1": schedule.Constant{Warmup: -1},
		"Step.Every = 0":       schedule.Step{Gamma: 1},
		"Step.Gamma = 0":       schedule.Step{Every: 1},
		"Step.Gamma = NaN":     schedule.Step{Gamma: math.NaN(), Every: 1},
		"Cosine.Min = 2":       schedule.Cosine{Min: 2, Steps: 1},
		"Cosine.Min = -1":      schedule.Cosine{Min: -1, Steps: 1},
		"Cosine.Steps = 0":     schedule.Cosine{},
		"OneCycle.Steps = 0":   schedule.OneCycle{},
	} {
		if err := s.Validate(1); !errors.Is(err, schedule.ErrConfig) || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %q", s, err, says)
		}
	}
}

// power is a schedule of a user's own.
type power struct{ exponent float64 }

func (p power) LR(base float64, step int) float64 { return base * math.Pow(float64(step), -p.exponent) }

type powerSettings struct {
	Exponent float64 `yaml:"exponent" range:"(0,inf)" help:"how fast it falls"`
}

func TestRegister(t *testing.T) {
	make := func(o schedule.Options) (schedule.Schedule, error) {
		return power{o.Settings.(powerSettings).Exponent}, nil
	}
	if err := schedule.Register("test-power", make, registry.Settings(powerSettings{0.5})); err != nil {
		t.Fatal(err)
	}
	for settings, want := range map[any]float64{nil: 0.5, powerSettings{1}: 0.25} {
		s, err := schedule.New("test-power", schedule.Options{StepsPerEpoch: 1, Epochs: 1, Settings: settings})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.LR(1, 4); got != want {
			t.Errorf("with %v the rate is %v, want %v", settings, got, want)
		}
	}
	for _, name := range []string{"test-power", "cosine", "", "Cosine", "a b"} {
		if err := schedule.Register(name, make); !errors.Is(err, registry.ErrRegister) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := schedule.Register("nothing", nil); !errors.Is(err, registry.ErrRegister) {
		t.Error(err)
	}
}
