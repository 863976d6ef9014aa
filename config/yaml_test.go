package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/config"
)

func TestLoad(t *testing.T) {
	c := config.Default()
	err := config.Load([]byte(`
format: 1
optim: {lr: 1e-2, betas: [0.8, 0.9]}
augment:
  hue_scale: 0.8, 1.2     # as -set takes it
schedule:                 # nothing in it
track: tensorboard, mlflow
tensorboard: {}
data.crop: 200
data: {root: ~, archives: ["a,b", c], shuffle: False}
name: 12
`), &c)
	if err != nil {
		t.Fatal(err)
	}
	if c.Optim.LR != 0.01 || c.Optim.Betas != [2]float64{0.8, 0.9} || c.Augment.HueScale != [2]float64{0.8, 1.2} || len(c.Track) != 2 ||
		c.Data.Crop != 200 || c.Data.Archives[0] != "a,b" || c.Data.Shuffle || c.Name != "12" || c.Data.Batch != 64 {
		t.Errorf("read %+v", c)
	}
	for _, empty := range []string{"", "\n", "# nothing\n", "---\n", "~", "{}"} {
		c := config.Default()
		if err := config.Load([]byte(empty), &c); err != nil || len(config.Diff(c, config.Default())) > 0 {
			t.Errorf("%q: %v", empty, err)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, s := range []struct {
		text  string
		is    error
		words []string
	}{
		{"optim:\n  lrr: 1", config.ErrUnknownKey, []string{"line 2: unknown key optim.lrr; the nearest known key is optim.lr"}},
		{"optm:\n  lr: 1", config.ErrUnknownKey, []string{"line 1: unknown key optm; the nearest known key is optim"}},
		{"data:\n  batch: 1\n  batch: 2", config.ErrDuplicate, []string{"line 3: data.batch is given twice, first on line 2"}},
		{"data: {}\nseed: 1\ndata: {}", config.ErrDuplicate, []string{"line 3: data is given twice, first on line 1"}},
		{"data:\n  batch: many", config.ErrType, []string{"line 2: data.batch = many: want a whole number, 1 to 65536"}},
		{"data:\n  batch: \"5\"", config.ErrType, []string{"line 2: data.batch = 5: want a whole number", "; quotes make it a text"}},
		{"data:\n  batch:", config.ErrType, []string{"data.batch"}},
		{"data:\n  batch: [1]", config.ErrType, []string{"data.batch = […]"}},
		{"data:\n  mean: {r: 1}", config.ErrType, []string{"data.mean = {…}: want three numbers"}},
		{"data:\n  mean: [1, [2], 3]", config.ErrType, []string{"data.mean"}},
		{"data:\n  root: [a]", config.ErrType, []string{"data.root", "want a text"}},
		{"data:\n  shuffle: yes", config.ErrType, []string{"want true or false"}},
		{"data:\n  batch: 0", config.ErrRange, []string{"line 2: data.batch = 0: want a whole number, 1 to 65536"}},
		{"optim: {lr: .nan}", config.ErrRange, []string{"optim.lr = NaN"}},
		{"optim: {lr: -.inf}", config.ErrRange, []string{"optim.lr = -Inf"}},
		{"data: 5", config.ErrType, []string{"data is a section, not a value"}},
		{"data: ~/pets", config.ErrType, []string{"data is a section, not a value; did you mean data.root? its keys are set, root"}},
		{"model: resnet50", config.ErrType, []string{"did you mean model.name?"}},
		{"optimizer:\n  lr: 1", config.ErrUnknownKey, []string{"line 1: unknown section optimizer; the nearest known section is optim"}},
		{"optimizer: sgd", config.ErrUnknownKey, []string{"unknown key optimizer; the nearest known key is optim.name"}},
		{"optim: &o {lr: 1}\nschedule:\n  <<: *o", config.ErrSyntax, []string{"line 3: the merge key << is not taken; write the keys out"}},
		{"data: [batch]", config.ErrType, []string{"data is a section, not a value"}},
		{"format: 2", config.ErrRange, []string{"format = 2: written by a newer version; this one reads up to 1"}},
		{"format: x", config.ErrType, []string{"format = x"}},
		{"a: &x {a: *x}", config.ErrUnknownKey, []string{"unknown key a"}},
		{"data: &x\n  batch: *x", config.ErrType, []string{"data.batch"}},
		{"- 1", config.ErrSyntax, []string{"line 1: want keys and values"}},
		{"seed: 1\n---\nseed: 2", config.ErrSyntax, []string{"one YAML document"}},
		{"data:\n\tbatch: 1", config.ErrSyntax, []string{"; line 2 is indented by a tab, and YAML takes spaces alone"}},
		{"a: [", config.ErrSyntax, []string{"line 1"}},
		{"\xff\xfe\x00", config.ErrSyntax, nil},
		{strings.Repeat("x: 1\n", 1000), config.ErrUnknownKey, []string{"line 1: unknown key x", "line 20: x is given twice", "too many errors"}},
		{"lr: 1\ndata: {batch: 0}", config.ErrUnknownKey, []string{"line 1: unknown key lr", "line 2: data.batch = 0"}}, // all that is wrong
	} {
		c := config.Default()
		err := config.Load([]byte(s.text), &c)
		if !errors.Is(err, s.is) {
			t.Errorf("%q: error %v, want %v", s.text, err, s.is)
			continue
		}
		for _, w := range s.words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q: error %q lacks %q", s.text, err, w)
			}
		}
		if len(config.Diff(c, config.Default())) > 0 || len(c.GivenKeys()) > 0 {
			t.Errorf("%q failed and changed the configuration", s.text)
		}
	}
}

func TestYAMLComesBack(t *testing.T) {
	a := config.Default()
	a.Name, a.Device, a.Seed = "true", "cuda:1", 1<<63
	a.Optim.LR, a.Optim.Eps, a.Augment.HueShift = 0.1+0.2, 1e-300, [2]float64{-0.25, 0.125}
	a.Model.Freeze = []string{"layer1.*", "a, b", "#x", "- y", "12", "~", " z ", ""}
	a.Data.Root = "/Größe/日本 🐈: x"
	set(t, &a, "neptune.project", "null")
	set(t, &a, "mlflow.uri", "http://127.0.0.1:5000/#a")
	a.Data.Archives = []string{"line\nbreak", `"q"`, "'", "\\", "\t", "1e5", "0x1F", "2020-01-01", "yes", "\u2028\ufeff\x7f"}
	text := a.YAML()
	b := config.Config{}
	if err := config.Load(text, &b); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if d := config.Diff(a, b); len(d) > 0 {
		t.Errorf("read back, these differ: %q\n%s", d, text)
	}
	if string(b.YAML()) != string(text) {
		t.Error("written again, the text differs")
	}
	for _, want := range []string{"\nformat: 1\n", "\n  hue_shift: [-0.25, 0.125]\n", "\ndevice: cuda:1\n", "\nname: \"true\"\n", "\ntensorboard: {}\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	order := -1
	for _, k := range []string{"\nname:", "\nseed:", "\nmodel:", "\ndata:", "\naugment:", "\noptim:", "\nschedule:", "\nloss:", "\ntrain:", "\ntrack:", "\nmlflow:", "\nneptune:"} {
		at := strings.Index(string(text), k)
		if at <= order {
			t.Errorf("%s is out of order", k)
		}
		order = at
	}
}

func TestNumbersStayShort(t *testing.T) {
	c := config.Default()
	c.Schedule.MinLR, c.Train.EMA = 0.025, 0.1
	text := string(c.YAML())
	for _, want := range []string{"  lr: 0.001\n", "  min_lr: 0.025\n", "  weight_decay: 0.0005\n", "  eps: 1e-08\n", "  ema: 0.1\n", "  crop_ratio: [0.75, 1.3333]\n", "  clip_norm: 0\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
}

func TestLoadFromNamesTheFile(t *testing.T) {
	for text, want := range map[string]string{
		"optim:\n  lrr: 1\nseed: x": "config: my.yaml: line 2: unknown key optim.lrr; the nearest known key is optim.lr\n" +
			"config: my.yaml: line 3: seed = x: want a whole number, at least 0",
		"seed: 1\nseed: 2":   "config: my.yaml: line 2: seed is given twice, first on line 1",
		"- 1":                "config: my.yaml: line 1: want keys and values",
		"seed: 1\n---\na: 1": "config: my.yaml: want one YAML document, there are more",
		"a: [":               "config: my.yaml: line 1: did not find expected node content",
		"format: 2":          "config: my.yaml: line 1: format = 2: written by a newer version; this one reads up to 1",
	} {
		c := config.Default()
		if err := config.LoadFrom("my.yaml", []byte(text), &c); err == nil || err.Error() != want {
			t.Errorf("%q: error\n%v\nwant\n%s", text, err, want)
		}
	}
	c := config.Default()
	if err := config.LoadFrom("my.yaml", []byte("seed: 7"), &c); err != nil || c.Seed != 7 || !c.Given("seed") {
		t.Errorf("%v, seed %d", err, c.Seed)
	}
}

// FuzzLoad: no input panics, and what is read comes back from its own YAML.
func FuzzLoad(f *testing.F) {
	c := config.Default()
	f.Add(c.YAML())
	f.Add([]byte("a: &a [*a]\ndata: {mean: [1,2], <<: *a}"))
	f.Add([]byte("track: [neptune]\nneptune: {tags: [\"\\u0085\", ' ']}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := config.Default()
		if config.Load(data, &c) != nil {
			return
		}
		d := config.Default()
		if err := config.Load(c.YAML(), &d); err != nil {
			t.Fatalf("%v in\n%s", err, c.YAML())
		}
		if diff := config.Diff(c, d); len(diff) > 0 {
			t.Fatalf("%q", diff)
		}
	})
}
