package cli

import (
	"errors"
	"flag"
	"io"
	"strings"
)

// errHelp is returned by parse for -h.
var errHelp = flag.ErrHelp

// newFlags is a set of flags that prints nothing itself.
func newFlags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	return f
}

// parse reads flags and other arguments in any order and returns the others. After "--" all
// arguments are others.
func parse(f *flag.FlagSet, args []string) (others []string, err error) {
	args = settings(f, args)
	for {
		if err := f.Parse(args); err != nil {
			return nil, flagError(f, err)
		}
		rest := f.Args()
		if len(rest) == 0 {
			return others, nil
		}
		if n := len(args) - len(rest); n > 0 && args[n-1] == "--" {
			return append(others, rest...), nil
		}
		others, args = append(others, rest[0]), rest[1:]
	}
}

// flagError is the error for an unknown flag; it names the nearest one.
func flagError(f *flag.FlagSet, err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return errHelp
	}
	const unknown = "flag provided but not defined: -"
	name, ok := strings.CutPrefix(err.Error(), unknown)
	if !ok {
		return usageError{err}
	}
	var known []string
	f.VisitAll(func(x *flag.Flag) { known = append(known, x.Name) })
	if near := nearest(name, known); near != "" {
		return usagef("there is no flag -%s; did you mean -%s? -h lists all", name, near)
	}
	if f.Lookup("set") != nil {
		if hint := keyHint(name); hint != "" {
			return usagef("there is no flag -%s; -h lists all; %s", name, hint)
		}
	}
	return usagef("there is no flag -%s; -h lists all", name)
}

// words is a flag that may be given several times.
type words []string

func (w *words) String() string { return strings.Join(*w, " ") }

// Set adds a word.
func (w *words) Set(s string) error {
	*w = append(*w, s)
	return nil
}
