package docs_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestSnippets builds every block of Go as a file that a reader pastes, and runs the
// programs that a block of text follows: that is what they must print.
func TestSnippets(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command")
	}
	type snippet struct {
		block
		name, prints string
	}
	var snippets []snippet
	var packages []string
	dir := t.TempDir()
	overlay := map[string]string{}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range documents(t) {
		blocks := blocksOf(t, file)
		for i, b := range blocks {
			if b.language != "go" {
				continue
			}
			s := snippet{block: b, name: fmt.Sprintf("snippet%d", len(snippets)+1)}
			if i+1 < len(blocks) && blocks[i+1].language == "text" {
				s.prints = blocks[i+1].text
			}
			path := filepath.Join(dir, s.name+".go")
			if err := os.WriteFile(path, []byte(b.text), 0o644); err != nil {
				t.Fatal(err)
			}
			overlay[filepath.Join(root, "docs", "snippets", s.name, "main.go")] = path
			packages = append(packages, "./docs/snippets/"+s.name)
			snippets = append(snippets, s)
		}
	}
	data, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "bin")
	goTool(t, tool, root, append([]string{"build", "-ldflags=-s -w", "-overlay", filepath.Join(dir, "overlay.json"), "-o", bin + string(filepath.Separator)}, packages...)...)
	for _, s := range snippets {
		if s.prints == "" {
			continue
		}
		t.Run(fmt.Sprintf("%s:%d", s.file, s.line), func(t *testing.T) {
			program := filepath.Join(bin, s.name)
			if runtime.GOOS == "windows" {
				program += ".exe"
			}
			c := exec.CommandContext(t.Context(), program)
			c.Dir = t.TempDir()
			out, err := c.CombinedOutput()
			if got := strings.TrimSpace(string(out)); err != nil || got != strings.TrimSpace(s.prints) {
				t.Errorf("%v; it prints\n%s\nwant\n%s", err, got, s.prints)
			}
		})
	}
}

// goTool runs the go command in the repository's root; what it says names lines of the
// snippets, which are those of the blocks.
func goTool(t *testing.T, tool, root string, args ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), tool, args...)
	c.Dir = root
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", args[0], err, out)
	}
}

func TestSnippetsAreCompleteFiles(t *testing.T) {
	for _, file := range documents(t) {
		for _, b := range blocksOf(t, file) {
			if b.language == "go" && !strings.HasPrefix(b.text, "package ") && !strings.Contains(b.text, "\npackage ") {
				t.Errorf("%s:%d: a block of Go without its package and imports", b.file, b.line)
			}
		}
	}
}
