package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// Recipe is a training command of Euryale by its name.
type Recipe struct {
	Name          string
	Config, Quick []byte // as for Train and Quick
}

// subcommand is a command of euryale.
type subcommand struct {
	name  string
	usage []string // lines of the help, without the name of the program
	run   Command
}

// subcommands are those of euryale besides help.
func (c commands) subcommands() []subcommand {
	return []subcommand{
		{"train", []string{"train RECIPE [flags]", "train -config FILE [flags]"}, c.train},
		{"predict", []string{"predict -weights FILE|RUN IMAGE…"}, RunPredict},
		{"compare", []string{"compare RUN…"}, RunCompare},
		{"sweep", []string{"sweep RECIPE… -seeds 1,2,3 [flags]"}, c.sweep},
		{"export", []string{"export -weights FILE|RUN -to FILE.safetensors|.pth|.onnx"}, RunExport},
		{"lrfind", []string{"lrfind RECIPE [flags]"}, c.lrfind},
		{"sync", []string{"sync RUN…"}, RunSync},
		{"data", []string{"data list|download|check|export"}, RunData},
		{"summary", []string{"summary MODEL"}, RunSummary},
		{"version", []string{"version"}, func(_ context.Context, s IO, _ []string) int {
			printVersion(s.Out)
			return Done
		}},
	}
}

// Commands is the command with sub-commands; "help" lists them.
func Commands(recipes ...Recipe) Command {
	return func(ctx context.Context, s IO, args []string) int {
		c := commands{recipes}
		if len(args) == 0 {
			io.WriteString(s.Err, c.help())
			return Usage
		}
		name := args[0]
		switch name {
		case "help", "-h", "-help", "--help":
			io.WriteString(s.Out, c.help())
			return Done
		case "-version", "--version":
			name = "version"
		}
		var known []string
		for _, sub := range c.subcommands() {
			if sub.name == name {
				return sub.run(ctx, s, args[1:])
			}
			known = append(known, sub.name)
		}
		return fail(s, "euryale", unknownName("command", name, known))
	}
}

type commands struct{ recipes []Recipe }

func (c commands) names() (names []string) {
	for _, r := range c.recipes {
		names = append(names, r.Name)
	}
	return names
}

func (c commands) help() string {
	var b strings.Builder
	b.WriteString("euryale trains image classifiers and uses them.\n\n")
	for _, sub := range c.subcommands() {
		for _, line := range sub.usage {
			b.WriteString("  euryale " + line + "\n")
		}
	}
	fmt.Fprintf(&b, "\nEach has -h. The recipes are %s.\n", strings.Join(c.names(), ", "))
	return b.String()
}

// train runs a recipe; with -config or -resume none needs to be named.
func (c commands) train(ctx context.Context, s IO, args []string) int {
	words := "train"
	var chosen Recipe
	switch {
	case len(args) > 0 && !strings.HasPrefix(args[0], "-"):
		i := slices.Index(c.names(), args[0])
		if i < 0 {
			return fail(s, "euryale train", unknownName("recipe", args[0], c.names()))
		}
		chosen, args = c.recipes[i], args[1:]
		words += " " + chosen.Name
	case !slices.ContainsFunc(args, standsAlone):
		return fail(s, "euryale train", usagef("which recipe? one of %s, or -config FILE", strings.Join(c.names(), ", ")))
	}
	return TrainCommand(chosen.Config, Quick(chosen.Quick), func(t *training) {
		t.words, t.name = words, filepath.Base(strings.TrimSuffix(t.program.typed, ".exe"))+" "+words
	})(ctx, s, args)
}

// standsAlone reports whether a flag makes a recipe unnecessary.
func standsAlone(arg string) bool {
	name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	return strings.HasPrefix(arg, "-") && slices.Contains([]string{"config", "resume", "h", "help", "version"}, name)
}
