package cli

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		args   []string
		others []string
		err    string
	}{
		{[]string{"a.jpg", "-json", "b.jpg", "-top", "3", "-"}, []string{"a.jpg", "b.jpg", "-"}, ""},
		{[]string{"-json", "--", "-x.jpg", "-json"}, []string{"-x.jpg", "-json"}, ""},
		{[]string{"a", "--", "b"}, []string{"a", "b"}, ""},
		{[]string{"-jsn"}, nil, "there is no flag -jsn; did you mean -json? -h lists all"},
		{[]string{"-zebra"}, nil, "there is no flag -zebra; -h lists all"},
		{[]string{"-top", "many"}, nil, "invalid value"},
		{[]string{"-h"}, nil, "help requested"},
	} {
		f := newFlags("x")
		f.Bool("json", false, "")
		f.Int("top", 5, "")
		others, err := parse(f, c.args)
		if !slices.Equal(others, c.others) {
			t.Errorf("%v: others %v, want %v", c.args, others, c.others)
		}
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%v: error %v, want %q", c.args, err, c.err)
		}
		if err != nil && !errors.Is(err, errHelp) && codeOf(err) != Usage {
			t.Errorf("%v: code %d, want %d", c.args, codeOf(err), Usage)
		}
	}
}
