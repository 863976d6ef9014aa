package cli

import (
	"context"
	"errors"
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

// subcommand is a command of euryale, for calls, the help and the completion.
type subcommand struct {
	name  string
	about string
	usage []string // after the name of the program
	takes operand
	subs  []string // its own sub-commands
	run   Command
}

// operand is the kind of arguments that a command takes in addition to flags.
type operand int

const (
	takesNothing operand = iota
	takesFiles
	takesRecipe
	takesModel
	takesCommand
	takesShell
)

// subcommands are those of euryale.
func (c commands) subcommands() []subcommand {
	return []subcommand{
		{"train", "train an image classifier", []string{"train RECIPE [flags]", "train -config FILE [flags]"}, takesRecipe, nil, c.train},
		{"predict", "classify images with trained weights", []string{"predict -weights RUN IMAGE…"}, takesFiles, nil, RunPredict},
		{"compare", "compare finished runs in a report", []string{"compare RUN…"}, takesFiles, nil, RunCompare},
		{"sweep", "train several recipes and seeds", []string{"sweep RECIPE… -seeds 1,2,3"}, takesRecipe, nil, c.sweep},
		{"export", "write weights: safetensors, .pth, ONNX", []string{"export -weights RUN -to FILE"}, takesNothing, nil, RunExport},
		{"lrfind", "find a learning rate", []string{"lrfind RECIPE [flags]"}, takesRecipe, nil, c.lrfind},
		{"sync", "send unsent records to trackers", []string{"sync RUN…"}, takesFiles, nil, RunSync},
		{"data", "list, download and check data sets", []string{"data COMMAND [DIR]"}, takesFiles, dataCommands, RunData},
		{"recipes", "list the recipes", []string{"recipes"}, takesNothing, nil, c.recipesCommand},
		{"models", "list the models", []string{"models"}, takesNothing, nil, runModels},
		{"summary", "print the layers of a model", []string{"summary MODEL"}, takesModel, nil, RunSummary},
		{"completion", "make a shell complete commands", []string{"completion " + strings.Join(shells, "|")}, takesShell, nil, c.completion},
		{"version", "print versions and kernels", []string{"version"}, takesNothing, nil, runVersion},
		{"help", "explain a command", []string{"help COMMAND"}, takesCommand, nil, c.helpCommand},
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
		case "-h", "-help", "--help":
			name = "help"
		case "-v", "-V", "-version", "--version":
			name = "version"
		}
		if strings.HasPrefix(name, "-") {
			return fail(s, "euryale", usagef("%s is no command; a command comes first, such as: euryale train %s %s", name, c.first(), name))
		}
		return c.find(name, func(sub subcommand) int { return sub.run(ctx, s, args[1:]) }, s)
	}
}

// first is the name of a recipe for an example.
func (c commands) first() string {
	if len(c.recipes) == 0 {
		return "RECIPE"
	}
	return c.recipes[0].Name
}

// find calls a sub-command, or fails with the nearest one.
func (c commands) find(name string, call func(subcommand) int, s IO) int {
	var known []string
	for _, sub := range c.subcommands() {
		if sub.name == name {
			return call(sub)
		}
		known = append(known, sub.name)
	}
	return fail(s, "euryale", unknownName("command", name, known))
}

// helpCommand prints the help of a command, as its -h does.
func (c commands) helpCommand(ctx context.Context, s IO, args []string) int {
	args = slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" })
	if len(args) == 0 || args[0] == "help" || args[0] == "all" {
		io.WriteString(s.Out, c.help())
		return Done
	}
	return c.find(args[0], func(sub subcommand) int {
		rest := slices.DeleteFunc(slices.Clone(args[1:]), func(arg string) bool { return arg == "all" })
		if rest = append(rest, "-h"); wantsAll(args) {
			rest = append(rest, "all")
		}
		return sub.run(ctx, s, rest)
	}, s)
}

// runVersion is the command that prints versions.
func runVersion(_ context.Context, s IO, args []string) int {
	f := newFlags("version")
	others, err := parse(f, args)
	switch {
	case errors.Is(err, errHelp):
		io.WriteString(s.Out, "version prints the versions of Euryale and Go, the system and the kernels.\n")
		return Done
	case err == nil && len(others) > 0:
		err = usagef("%q: version takes no arguments", others[0])
	}
	if err != nil {
		return fail(s, "version", err)
	}
	printVersion(s.Out)
	return Done
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
		about := sub.about
		for _, line := range sub.usage {
			b.WriteString(strings.TrimRight(fmt.Sprintf("  euryale %-30s %s", line, about), " ") + "\n")
			about = ""
		}
	}
	b.WriteString("\nEach has -h, and train RECIPE -h all has every setting.\n")
	b.WriteString(wrapped("The recipes are "+strings.Join(c.names(), ", ")+".", 0) + "\n")
	return b.String()
}

// train runs a recipe; with -config or -resume the recipe's name is optional.
func (c commands) train(ctx context.Context, s IO, args []string) int {
	s = forJSON(s, args)
	words := "train"
	var chosen Recipe
	args = c.recipeFirst(args)
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

// recipeFirst puts the recipe before flags that were typed before it.
func (c commands) recipeFirst(args []string) []string {
	if len(args) == 0 || !strings.HasPrefix(args[0], "-") || slices.ContainsFunc(args, standsAlone) {
		return args
	}
	var o trainFlags
	others, err := o.parse(o.flags(), args)
	if err != nil || len(others) != 1 {
		return args
	}
	for i := len(args) - 1; i > 0; i-- {
		if args[i] == others[0] {
			return slices.Concat(args[i:i+1], args[:i], args[i+1:])
		}
	}
	return args
}

// standsAlone reports whether a flag makes a recipe unnecessary.
func standsAlone(arg string) bool {
	name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	return strings.HasPrefix(arg, "-") && slices.Contains([]string{"config", "c", "cfg", "resume", "h", "help", "version", "v", "V"}, name)
}
