package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/config"
)

// block is a fenced block of a Markdown file.
type block struct {
	file     string // from the repository's root
	line     int    // of its first line
	language string // after the fence
	text     string
}

// documents are the Markdown files that users read, from the repository's root.
func documents(t testing.TB) []string {
	t.Helper()
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	files := []string{"README.md", "CONTRIBUTING.md"}
	for _, p := range pages {
		files = append(files, "docs/"+p)
	}
	return files
}

// read returns a document.
func read(t testing.TB, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "\r\n", "\n")
}

// blocksOf lists the fenced blocks of a document in order.
func blocksOf(t testing.TB, file string) (blocks []block) {
	t.Helper()
	var open *block
	indent := ""
	for i, line := range strings.Split(read(t, file), "\n") {
		bare := strings.TrimLeft(line, " ")
		switch {
		case open == nil && strings.HasPrefix(bare, "```"):
			indent = line[:len(line)-len(bare)]
			open = &block{file: file, line: i + 2, language: strings.TrimSpace(strings.TrimLeft(bare, "`"))}
		case open == nil:
		case strings.TrimSpace(line) == "```":
			blocks = append(blocks, *open)
			open = nil
		default:
			open.text += strings.TrimPrefix(line, indent) + "\n"
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: the block has no end", file, open.line)
	}
	return blocks
}

var (
	inlineCode  = regexp.MustCompile("`([^`\n]+(?:\n[^`\n]+)?)`")
	placeholder = regexp.MustCompile(`…|\b[A-Z]{3,}\b|<|\[`)
)

// commandsIn lists the commands in the prose of a document that can be pasted: inline code
// that begins as one, has no placeholder, and is more than the name of a sub-command.
func commandsIn(t testing.TB, file string) (commands []string) {
	t.Helper()
	text := read(t, file)
	for _, b := range blocksOf(t, file) {
		text = strings.ReplaceAll(text, b.text, "\n")
	}
	for _, m := range inlineCode.FindAllStringSubmatch(text, -1) {
		words := strings.Fields(m[1])
		command := strings.Join(words, " ")
		if len(words) > 2 && (words[0] == "euryale" || words[0] == "go") && !placeholder.MatchString(command) {
			commands = append(commands, command)
		}
	}
	return commands
}

func TestBlocksHaveAKnownLanguage(t *testing.T) {
	known := map[string]bool{"": true, "sh": true, "go": true, "yaml": true, "text": true, "python": true, "mermaid": true} // pictures, of which TestArchitecture reads the packages
	for _, file := range documents(t) {
		for _, b := range blocksOf(t, file) {
			if !known[b.language] {
				t.Errorf("%s:%d: a block of %q, which no test reads", b.file, b.line, b.language)
			}
		}
	}
}

// TestYAML loads the recipes of the documents.
func TestYAML(t *testing.T) {
	for _, file := range documents(t) {
		for _, b := range blocksOf(t, file) {
			if b.language == "yaml" {
				c := config.Default()
				if err := config.Load([]byte(b.text), &c); err != nil {
					t.Errorf("%s:%d: %v", b.file, b.line, err)
				}
			}
		}
	}
}
