package cli

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/euryale-ml/euryale/internal/smallfile"
)

// maxNames is the largest size of a file of names, in bytes.
const maxNames = 16 << 20

// readNames reads one name a line; an empty path means no names.
func readNames(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	data, err := smallfile.Input(path, maxNames)
	if err != nil {
		return nil, fmt.Errorf("-classes: %w", err)
	}
	return parseNames(path, string(data))
}

// parseNames reads a name from each line that is not empty. It is an error if the file is not
// text in UTF-8.
func parseNames(path, text string) ([]string, error) {
	var names []string
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		number++
		name := strings.TrimSpace(line)
		if !utf8.ValidString(name) || strings.ContainsFunc(name, isControl) {
			return nil, fmt.Errorf("-classes: %s: line %d is not text in UTF-8", path, number)
		}
		if name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("-classes: %s names no class", path)
	}
	return names, nil
}

// isControl reports whether a character is a control character other than a tab.
func isControl(r rune) bool { return unicode.IsControl(r) && r != '\t' }
