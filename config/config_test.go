package config_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/config"
)

// contract is the table that users' files depend on: keys in order, with defaults.
const contract = `name= seed=42 threads=0 device=auto precision=float32
model.name=vgg16 model.weights= model.weights_key= model.any_form=false
		model.replace_head=false model.freeze= model.freeze_statistics=false model.zero_gamma=false model.dropout=0.5
data.set=auto data.root= data.download=false data.url= data.archives= data.train_list=trainval.txt data.test_list=test.txt
data.relabel=false data.batch=64 data.test_batch=0 data.workers=0 data.shuffle=true data.drop_last=false data.resize=256 data.crop=224
data.mean=0.485,0.456,0.405 data.std=0.229,0.224,0.225 data.on_bad_image=skip data.drawn_classes=37 data.drawn_images=100
data.test_fraction=0.2 data.split_seed=0 data.augment=true
augment.crop_scale=0.08,1 augment.crop_ratio=0.75,1.3333 augment.flip=0.5 augment.brightness=0.6,1.4 augment.saturation=0.6,1.4
augment.hue_scale=0.6,1.4 augment.contrast=1,1 augment.hue_shift=0,0 augment.mixup=0 augment.random_erasing=0
optim.name=sgd optim.lr=0.001 optim.momentum=0.9 optim.nesterov=false optim.weight_decay=0.0005 optim.no_bias_decay=false
optim.betas=0.9,0.999 optim.eps=1e-08 optim.layer_decay=1 optim.rate_scales= optim.lion.betas=0.9,0.99
schedule.name=constant schedule.warmup_epochs=0 schedule.step_epochs=30 schedule.gamma=0.1 schedule.min_lr=0
schedule.linear_scaling=false schedule.base_batch=256
loss.label_smoothing=0
train.epochs=100 train.max_steps=0 train.patience=0 train.best=accuracy train.save_every_steps=0 train.clip_norm=0 train.accumulate=1 train.ema=0
track= mlflow.uri= mlflow.experiment= neptune.project= neptune.mode=auto neptune.tags=`

func TestKeysAndDefaults(t *testing.T) {
	want := strings.Fields(contract)
	var got []string
	help := strings.Join(strings.Fields(config.Help()), " ")
	for _, k := range config.Keys() {
		got = append(got, k.Path+"="+k.Default)
		if k.Meaning == "" || k.Range == "" || !strings.Contains(help, k.Path+"="+k.Default) || !strings.Contains(help, k.Meaning) {
			t.Errorf("%s lacks a meaning, a range or its place in the help", k.Path)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("keys\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	c := config.Default()
	if err := c.Validate(); err != nil {
		t.Errorf("the defaults are not valid: %v", err)
	}
}

func TestSet(t *testing.T) {
	c := config.Default()
	for _, s := range []struct{ key, value, want string }{
		{"optim.lr", "1e-2", "0.01"}, {"optim.lr", ".5", "0.5"}, {"data.batch", "7", "7"}, {"model.zero_gamma", "true", "true"},
		{"seed", "18446744073709551615", "18446744073709551615"}, {"device", "cuda:1", "cuda:1"}, {"name", " a b", " a b"},
		{"augment.hue_scale", "0.8,1.2", "0.8,1.2"}, {"data.mean", "1, 2 ,3", "1,2,3"}, {"optim.betas", "0.9,0.5", "0.9,0.5"},
		{"track", "neptune, tensorboard", "neptune,tensorboard"}, {"track", "", ""}, {"track", "[tensorboard, mlflow]", "tensorboard,mlflow"},
		{"augment.crop_scale", "(0.5, 1)", "0.5,1"}, {"track", "[]", ""}, {"model.freeze", "[bc]n1.*,conv[12]", "[bc]n1.*,conv[12]"},
		{"name", "[a]", "[a]"}, {"model.freeze", "conv1.*,bn1.*", "conv1.*,bn1.*"},
	} {
		if err := c.Set(s.key, s.value); err != nil {
			t.Errorf("Set(%s, %q): %v", s.key, s.value, err)
		} else if got, _ := c.Get(s.key); got != s.want {
			t.Errorf("Set(%s, %q) then Get: %q, want %q", s.key, s.value, got, s.want)
		}
	}
	if c.Optim.LR != 0.5 || c.Augment.HueScale != [2]float64{0.8, 1.2} || c.Data.Mean != [3]float64{1, 2, 3} || c.Track != nil {
		t.Errorf("the fields did not follow: %+v", c)
	}
}

func TestSetRefuses(t *testing.T) {
	for _, s := range []struct {
		key, value string
		is         error
		words      string
	}{
		{"optim.lrr", "1", config.ErrUnknownKey, "unknown key optim.lrr; the nearest known key is optim.lr"},
		{"lr", "1", config.ErrUnknownKey, "nearest known key is optim.lr"},
		{"batchsize", "1", config.ErrUnknownKey, "data.batch"},
		{"optim.batch", "1", config.ErrUnknownKey, "data.batch"},
		{"shedule.gama", "1", config.ErrUnknownKey, "schedule.gamma"},
		{"", "1", config.ErrUnknownKey, "unknown key"},
		{strings.Repeat("x", 1<<16), "1", config.ErrUnknownKey, "unknown key"},
		{"data", "1", config.ErrType, "data is a section, not a key; its keys are set, root"},
		{"tensorboard", "1", config.ErrType, "it has no keys"},
		{"optim.lr", "0", config.ErrRange, "optim.lr = 0: want a number, greater than 0"},
		{"optim.lr", "-1e-3", config.ErrRange, "optim.lr = -0.001: want a number, greater than 0"},
		{"optim.lr", "NaN", config.ErrRange, "optim.lr = NaN: want a number, greater than 0"},
		{"optim.lr", "Inf", config.ErrRange, "optim.lr = +Inf: want a number, greater than 0, finite"},
		{"optim.lr", "1e999", config.ErrRange, "optim.lr = +Inf"},
		{"optim.lr", "fast", config.ErrType, "optim.lr = fast: want a number, greater than 0"},
		{"optim.lr", "", config.ErrType, `optim.lr = "": want a number`},
		{"data.batch", "0", config.ErrRange, "data.batch = 0: want a whole number, 1 to 65536"},
		{"data.batch", "1.5", config.ErrType, "data.batch = 1.5: want a whole number"},
		{"data.batch", "99999999999999999999", config.ErrType, "data.batch"},
		{"seed", "-1", config.ErrType, "seed = -1: want a whole number, at least 0"},
		{"data.shuffle", "yes", config.ErrType, "data.shuffle = yes: want true or false"},
		{"device", "gpu", config.ErrRange, `device = "gpu": want one of auto, cpu; the nearest is cpu`},
		{"model.name", "resnet51", config.ErrRange, "; the nearest is resnet50"},
		{"precision", "float16", config.ErrRange, "want one of float32, bfloat16, float64; the nearest is bfloat16"},
		{"optim.name", "adam", config.ErrRange, `optim.name = "adam": want one of adamw, lion, sgd; the nearest is adamw`},
		{"schedule.name", "cosinus", config.ErrRange, "want one of constant, cosine, onecycle, step; the nearest is cosine"},
		{"schedule.warmup_epochs", "-1", config.ErrRange, "schedule.warmup_epochs = -1: want a whole number, 0 to"},
		{"loss.label_smoothing", "1", config.ErrRange, "at least 0 and less than 1"},
		{"track", "tensorboard,neptun", config.ErrRange, "track = tensorboard,neptun: want a list of mlflow, neptune, tensorboard; the nearest is neptune"},
		{"track", "none", config.ErrRange, "want a list of mlflow, neptune, tensorboard; for none of them leave it empty"},
		{"data.on_bad_image", "stopp", config.ErrRange, `data.on_bad_image = "stopp": want one of skip, stop; the nearest is stop`},
		{"neptune.mode", "async2", config.ErrRange, "want one of auto, async, offline, debug; the nearest is async"},
		{"augment.hue_scale", "1.2,0.8", config.ErrRange, "augment.hue_scale = 1.2,0.8: want two numbers low,high, each 0 to 1000"},
		{"augment.hue_scale", "1", config.ErrType, "two numbers low,high"},
		{"augment.crop_scale", "0,1", config.ErrRange, "each greater than 0 and at most 1"},
		{"data.std", "1,nan,1", config.ErrRange, "three numbers, each greater than 0"},
		{"data.root", "a\x00b", config.ErrType, "data.root"},
		{"data.root", "\xff", config.ErrType, "data.root"},
	} {
		c := config.Default()
		err := c.Set(s.key, s.value)
		if !errors.Is(err, s.is) || !strings.Contains(err.Error(), s.words) {
			t.Errorf("Set(%.30s, %q): error %v, want %q and %v", s.key, s.value, err, s.words, s.is)
		}
		if !reflect.DeepEqual(c, config.Default()) {
			t.Errorf("Set(%.30s, %q) failed and changed the configuration", s.key, s.value)
		}
	}
}

func TestGivenKeysAndCopies(t *testing.T) {
	base := config.Default()
	if err := config.LoadBase([]byte("model: {name: resnet50}\ntrack: []"), &base); err != nil || base.Model.Name != "resnet50" {
		t.Fatal(err)
	}
	if base.Given("model.name") {
		t.Error("a key of the built-in recipe counts as given by the user")
	}
	user := base
	if err := user.Set("data.batch", "8"); err != nil {
		t.Fatal(err)
	}
	if err := config.Load([]byte("optim: {lr: 0.1}\nformat: 1"), &user); err != nil {
		t.Fatal(err)
	}
	if got := user.GivenKeys(); !slices.Equal(got, []string{"data.batch", "optim.lr"}) || !user.Given("optim.lr") {
		t.Errorf("given keys %v", got)
	}
	if len(base.GivenKeys()) != 0 || base.Data.Batch != 64 {
		t.Error("changing a copy changed the original")
	}
}

func TestDiff(t *testing.T) {
	a := config.Default()
	b := a
	if d := config.Diff(a, b); d != nil {
		t.Errorf("equal configurations differ: %v", d)
	}
	b.Optim.LR, b.Track, b.Train.Epochs = 0.1, []string{"mlflow"}, 3
	set(t, &b, "neptune.tags", "")
	a.Data.Archives, b.Data.Archives = []string{"a,b"}, []string{"a", "b"}
	want := []string{"data.archives: a,b → a,b", "optim.lr: 0.001 → 0.1", "train.epochs: 100 → 3", `track: "" → mlflow`}
	if d := config.Diff(a, b); !slices.Equal(d, want) {
		t.Errorf("differences %q, want %q", d, want)
	}
	var free []string
	for _, k := range config.Keys() {
		if k.Resumable {
			free = append(free, k.Path)
		}
	}
	if want := "threads device model.freeze model.freeze_statistics data.root data.workers train.epochs train.max_steps train.patience track"; strings.Join(free, " ") != want {
		t.Errorf("a resumed run may change %v, want %s", free, want)
	}
}

func TestNames(t *testing.T) {
	c := config.Default()
	c.Data.Set = "oxford-iiit-pet"
	const plain = "vgg16-oxford-iiit-pet-sgd-lr0.001-bs64"
	if got := c.RunName(); got != plain {
		t.Errorf("name %s, want %s", got, plain)
	}
	tricks := c // all of them make the suffix, one alone or all but one do not
	for key, value := range map[string]string{
		"model.zero_gamma": "true", "optim.no_bias_decay": "true", "loss.label_smoothing": "0.1",
		"schedule.name": "cosine", "schedule.warmup_epochs": "1", "schedule.linear_scaling": "true",
	} {
		d := c
		if err := d.Set(key, value); err != nil || d.DerivedName() != plain {
			t.Errorf("%s=%s: name %s, %v, want %s", key, value, d.DerivedName(), err, plain)
		}
		if got := tricks.DerivedName(); got != plain {
			t.Errorf("without %s: name %s, want %s", key, got, plain)
		}
		if err := tricks.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	if got := tricks.DerivedName(); got != plain+"-tricks" {
		t.Errorf("with all tricks: name %s, want %s-tricks", got, plain)
	}
	c.Model.Name = `my/model: "x"`
	if got := c.DerivedName(); got != "my_model___x_-oxford-iiit-pet-sgd-lr0.001-bs64" {
		t.Errorf("name %s is no folder's", got)
	}
	if c.Name = "mine"; c.RunName() != "mine" {
		t.Error("a given name is not used")
	}
}

func TestExamplesAreValid(t *testing.T) {
	files, err := filepath.Glob("../examples/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c := config.Default()
		if err := config.Load(data, &c); err != nil {
			t.Errorf("%s: %v", file, err)
		} else if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, s := range []struct {
		name   string
		change func(c *config.Config)
		is     error
		words  string
	}{
		{"zero lr", func(c *config.Config) { c.Optim.LR = 0 }, config.ErrRange, "optim.lr = 0"},
		{"NaN", func(c *config.Config) { c.Optim.LR = math.NaN() }, config.ErrRange, "optim.lr = NaN"},
		{"infinite", func(c *config.Config) { c.Optim.WeightDecay = math.Inf(1) }, config.ErrRange, "optim.weight_decay = +Inf"},
		{"batch 0", func(c *config.Config) { c.Data.Batch = 0 }, config.ErrRange, "data.batch = 0: want a whole number, 1 to 65536"},
		{"resize", func(c *config.Config) { c.Data.Resize = 200 }, config.ErrRange, "data.resize = 200 is less than data.crop = 224"},
		{"model", func(c *config.Config) { c.Model.Name = "vgg61" }, config.ErrRange, `model.name = "vgg61": want one of resnet50, resnet50b, resnet50c, resnet50d, vgg16, vgg16_bn; the nearest is vgg16`},
		{"no model", func(c *config.Config) { c.Model.Name = "" }, config.ErrRange, `model.name = "": want one of resnet50, `},
		{"set", func(c *config.Config) { c.Data.Set = "drawm" }, config.ErrRange, `data.set = "drawm": want one of auto, drawn, image-folder, oxford-iiit-pet; the nearest is drawn`},
		{"device", func(c *config.Config) { c.Device = "gpu" }, config.ErrRange, `device = "gpu": want one of auto, cpu; the nearest is cpu`},
		{"no number", func(c *config.Config) { c.Device = "cuda:" }, config.ErrRange, `device = "cuda:": want one of auto, cpu`},
		{"a bad number", func(c *config.Config) { c.Device = "cuda:-1" }, config.ErrRange, `device = "cuda:-1": want one of auto, cpu`},
		{"one cpu", func(c *config.Config) { c.Device = "cpu:0" }, config.ErrRange, `device = "cpu:0": want one of auto, cpu`},
		{"no device", func(c *config.Config) { c.Device = "" }, config.ErrRange, `device = "": want one of auto, cpu`},
		{"nesterov", func(c *config.Config) { c.Optim.Nesterov, c.Optim.Momentum = true, 0 }, config.ErrRange, "optim.momentum"},
		{"min_lr", func(c *config.Config) { c.Schedule.Name, c.Schedule.MinLR = "cosine", 1 }, config.ErrRange, "schedule.min_lr = 1: want 0 to 0.001, the optimizer's rate, from which it falls (lr 0.001, cosine to 1)"},
		{"onecycle", func(c *config.Config) { c.Schedule.Name, c.Schedule.WarmupEpochs = "onecycle", 2 }, config.ErrRange, "schedule.warmup_epochs = 2: want 0, since onecycle rises by itself"},
		{"name", func(c *config.Config) { c.Name = "../x" }, config.ErrRange, "a name that can be a folder's"},
		{"freeze", func(c *config.Config) { c.Model.Freeze = []string{"a["} }, config.ErrRange, `model.freeze = "a["`},
		{"cuda", func(c *config.Config) { c.Device = "cuda:1" }, config.ErrUnavailable, "device = cuda:1 is not available in this version; there is auto, cpu"},
		{"half", func(c *config.Config) { c.Precision = "float16" }, config.ErrRange, `precision = "float16": want one of float32, bfloat16, float64`},
		{"mixup", func(c *config.Config) { c.Augment.Mixup = -0.2 }, config.ErrRange, "augment.mixup = -0.2"},
		{"erasing", func(c *config.Config) { c.Augment.RandomErasing = 1.2 }, config.ErrRange, "augment.random_erasing"},
		{"rate scales", func(c *config.Config) { c.Optim.RateScales = []string{"fc.*=10", "fc.*"} }, config.ErrRange, `optim.rate_scales = "fc.*"`},
		{"a password", func(c *config.Config) { set(t, c, "mlflow.uri", "http://me:secret@host") }, config.ErrRange, "mlflow.uri holds a user or a password"},
		{"a password without a scheme", func(c *config.Config) { set(t, c, "mlflow.uri", "me:secret@host:5000") }, config.ErrRange, "mlflow.uri holds a user or a password"},
		{"a token without a scheme", func(c *config.Config) { set(t, c, "mlflow.uri", "t0ken@host") }, config.ErrRange, "mlflow.uri holds a user or a password"},
		{"a query", func(c *config.Config) { set(t, c, "mlflow.uri", "http://host/?token=secret") }, config.ErrRange, "mlflow.uri has a query"},
		{"a token", func(c *config.Config) { set(t, c, "mlflow.uri", "http://t0ken@host") }, config.ErrRange, "mlflow.uri holds a user or a password"},
		{"an address", func(c *config.Config) { c.Data.URL = "http://me:secret@host:port" }, config.ErrRange, "data.url cannot be read as an address"},
	} {
		c := config.Default()
		s.change(&c)
		err := c.Validate()
		if !errors.Is(err, s.is) || !strings.Contains(err.Error(), s.words) {
			t.Errorf("%s: error %v, want %q and %v", s.name, err, s.words, s.is)
		}
	}
	c := config.Default()
	c.Model.Name, c.Device, c.Schedule.Name, c.Precision = "resnet50d", "cpu", "onecycle", "float64"
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

// set gives a key a value that it takes.
func set(t *testing.T, c *config.Config, key, value string) {
	t.Helper()
	if err := c.Set(key, value); err != nil {
		t.Fatal(err)
	}
}
