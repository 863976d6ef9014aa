package registry_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/config"
	_ "github.com/euryale-ml/euryale/dataset"
	_ "github.com/euryale-ml/euryale/device/all"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/registry"
)

// ownSettings has a setting of each type.
type ownSettings struct {
	Betas    [2]float64 `yaml:"betas" range:"[0,1)" order:"any" help:"of the two means"`
	Rank     int        `yaml:"rank" range:"[1,64]" help:"of the approximation"`
	Offset   float64    `yaml:"offset" help:"any number"`
	Mode     string     `yaml:"mode" oneof:"sign,soft" help:"of the step"`
	Layers   []string   `yaml:"layers" help:"which"`
	Seed     uint64     `yaml:"own_seed" help:"of the noise"`
	Fast     bool       `yaml:"fast" resume:"free" help:"with less memory"`
	Internal int
}

func init() {
	usual := ownSettings{Betas: [2]float64{0.9, 0.5}, Rank: 4, Mode: "sign", Internal: 7}
	err := errors.Join(
		optim.Register("test-own", func(optim.Config) (optim.Optimizer, error) { return nil, errors.New("not made here") },
			registry.About("an optimizer of a test"), registry.Reads("weight_decay"), registry.Settings(usual)),
		models.Register("test.own", func(models.Config) (nn.Module, error) { return nn.NewSequential(&nn.Flatten{}), nil }, registry.Settings(struct {
			Width int `yaml:"width" range:"[1,512]" help:"channels"`
		}{32})),
	)
	if err != nil {
		panic(err)
	}
}

func settingsOf(c config.Config) ownSettings {
	return c.Settings("optim.name", "test-own").(ownSettings)
}

// TestOwnSettings loads, sets, reads, writes and compares settings that one registered
// optimizer alone has.
func TestOwnSettings(t *testing.T) {
	c := config.Default()
	if s := settingsOf(c); s.Rank != 4 || s.Internal != 7 {
		t.Errorf("defaults %+v", s)
	}
	if c.Settings("optim.name", "sgd") != nil || c.Settings("optim.name", "none") != nil || c.Settings("zebra", "sgd") != nil {
		t.Error("settings of what has none")
	}
	err := config.Load([]byte("optim:\n  name: test-own\n  lr: 0.1\n  test-own:\n    betas: [0.5, 0.25]\n    layers: [a, b]\nmodel:\n  test.own: {width: 8}\n"), &c)
	if err != nil {
		t.Fatal(err)
	}
	before := c
	for key, value := range map[string]string{"optim.test-own.rank": "9", "optim.test-own.offset": "-1e3", "optim.test-own.mode": "soft", "optim.test-own.own_seed": "3", "optim.test-own.fast": "true"} {
		if err := c.Set(key, value); err != nil {
			t.Error(err)
		}
		if got, err := c.Get(key); err != nil || got != value && got != "-1000" {
			t.Errorf("%s is %s, %v, want %s", key, got, err, value)
		}
	}
	if s := settingsOf(before); s.Rank != 4 || before.Given("optim.test-own.rank") || !before.Given("optim.test-own.betas") {
		t.Errorf("setting a copy changed the original: %+v", s)
	}
	if s := settingsOf(c); s.Betas != [2]float64{0.5, 0.25} || s.Rank != 9 || s.Offset != -1000 || s.Mode != "soft" || !slices.Equal(s.Layers, []string{"a", "b"}) ||
		s.Seed != 3 || !s.Fast || s.Internal != 7 {
		t.Errorf("settings %+v", s)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	want := []string{"optim.test-own.rank: 4 → 9", "optim.test-own.offset: 0 → -1000", "optim.test-own.mode: sign → soft", "optim.test-own.own_seed: 0 → 3", "optim.test-own.fast: false → true"}
	if got := config.Diff(before, c); !slices.Equal(got, want) {
		t.Errorf("differences %q", got)
	}
	if d := config.Differences(before, c); d[0].Resumable || !d[4].Resumable {
		t.Errorf("what may change on resume: %+v", d)
	}
	again := config.Default()
	if err := config.Load(c.YAML(), &again); err != nil || len(config.Diff(c, again)) > 0 || settingsOf(again).Internal != 7 {
		t.Errorf("the YAML reads back as %v, %v\n%s", config.Diff(c, again), err, c.YAML())
	}
	for _, text := range []string{"\noptim:\n  name: test-own\n", "\n  rate_scales: []\n  test-own:\n    betas: [0.5, 0.25]\n", "\n  dropout: 0.5\n  test.own:\n    width: 8\n\ndata:\n"} {
		if !strings.Contains(string(c.YAML()), text) {
			t.Errorf("the YAML lacks %q:\n%s", text, c.YAML())
		}
	}
	usual := config.Default()
	if text := string(usual.YAML()); strings.Contains(text, "test-own") || strings.Contains(text, "test.own") {
		t.Error("the YAML of a run has settings of what it does not choose")
	}
	for _, k := range config.Keys() {
		if k.Of != "" && !strings.Contains(k.Path, "test") {
			continue // of another test
		}
		want := map[bool]string{strings.HasPrefix(k.Path, "optim.test-own."): "optim.name = test-own", strings.HasPrefix(k.Path, "model.test.own."): "model.name = test.own"}[true]
		if k.Of != want {
			t.Errorf("%s is of %q, want %q", k.Path, k.Of, want)
		}
		if usual.Applies(k.Path) != (want == "") || c.Applies(k.Path) != (want != "model.name = test.own") {
			t.Errorf("%s applies: %v by default, %v where test-own is chosen", k.Path, usual.Applies(k.Path), c.Applies(k.Path))
		}
	}
	help := strings.Join(strings.Fields(config.Help()), " ")
	for _, text := range []string{
		"optim.test-own.betas=0.9,0.5 of optim.name = test-own: of the two means (two numbers, each at least 0 and less than 1)",
		"optim.test-own.offset=0 of optim.name = test-own: any number (a number, finite)", "(one of sign, soft)", "model.test.own.width=32",
	} {
		if !strings.Contains(help, text) {
			t.Errorf("the help lacks %q", text)
		}
	}
}

func TestOwnSettingsAreChecked(t *testing.T) {
	for _, s := range []struct {
		key, value string
		is         error
		says       string
	}{
		{"optim.test-own.rank", "0", config.ErrRange, "optim.test-own.rank = 0: want a whole number, 1 to 64"},
		{"optim.test-own.mode", "sgn", config.ErrRange, `optim.test-own.mode = "sgn": want one of sign, soft; the nearest is sign`},
		{"optim.test-own.offset", "NaN", config.ErrRange, "want a number, finite"},
		{"optim.test-own.betas", "1", config.ErrType, "want two numbers"},
		{"optim.test-own.rnak", "1", config.ErrUnknownKey, "the nearest known key is optim.test-own.rank"},
		{"optim.test-own", "1", config.ErrType, "optim.test-own is a section, not a key; its keys are betas, rank"},
		{"optim.name", "tset-own", config.ErrRange, "the nearest is test-own"},
	} {
		c := config.Default()
		if err := c.Set(s.key, s.value); !errors.Is(err, s.is) || !strings.Contains(err.Error(), s.says) {
			t.Errorf("%s=%s: %v, want %q", s.key, s.value, err, s.says)
		}
	}
	for text, says := range map[string]string{
		"optim:\n  test-own:\n    rnak: 3":  "line 3: unknown key optim.test-own.rnak; the nearest known key is optim.test-own.rank",
		"optim:\n  test-own:\n    rank: 99": "line 3: optim.test-own.rank = 99: want a whole number, 1 to 64",
		"optim: {test-own: 3}":              "line 1: optim.test-own is a section, not a value",
		"optim:\n  tset-own: {rank: 3}":     "line 2: optim.tset-own: this program has no optimizer tset-own; there are adamw, heavy, lion, sgd, test-own; the nearest is test-own",
		"optim:\n  sgd: {rank: 3}":          "line 2: optim.sgd: the optimizer sgd has no settings of its own",
		"optim:\n  name: tset-own":          `line 2: optim.name = "tset-own": want one of adamw, heavy, lion, sgd, test-own; the nearest is test-own`,
		"model: {name: resnet}":             `line 1: model.name = "resnet": want one of resnet50, `,
	} {
		c := config.Default()
		if err := config.Load([]byte(text), &c); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
	for name, want := range map[string]string{
		"rank": "optim.test-own.rank", "test-own.rank": "optim.test-own.rank", "test-own.betas": "optim.test-own.betas", "betas": "optim.betas",
		"optimizer.test-own.rank": "optim.test-own.rank",
	} {
		if got, err := config.Find(name); got != want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, want)
		}
	}
}

// TestRecorded reads the configuration of a run of another program.
func TestRecorded(t *testing.T) {
	text := []byte("optim:\n  name: theirs\n  lr: 0.5\n  theirs: {beta: 1, kinds: [a]}\nmodel: {name: their-net}\nelsewhere: {project: x}\n")
	c := config.Default()
	if err := config.Load(text, &c); err == nil {
		t.Error("Load takes names that this program does not have")
	}
	if err := config.LoadRecorded(text, &c); err != nil || c.Optim.Name != "theirs" || c.Optim.LR != 0.5 || c.Model.Name != "their-net" {
		t.Errorf("%+v, %v", c.Optim, err)
	}
	if len(c.GivenKeys()) > 0 {
		t.Errorf("recorded keys count as given: %v", c.GivenKeys())
	}
	err := c.Validate()
	for _, says := range []string{`optim.name = "theirs": want one of adamw`, `model.name = "their-net": want one of`} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	if err := config.LoadRecorded([]byte("optim: {lrr: 1}"), &c); !errors.Is(err, config.ErrUnknownKey) {
		t.Errorf("a key that no version has: %v", err)
	}
}

// TestUnreadNotes gives keys that what is chosen does not read.
func TestUnreadNotes(t *testing.T) {
	for _, c := range []struct {
		set  string
		want string // "": none
	}{
		{"", ""},
		{"optim.momentum=0.8", ""},
		{"optim.betas=0.5,0.5", "optim.betas = 0.5,0.5 has no effect with optim.name = sgd: it is of adamw"},
		{"optim.name=adamw optim.betas=0.5,0.5", ""},
		{"optim.name=lion optim.betas=0.5,0.5", "optim.betas = 0.5,0.5 has no effect with optim.name = lion: it is of adamw; that of lion is optim.lion.betas"},
		{"optim.name=adamw optim.momentum=0.8", "optim.momentum = 0.8 has no effect with optim.name = adamw: it is of sgd"},
		{"optim.name=adamw optim.momentum=0.9", ""}, // as without it
		{"optim.name=adamw optim.nesterov=true", "optim.nesterov = true has no effect with optim.name = adamw: it is of sgd"},
		{"optim.name=test-own optim.weight_decay=0.1", ""},
		{"optim.name=test-own optim.layer_decay=0.5", "optim.layer_decay = 0.5 has no effect with optim.name = test-own: it is of adamw, lion, sgd"},
		{"optim.test-own.rank=5", "optim.test-own.rank = 5 has no effect with optim.name = sgd: it is of test-own"},
		{"optim.name=test-own optim.test-own.rank=5", ""},
		{"schedule.gamma=0.5", "schedule.gamma = 0.5 has no effect with schedule.name = constant: it is of step"},
		{"schedule.name=step schedule.gamma=0.5", ""},
		{"schedule.linear_scaling=true", ""},
		{"model.name=resnet50 model.dropout=0.1", "model.dropout = 0.1 has no effect with model.name = resnet50: it is of vgg16, vgg16_bn"},
		{"model.zero_gamma=true", "model.zero_gamma = true has no effect with model.name = vgg16: it is of resnet50, resnet50b"},
		{"model.name=test.own model.zero_gamma=true", ""}, // nobody said what it reads
	} {
		conf := config.Default()
		for pair := range strings.FieldsSeq(c.set) {
			key, value, _ := strings.Cut(pair, "=")
			if err := conf.Set(key, value); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(conf.UnreadNotes(), "\n"); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.set, got, c.want)
		}
	}
}
