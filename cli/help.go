package cli

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/euryale-ml/euryale/config"
)

// helpColumns is the width of help texts: that of a usual terminal.
const helpColumns = 80

// wrapped breaks a text at its spaces into lines of helpColumns; the lines after the first
// are indented.
func wrapped(text string, indent int) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
			column = indent
		case column+1+n > helpColumns:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

// reflowed breaks the paragraphs of a text into lines that fit. Those that begin with two
// spaces stay as they are.
func reflowed(text string) string {
	parts := strings.Split(strings.TrimRight(text, "\n"), "\n\n")
	for i, p := range parts {
		if !strings.HasPrefix(p, "  ") {
			parts[i] = wrapped(p, 0)
		}
	}
	return strings.Join(parts, "\n\n") + "\n\n"
}

// listed is a list of names with a label, in lines that fit.
func listed(label string, names []string) string {
	return wrapped(label+": "+strings.Join(names, ", "), 0) + "\n"
}

// flagCollector is a stream for help texts that collects their flags, for completion and
// tests.
type flagCollector struct{ sets []*flag.FlagSet }

func (c *flagCollector) Write(p []byte) (int, error) { return len(p), nil }

// printFlags lists flags with their meaning.
func printFlags(w io.Writer, f *flag.FlagSet) {
	if c, ok := w.(*flagCollector); ok {
		c.sets = append(c.sets, f)
		return
	}
	const indent = 21
	f.VisitAll(func(x *flag.Flag) {
		value, usage := flag.UnquoteUsage(x)
		if d := cmp.Or(x.DefValue, "false"); d != "false" && d != "0" {
			usage += " (default " + d + ")"
		}
		name := strings.TrimSpace("-" + x.Name + " " + value)
		if utf8.RuneCountInString(name) > indent-4 {
			fmt.Fprintf(w, "  %s\n%s%s\n", name, strings.Repeat(" ", indent), wrapped(usage, indent))
			return
		}
		fmt.Fprintf(w, "  %-*s%s\n", indent-2, name, wrapped(usage, indent))
	})
}

// wantsAll reports whether -h asks for all keys: -h all, -help all, -h=all.
func wantsAll(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool {
		name, value, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		return arg == "all" || value == "all" && (name == "h" || name == "help")
	})
}

// usualKeys are the most used keys, which the short help shows.
var usualKeys = []string{
	"model.name", "model.weights", "data.set", "data.root", "data.batch", "data.crop", "optim.name", "optim.lr", "optim.weight_decay",
	"schedule.name", "schedule.warmup_epochs", "train.epochs", "seed", "track",
}

// help describes a training command: on a screen, or with all keys.
func (t training) help(w io.Writer, o *trainFlags, all bool) {
	fmt.Fprintf(w, "%s trains an image classifier.\n\n  %s [flags]\n\n", t.name, t.again())
	printFlags(w, o.flags())
	c, err := o.layers(t.recipe, nil)
	of := "this recipe's values"
	if err != nil || t.recipe == nil {
		of = "the defaults"
	}
	if all {
		t.helpAll(w, c, of)
		return
	}
	fmt.Fprintf(w, "\nThe most used settings, with %s:\n\n", of)
	for _, k := range config.Keys() {
		if slices.Contains(usualKeys, k.Path) {
			value, _ := c.Get(k.Path)
			fmt.Fprintf(w, "  -set %s\n", settingLine(k.Path+"="+value, k.Meaning))
		}
	}
	fmt.Fprintf(w, "\n-h all lists all %d keys with ranges and defaults, the recipe, and exit codes.\n", len(config.Keys()))
}

// settingLine is a setting and its meaning, cut to a line.
func settingLine(setting, meaning string) string {
	line := func() string { return fmt.Sprintf("%-28s %s", setting, meaning) }
	room := helpColumns - len("  -set ")
	for _, end := range []string{";", ":", ", ", " ("} {
		if end == ";" || utf8.RuneCountInString(line()) > room {
			meaning, _, _ = strings.Cut(meaning, end)
		}
	}
	s := []rune(line())
	if len(s) > room {
		s = append(s[:room-1], '…')
	}
	return string(s)
}

// helpAll lists every key with its value, and the recipe.
func (t training) helpAll(w io.Writer, c config.Config, of string) {
	fmt.Fprintf(w, "\nKeys of the YAML and of -set, with %s, meanings and ranges:\n\n%s", of, config.HelpFor(c))
	fmt.Fprintf(w, "\nThe learning rate that follows: %s\n", c.ExplainRate())
	fmt.Fprintf(w, "\n%s\n", wrapped("With -resume, -set may change "+strings.Join(resumable(), ", ")+".", 0))
	if t.recipe != nil {
		fmt.Fprintf(w, "\nThe built-in recipe:\n\n%s", indent(t.recipe))
	}
	if len(t.quick) > 0 {
		fmt.Fprintf(w, "\nThe quick profile, for drawn images under data.set=auto:\n\n%s", indent(t.quick))
	}
	fmt.Fprintf(w, "\n%s\n", wrapped(exitHelp, 0))
}

func indent(yaml []byte) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimRight(string(yaml), "\n") + "\n") {
		b.WriteString("  " + line)
	}
	return b.String()
}

// encodeJSON writes a value as one line.
func encodeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
