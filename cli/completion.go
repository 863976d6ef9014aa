package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/track"
)

const completionHelp = `completion prints a script that makes a shell complete euryale's commands,
flags, recipes, models, the keys of -set and their values.

  completion bash|zsh|fish

  bash: in ~/.bashrc       source <(euryale completion bash)
  zsh:  in ~/.zshrc        source <(euryale completion zsh)
  fish: once, and after    euryale completion fish > \
        an update              ~/.config/fish/completions/euryale.fish

`

// shells are the supported shells.
var shells = []string{"bash", "zsh", "fish"}

// completion is the command that prints a completion script.
func (c commands) completion(ctx context.Context, s IO, args []string) int {
	f := newFlags("completion")
	names, err := parse(f, args)
	switch {
	case errors.Is(err, errHelp):
		io.WriteString(s.Out, completionHelp)
		return Done
	case err != nil:
	case len(names) != 1:
		err = usagef("for which shell? one of %s", strings.Join(shells, ", "))
	case !slices.Contains(shells, names[0]):
		err = unknownName("shell", names[0], shells)
	}
	if err != nil {
		return fail(s, "completion", err)
	}
	g := c.grammar(ctx)
	io.WriteString(s.Out, map[string]func() string{"bash": g.bash, "zsh": g.zsh, "fish": g.fish}[names[0]]())
	return Done
}

// grammar is the command line as a completion script needs it.
type grammar struct {
	commands []completed
	keys     []config.Key
}

// completed is a command with its flags and its other words.
type completed struct {
	subcommand
	flags []*flag.Flag
	words []string
}

// grammar gathers the commands. Their flags are those that their own help lists.
func (c commands) grammar(ctx context.Context) grammar {
	g := grammar{keys: config.Keys()}
	var names []string
	for _, sub := range c.subcommands() {
		names = append(names, sub.name)
	}
	for _, sub := range c.subcommands() {
		one := completed{subcommand: sub, flags: flagsOf(ctx, sub)}
		switch one.words = slices.Clone(sub.subs); sub.takes {
		case takesRecipe:
			one.words = c.names()
		case takesModel:
			one.words = models.Names()
		case takesShell:
			one.words = shells
		case takesCommand:
			one.words = names
		}
		g.commands = append(g.commands, one)
	}
	return g
}

// flagsOf are the flags that a command's help lists, and those of its sub-commands.
func flagsOf(ctx context.Context, sub subcommand) (list []*flag.Flag) {
	var c flagCollector
	for _, name := range append([]string{""}, sub.subs...) {
		args := []string{"-h"}
		if name != "" {
			args = []string{name, "-h"}
		}
		sub.run(ctx, IO{In: strings.NewReader(""), Out: &c, Err: io.Discard}, args)
	}
	for _, set := range c.sets {
		set.VisitAll(func(f *flag.Flag) {
			if !slices.ContainsFunc(list, func(x *flag.Flag) bool { return x.Name == f.Name }) {
				list = append(list, f)
			}
		})
	}
	return list
}

// valuesOf are the words that a key takes; nil: any text or number.
func valuesOf(k config.Key) []string {
	if k.Kind == reflect.Bool {
		return []string{"true", "false"}
	}
	return k.Words
}

// wordFlags are the flags that take a few words.
var wordFlags = []string{"model", "device", "dataset", "track"}

// flagWords are the words of one of wordFlags; nil of another flag.
func (g grammar) flagWords(name string) []string {
	switch name {
	case "model":
		return models.Names()
	case "device":
		return device.Names()
	case "dataset":
		return dataset.Names()
	case "track":
		return track.Names()
	}
	return nil
}

func (g grammar) names() (list []string) {
	for _, c := range g.commands {
		list = append(list, c.name)
	}
	return list
}

// flagNames are the flags without their dash; that for help is not in the list of flags.
func (c completed) flagNames() (list []string) {
	for _, f := range c.flags {
		list = append(list, f.Name)
	}
	return append(list, "h")
}

// valueFlags are the flags with a value that the shell completes as a file.
func (g grammar) valueFlags(c completed) (list []string) {
	for _, f := range c.flags {
		if !isBool(f) && f.Name != "set" && g.flagWords(f.Name) == nil {
			list = append(list, f.Name)
		}
	}
	return list
}

// bash writes the script for bash, for which = ends a word.
func (g grammar) bash() string {
	var b strings.Builder
	fmt.Fprint(&b, `# bash completion for euryale: source <(euryale completion bash)
_euryale() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} key= flags= values= words= dash=-
	COMPREPLY=()
	if [[ $cur == = ]]; then key=$prev cur=
	elif [[ $prev == = ]]; then key=${COMP_WORDS[COMP_CWORD-2]}
	fi
	case $key in
	"") ;;
`)
	for _, k := range g.keys {
		if v := valuesOf(k); v != nil {
			fmt.Fprintf(&b, "\t%s) COMPREPLY=($(compgen -W %s -- \"$cur\")); return ;;\n", k.Path, quote(strings.Join(v, " ")))
		}
	}
	fmt.Fprintf(&b, `	*) return ;;
	esac
	if ((COMP_CWORD == 1)); then
		COMPREPLY=($(compgen -W %s -- "$cur"))
		return
	fi
	case $prev in
	-set|--set)
		COMPREPLY=($(compgen -S = -W %s -- "$cur"))
		compopt -o nospace 2>/dev/null
		return ;;
	-h|--help|-help) COMPREPLY=($(compgen -W all -- "$cur")); return ;;
`, quote(strings.Join(g.names(), " ")), quote(strings.Join(paths(g.keys), " ")))
	for _, name := range wordFlags {
		fmt.Fprintf(&b, "\t-%s|--%s) COMPREPLY=($(compgen -W %s -- \"$cur\")); return ;;\n", name, name, quote(strings.Join(g.flagWords(name), " ")))
	}
	b.WriteString("\tesac\n\tcase $command in\n")
	for _, c := range g.commands {
		fmt.Fprintf(&b, "\t%s) flags=%s values=%s words=%s ;;\n", c.name, quote(strings.Join(c.flagNames(), " ")),
			quote(strings.Join(g.valueFlags(c), " ")), quote(strings.Join(c.words, " ")))
	}
	b.WriteString(`	esac
	prev=${prev/#--/-}
	if [[ $prev == -?* && " $values " == *" ${prev#-} "* ]]; then
		return # the value of a flag: files
	elif [[ $cur == -* ]]; then
		[[ $cur == --* ]] && dash=--
		COMPREPLY=($(compgen -P "$dash" -W "$flags" -- "${cur#"$dash"}"))
	else
		COMPREPLY=($(compgen -W "$words" -- "$cur"))
	fi
}
complete -o bashdefault -o default -F _euryale euryale
`)
	return b.String()
}

func paths(keys []config.Key) (list []string) {
	for _, k := range keys {
		list = append(list, k.Path)
	}
	return list
}

// zsh writes the script for zsh.
func (g grammar) zsh() string {
	var b strings.Builder
	b.WriteString(`#compdef euryale
# zsh completion for euryale: source <(euryale completion zsh)
_euryale() {
	local cur=$words[CURRENT] prev=$words[CURRENT-1]
	local -a commands flags values operands
	commands=(
`)
	for _, c := range g.commands {
		fmt.Fprintf(&b, "\t\t%s\n", quote(c.name+":"+c.about))
	}
	fmt.Fprintf(&b, `	)
	if ((CURRENT == 2)); then
		_describe command commands
		return
	fi
	case $prev in
	-set|--set)
		if [[ $cur != *=* ]]; then
			compadd -S = -q -- %s
			return
		fi
		local key=${cur%%%%=*}
		compset -P '*='
		case $key in
`, strings.Join(paths(g.keys), " "))
	for _, k := range g.keys {
		if v := valuesOf(k); v != nil {
			fmt.Fprintf(&b, "\t\t%s) compadd -- %s ;;\n", k.Path, strings.Join(v, " "))
		}
	}
	b.WriteString("\t\t*) _files ;;\n\t\tesac\n\t\treturn ;;\n\t-h|-help|--help) compadd -- all; return ;;\n")
	for _, name := range wordFlags {
		fmt.Fprintf(&b, "\t-%s|--%s) compadd -- %s; return ;;\n", name, name, strings.Join(g.flagWords(name), " "))
	}
	b.WriteString("\tesac\n\tcase $words[2] in\n")
	for _, c := range g.commands {
		var flags []string
		for _, f := range c.flags {
			_, usage := flag.UnquoteUsage(f)
			flags = append(flags, quote("-"+f.Name+":"+usage))
		}
		fmt.Fprintf(&b, "\t%s) flags=(%s '-h:help') values=(%s) operands=(%s) ;;\n", c.name, strings.Join(flags, " "),
			strings.Join(g.valueFlags(c), " "), strings.Join(c.words, " "))
	}
	b.WriteString(`	esac
	if [[ $prev == -?* ]] && (($values[(Ie)${${prev#-}#-}])); then
		_files
	elif [[ $cur == -* ]]; then
		_describe flag flags
	else
		(($#operands)) && compadd -- $operands
		_files
	fi
}
compdef _euryale euryale
`)
	return b.String()
}

// fish writes the script for fish.
func (g grammar) fish() string {
	var b strings.Builder
	b.WriteString("# fish completion for euryale: euryale completion fish > ~/.config/fish/completions/euryale.fish\n")
	line := func(format string, args ...any) { fmt.Fprintf(&b, "complete -c euryale "+format+"\n", args...) }
	for _, c := range g.commands {
		line("-f -n __fish_use_subcommand -a %s -d %s", c.name, fishQuote(c.about))
	}
	var settings []string
	for _, k := range g.keys {
		settings = append(settings, k.Path+"=")
		for _, v := range valuesOf(k) {
			settings = append(settings, k.Path+"="+v)
		}
	}
	fmt.Fprintf(&b, "set -l settings %s\n", strings.Join(settings, " "))
	for _, c := range g.commands {
		when := fishQuote("__fish_seen_subcommand_from " + c.name)
		if len(c.words) > 0 {
			files := " -f"
			if c.takes == takesFiles {
				files = ""
			}
			line("-n %s%s -a %s", when, files, fishQuote(strings.Join(c.words, " ")))
		}
		for _, f := range c.flags {
			_, usage := flag.UnquoteUsage(f)
			value := ""
			switch words := g.flagWords(f.Name); {
			case f.Name == "set":
				value = ` -x -a "$settings"`
			case words != nil:
				value = " -x -a " + fishQuote(strings.Join(words, " "))
			case !isBool(f):
				value = " -r"
			}
			line("-n %s -o %s%s -d %s", when, f.Name, value, fishQuote(usage))
		}
		line("-n %s -s h -d help", when)
	}
	return b.String()
}

// fishQuote is a word for fish, where \ and ' in quotes are escaped by \.
func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
