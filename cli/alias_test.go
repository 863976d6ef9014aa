package cli

import (
	"slices"
	"strings"
	"testing"
)

// TestSettings turns what people type into flags that there are.
func TestSettings(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--lr 1e-3", "-set lr=1e-3"},
		{"--lr=1e-3 -quiet", "-set lr=1e-3 -quiet"},
		{"-epochs 5 -b 8 --batch-size=16", "-set epochs=5 -set b=8 -set batch-size=16"},
		{"--optim.lr 0.1", "-set optim.lr=0.1"},
		{"--nesterov --seed 3", "-set nesterov=true -set seed=3"},
		{"--nesterov false", "-set nesterov=false"},
		{"--no-shuffle --no_nesterov", "-set shuffle=false -set nesterov=false"},
		{"--mean 0.5 0.5 0.5 -quiet", "-set mean=0.5,0.5,0.5 -quiet"},
		{"--hue_shift -0.5,0.5", "-set hue_shift=-0.5,0.5"},
		{"--output runs/a -c my.yaml -q", "-out runs/a -config my.yaml -quiet"},
		{"--output=runs/a", "-out=runs/a"},
		{"-out --lr --lr 2", "-out --lr -set lr=2"}, // the value of a flag is no flag
		{"-set lr=1 --set lr=2", "-set lr=1 --set lr=2"},
		{"-- --lr 1", "-- --lr 1"},
		{"-zebra 1 -h --help", "-zebra 1 -h --help"},
		{"--lr", "-set lr="},
	} {
		var o trainFlags
		if got := strings.Join(settings(o.flags(), strings.Fields(c.args)), " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.args, got, c.want)
		}
	}
	var p predictOptions // has no -set
	if got := settings(p.flags(), []string{"--lr", "1"}); !slices.Equal(got, []string{"--lr", "1"}) {
		t.Errorf("predict: %v", got)
	}
}

// TestAliasesOfTraining runs with other names of keys and flags.
func TestAliasesOfTraining(t *testing.T) {
	inFolder(t)
	train("--lr", "0.5", "--epochs", "1", "-b", "2", "-set", "num_workers=2", "--output", "run").wants(t, Done, nil, []string{
		"note: lr is the key optim.lr\n", "note: epochs is the key train.epochs\n", "note: b is the key data.batch\n", "note: num_workers is the key data.workers\n",
		"learning rate: lr 0.5, constant\n", "1 epoch of 4 steps",
	})
	if c, err := readRunConfig("run"); err != nil || c.Optim.LR != 0.5 || c.Data.Batch != 2 || c.Train.Epochs != 1 || c.Data.Workers != 2 {
		t.Errorf("the run has %+v, %v", c, err)
	}
	train("-resume", "run").wants(t, Done, nil, []string{"-resume DIR is -resume -out DIR: run", "is finished"})
	train("-resume=run/checkpoints/last.safetensors", "-quiet").wants(t, Done, nil, []string{"is finished"})
	for args, want := range map[string]string{
		"--lr 1 -set optim.lr=2":         "both are optim.lr; give one of them",
		"-set lr=1 -set learning_rate=2": "-set lr and -set learning_rate: both are optim.lr",
		"--decay 1":                      "decay may mean optim.weight_decay, optim.layer_decay",
		"-set decay=1":                   "decay may mean optim.weight_decay, optim.layer_decay",
		"--lr":                           "optim.lr",
		"--num-classes 10":               "the outputs follow from the classes",
		"--pretrained -quiet":            "model.weights wants the file or the run",
		"-set pretrained=true":           "model.weights wants the file or the run",
		"optim.lr=1":                     "did you mean -set optim.lr=1?",
		"lr=1":                           "did you mean -set lr=1?",
		"zebra=1":                        "is no flag; settings are given by -set",
		"-set learning_rat=1":            "optim.lr",
		"-resume run nothing":            "is no flag",
		"--optimizer adam":               "the nearest is adamw",
		"--device cuda":                  "there is auto, cpu",
		"--precision bf16":               "one of",
		"-set lr":                        "want key=value",
		"--train.batch_size 4":           "did you mean -set data.batch=…?",
		"--verbose":                      "there is no flag -verbose; -h lists all\n",
		"--dry-run":                      "there is no flag -dry-run; -h lists all\n",
		"--epoch 3":                      "did you mean -set train.epochs=…?",
		"--learning-rat 3":               "did you mean -set optim.lr=…?",
		"-e 5":                           "e may mean train.epochs\n",
		"--device gpu":                   "want one of auto, cpu, own-device, own-device:0, own-device:1; the nearest is cpu\n",
		"--amp":                          "there is no key amp: see precision",
		"--lrr 1":                        "there is no flag -lrr",
	} {
		o := train(strings.Fields(args)...)
		o.wants(t, Usage, nil, []string{want})
		if strings.Count(strings.TrimSpace(o.err), "\n") > 0 {
			t.Errorf("%s: more than a line: %s", args, o.err)
		}
	}
	c := Commands(Recipe{Name: "tiny", Config: []byte(tinyRecipe)})
	runCommand(t.Context(), c, "", "sweep", "tiny", "--epochs", "1", "-dry-run").wants(t, Done, nil, []string{"sweep: epochs is the key train.epochs"})
	runCommand(t.Context(), c, "", "lrfind", "tiny", "--batch-size", "2", "--steps", "10", "--epochs", "3").wants(t, Done,
		[]string{"train with it: -set optim.lr="}, []string{"note: batch-size is the key data.batch"})
}
