package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestReadNames(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		text  string
		want  []string
		words string // of the error
	}{
		"plain":      {"a\nb\n", []string{"a", "b"}, ""},
		"Windows":    {"\ufeffa b\r\n\r\n c \r\nd", []string{"a b", "c", "d"}, ""},
		"tabs":       {"n01\tcat\n", []string{"n01\tcat"}, ""},
		"empty":      {"\n \n", nil, "names no class"},
		"UTF-16":     {"\xff\xfea\x00\n\x00", nil, "line 1 is not text in UTF-8"},
		"a picture":  {"ok\n\x89PNG\r\n\x1a\n\x00", nil, "line 2 is not text in UTF-8"},
		"a terminal": {"a\n\x1b[31mred\n", nil, "line 2 is not text in UTF-8"},
	} {
		path := filepath.Join(dir, "names")
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := readNames(path)
		if !slices.Equal(got, c.want) || (err != nil) != (c.words != "") || err != nil && !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for path, words := range map[string]string{dir: "not a regular file", filepath.Join(dir, "none"): "none", "/dev/zero": "dev"} {
		if _, err := readNames(path); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if names, err := readNames(""); names != nil || err != nil {
		t.Error(names, err)
	}
}

// FuzzNames reads anything as names of classes: each that comes out is a line of the text.
func FuzzNames(f *testing.F) {
	for _, text := range []string{"a\nb", "\ufeff\r\n a\u2028b ", "\x00", strings.Repeat("x\n", 1000)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		names, err := parseNames("file", text)
		if (err == nil) != (len(names) > 0) {
			t.Errorf("%q, %v", names, err)
		}
		rest := text
		for _, name := range names {
			at := strings.Index(rest, name)
			if name == "" || name != strings.TrimSpace(name) || !utf8.ValidString(name) || strings.ContainsAny(name, "\n\r\x00\x1b") || at < 0 {
				t.Fatalf("%q of %q", name, text)
			}
			rest = rest[at+len(name):]
		}
	})
}
