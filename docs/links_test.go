package docs_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notKept = regexp.MustCompile(`[^\p{L}\p{N}_ -]`) // of a heading in its address
)

// TestLinks follows the links between the documents and into the repository.
func TestLinks(t *testing.T) {
	for _, file := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, file), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			to := file
			if target != "" {
				to = path.Join(path.Dir(file), target)
			}
			if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(to))); err != nil {
				t.Errorf("%s: %s: %v", file, m[1], err)
				continue
			}
			if anchor != "" && !slices.Contains(anchorsOf(read(t, to)), anchor) {
				t.Errorf("%s: %s: no such heading", file, m[1])
			}
		}
	}
}

// anchorsOf are the addresses of a document's headings, as GitHub makes them.
func anchorsOf(text string) (anchors []string) {
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		a := notKept.ReplaceAllString(strings.ToLower(strings.TrimSpace(m[1])), "")
		anchors = append(anchors, strings.ReplaceAll(a, " ", "-"))
	}
	return anchors
}
