package cli

import (
	"context"
	"encoding/json"
	"flag"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/models"
)

// TestShortHelp fits a screen; -h all has every key with the recipe's values.
func TestShortHelp(t *testing.T) {
	o := train("-h")
	o.wants(t, Done, []string{"-set optim.lr=0.01", "-set train.epochs=2", "-set model.name=tiny", "-h all", "-resume"}, nil)
	if n := strings.Count(o.out, "\n"); n > 40 {
		t.Errorf("%d lines:\n%s", n, o.out)
	}
	for line := range strings.Lines(o.out) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > helpColumns && !strings.Contains(line, " [flags]") { // the program's path
			t.Errorf("%d columns: %s", n, line)
		}
	}
	for _, absent := range []string{"neptune.project", "cuda"} {
		if strings.Contains(o.out, absent) {
			t.Errorf("the short help has %s", absent)
		}
	}
	for _, args := range [][]string{{"-h", "all"}, {"--help", "all"}, {"-h=all"}, {"-set", "train.epochs=7", "-help", "all"}} {
		o := train(args...)
		o.wants(t, Done, []string{"optim.lr=0.01  (default 0.001)", "also learning_rate", "The learning rate that follows: lr 0.01, constant", "name: tiny"}, nil)
		for _, k := range config.Keys() {
			if !strings.Contains(o.out, "  "+k.Path+"=") {
				t.Errorf("%v: no key %s", args, k.Path)
			}
		}
		if strings.Contains(o.out, "cuda") {
			t.Errorf("%v offers what this build does not have", args)
		}
		if len(args) == 4 {
			o.wants(t, Done, []string{"train.epochs=7  (default 100)"}, nil)
		}
	}
}

// TestEveryCommandIsInTheHelp reads the help of each command, in both ways to ask for it.
func TestEveryCommandIsInTheHelp(t *testing.T) {
	list := commands{[]Recipe{{Name: "tiny", Config: []byte(tinyRecipe)}}}
	c := Commands(list.recipes...)
	run := func(args ...string) outcome { return runCommand(context.Background(), c, "", args...) }
	all := run("help")
	for line := range strings.Lines(all.out) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > helpColumns {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	for _, sub := range list.subcommands() {
		all.wants(t, Done, []string{"  euryale " + sub.usage[0], sub.about}, nil)
		if sub.name == "help" {
			continue
		}
		o := run(sub.name, "-h")
		o.wants(t, Done, []string{sub.name}, nil)
		texts := o.out
		for _, name := range sub.subs {
			o := run(sub.name, name, "-h")
			o.wants(t, Done, nil, nil)
			texts += o.out
		}
		for line := range strings.Lines(texts) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > helpColumns && !strings.HasSuffix(line, " train [flags]\n") {
				t.Errorf("%s: %d columns: %s", sub.name, n, line)
			}
		}
		if got := run("help", sub.name); got.out != o.out || got.code != Done {
			t.Errorf("help %s differs from %s -h", sub.name, sub.name)
		}
		for _, f := range flagsOf(context.Background(), sub) {
			if len(sub.subs) == 0 && !strings.Contains(o.out, "  -"+f.Name) {
				t.Errorf("%s -h lacks -%s", sub.name, f.Name)
			}
		}
	}
	for _, args := range [][]string{{}, {"-h"}, {"--help"}, {"help", "help"}, {"help", "-h"}, {"-h", "all"}} {
		if o := run(args...); o.code == Failed || o.out+o.err != all.out {
			t.Errorf("%v: %s%s", args, o.out, o.err)
		}
	}
	run("help", "train", "tiny", "all").wants(t, Done, []string{"optim.lr=0.01  (default 0.001)"}, nil)
	run("train", "tiny", "-h", "all").wants(t, Done, []string{"optim.lr=0.01  (default 0.001)"}, nil)
	run("train", "-h", "all").wants(t, Done, []string{"  optim.lr=0.001\n", "the defaults"}, nil)
	run("help", "data", "export").wants(t, Done, []string{"-images"}, nil)
	run("--lr", "1").wants(t, Usage, nil, []string{"--lr is no command", "euryale train tiny --lr"})
	run("help", "trian").wants(t, Usage, nil, []string{`did you mean "train"?`})
	for _, v := range []string{"-v", "-V", "--version", "version", "-version"} {
		run(v).wants(t, Done, []string{"euryale ", "go1."}, nil)
	}
	run("train", "-v").wants(t, Done, []string{"euryale ", "go1."}, nil)
	run("version", "x").wants(t, Usage, nil, []string{"takes no arguments"})
}

// TestFlagsAreDescribed wants a meaning for each flag.
func TestFlagsAreDescribed(t *testing.T) {
	for _, sub := range (commands{}).subcommands() {
		for _, f := range flagsOf(context.Background(), sub) {
			if _, usage := flag.UnquoteUsage(f); usage == "" {
				t.Errorf("%s -%s has no meaning", sub.name, f.Name)
			}
		}
	}
}

func TestRecipesAndModels(t *testing.T) {
	recipe := "# A tiny recipe for tests. It says more.\n# Much more.\n\n# And this.\n" + strings.TrimPrefix(tinyRecipe, "\n")
	c := Commands(Recipe{Name: "tiny", Config: []byte(recipe)}, Recipe{Name: "bare", Config: []byte(tinyRecipe)})
	run := func(args ...string) outcome { return runCommand(context.Background(), c, "", args...) }
	o := run("recipes")
	o.wants(t, Done, []string{"tiny\n    A tiny recipe for tests\n    tiny, batch 4, 2 epochs, lr 0.01, constant\n", "bare\n"}, nil)
	if strings.Contains(o.out, "more") {
		t.Errorf("more than a sentence: %s", o.out)
	}
	var recipes []recipeInfo
	if err := json.Unmarshal([]byte(run("recipes", "-json").out), &recipes); err != nil || len(recipes) != 2 || recipes[0].Epochs != 2 {
		t.Errorf("recipes %+v, %v", recipes, err)
	}
	o = run("models")
	for _, name := range models.Names() {
		o.wants(t, Done, []string{name + ": "}, nil)
	}
	o.wants(t, Done, []string{"form A", "torchvision's resnet50 is resnet50b here", "25,557,032 parameters"}, nil)
	var infos []modelInfo
	if err := json.Unmarshal([]byte(run("models", "-json").out), &infos); err != nil || len(infos) != len(models.Names()) {
		t.Errorf("models %+v, %v", infos, err)
	}
	run("models", "vgg16").wants(t, Usage, nil, []string{"euryale summary vgg16"})
	run("recipes", "tiny").wants(t, Usage, nil, []string{"euryale train tiny -h"})
	var sum struct{ Parameters int }
	if err := json.Unmarshal([]byte(run("summary", "-json", "resnet50d").out), &sum); err != nil || sum.Parameters != 23_603_077 {
		t.Errorf("summary %+v, %v", sum, err)
	}
	for _, e := range models.Entries() {
		if e.Name != "tiny" && (e.About == "" || e.Detail("weights") == "") {
			t.Errorf("%s has no text", e.Name)
		}
	}
}
