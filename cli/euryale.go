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

// Commands is the command with sub-commands: train, predict, compare, data, summary,
// version.
func Commands(recipes ...Recipe) Command {
	return func(ctx context.Context, s IO, args []string) int {
		c := commands{recipes}
		if len(args) == 0 {
			io.WriteString(s.Err, c.help())
			return Usage
		}
		switch name, rest := args[0], args[1:]; name {
		case "train":
			return c.train(ctx, s, rest)
		case "predict":
			return RunPredict(ctx, s, rest)
		case "compare":
			return RunCompare(ctx, s, rest)
		case "data":
			return RunData(ctx, s, rest)
		case "summary":
			return RunSummary(ctx, s, rest)
		case "version", "-version", "--version":
			printVersion(s.Out)
			return Done
		case "help", "-h", "-help", "--help":
			io.WriteString(s.Out, c.help())
			return Done
		default:
			return fail(s, "euryale", unknownName("command", name, []string{"train", "predict", "compare", "data", "summary", "version"}))
		}
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
	return fmt.Sprintf(`euryale trains image classifiers and uses them.

  euryale train %s [flags]
  euryale train -config FILE [flags]
  euryale predict -weights FILE|RUN IMAGE…
  euryale compare RUN…
  euryale data list|download|check|export
  euryale summary MODEL
  euryale version

Each has -h.
`, strings.Join(c.names(), "|"))
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
