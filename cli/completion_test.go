package cli

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/config"
)

// completing prints the completion script of a shell.
func completing(t *testing.T, shell string) string {
	t.Helper()
	o := runCommand(context.Background(), Commands(Recipe{Name: "tiny", Config: []byte(tinyRecipe)}), "", "completion", shell)
	o.wants(t, Done, nil, nil)
	return o.out
}

// TestCompletionKnowsAll looks for every command, flag, key and word in each script.
func TestCompletionKnowsAll(t *testing.T) {
	list := commands{[]Recipe{{Name: "tiny", Config: []byte(tinyRecipe)}}}
	for _, shell := range shells {
		script := completing(t, shell)
		words := strings.FieldsFunc(script, func(r rune) bool { return strings.ContainsRune(" \n\t'\"();:=", r) })
		has := func(what, word string) {
			numbered := strings.Contains(word, ":") && strings.Contains(script, " "+word) // words are split at colons
			if !slices.Contains(words, word) && !slices.Contains(words, "-"+word) && !numbered {
				t.Errorf("%s: no %s %s", shell, what, word)
			}
		}
		has("recipe", "tiny")
		for _, sub := range list.subcommands() {
			has("command", sub.name)
			for _, name := range sub.subs {
				has("command "+sub.name, name)
			}
			for _, f := range flagsOf(context.Background(), sub) {
				has("flag of "+sub.name, f.Name)
			}
		}
		for _, k := range config.Keys() {
			has("key", k.Path)
			for _, word := range k.Words {
				has("value of "+k.Path, word)
			}
		}
		for _, absent := range []string{"cuda"} {
			if strings.Contains(script, absent) {
				t.Errorf("%s offers %s", shell, absent)
			}
		}
	}
	c := Commands()
	runCommand(context.Background(), c, "", "completion").wants(t, Usage, nil, []string{"one of bash, zsh, fish"})
	runCommand(context.Background(), c, "", "completion", "bsh").wants(t, Usage, nil, []string{`did you mean "bash"?`})
}

// TestShellsReadTheirScripts checks the syntax of each script where its shell is there.
func TestShellsReadTheirScripts(t *testing.T) {
	for _, shell := range shells {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("no %s here", shell)
			continue
		}
		file := filepath.Join(t.TempDir(), "euryale."+shell)
		if err := os.WriteFile(file, []byte(completing(t, shell)), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(path, "-n", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, out)
		}
	}
}

// TestBashCompletes asks bash what it would offer. Words are as bash splits them: = is one.
func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here")
	}
	script := completing(t, "bash")
	for _, c := range []struct {
		typed []string // the last is being completed
		want  string
	}{
		{[]string{"tr"}, "train"},
		{[]string{"co"}, "compare completion"},
		{[]string{"train", "t"}, "tiny"},
		{[]string{"train", "tiny", "-re"}, "-resume"},
		{[]string{"train", "tiny", "--re"}, "--resume"},
		{[]string{"train", "tiny", "-set", "optim.l"}, "optim.lr= optim.layer_decay= optim.lion.betas="},
		{[]string{"train", "tiny", "-set", "optim.name", "="}, "adamw lion sgd"},
		{[]string{"train", "tiny", "-set", "optim.name", "=", "ad"}, "adamw"},
		{[]string{"train", "tiny", "-set", "data.shuffle", "=", ""}, "true false"},
		{[]string{"train", "tiny", "-set", "optim.lr", "=", ""}, ""},
		{[]string{"train", "tiny", "-h", ""}, "all"},
		{[]string{"summary", "resnet50"}, "resnet50 resnet50b resnet50c resnet50d"},
		{[]string{"predict", "-model", "vgg16_"}, "vgg16_bn"},
		{[]string{"predict", "-device", ""}, "auto cpu own-device own-device:0 own-device:1"},
		{[]string{"data", "check", "-dataset", "i"}, "image-folder"},
		{[]string{"sync", "-track", "own"}, "own-tracker"},
		{[]string{"data", "ch"}, "check"},
		{[]string{"completion", ""}, "bash zsh fish"},
		{[]string{"help", "sw"}, "sweep"},
		{[]string{"compare", "ru"}, ""}, // files, by bash itself
		{[]string{"train", "-config", ""}, ""},
		{[]string{"train", "tiny", "--out", "t"}, ""},
		{[]string{"train", "-quiet", "t"}, "tiny"},
	} {
		command := script + "\nCOMP_WORDS=(euryale \"$@\")\nCOMP_CWORD=$#\n_euryale\necho \"${COMPREPLY[*]}\"\n"
		out, err := exec.Command(bash, append([]string{"--norc", "-c", command, "bash"}, c.typed...)...).Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != c.want {
			t.Errorf("%q: %s, %v, want %s", c.typed, got, err, c.want)
		}
	}
}
