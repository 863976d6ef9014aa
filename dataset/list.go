package dataset

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/euryale-ml/euryale/internal/smallfile"
)

// maxClass is the greatest class id of the set.
const maxClass = 37

// entry is a line of a list: an image and its class id, from 1.
type entry struct {
	name  string
	class int
}

type list struct {
	path    string
	entries []entry
}

// maxList is the largest size of a list, in bytes.
const maxList = 256 << 20

// readList reads a file of lines "NAME CLASS-ID SPECIES BREED-ID"; empty lines
// and lines that begin with # are skipped.
func readList(path string, most int) (*list, error) {
	data, err := smallfile.Read(path, maxList)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w: %w", ErrNoSet, err)
	}
	entries, err := parseList(bytes.NewReader(data), most)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", path, err)
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("dataset: %s: %w: it names no image", path, ErrList)
	}
	return &list{path: path, entries: entries}, nil
}

// parseList reads the lines of a list whose class ids are 1 to most.
func parseList(r io.Reader, most int) ([]entry, error) {
	var entries []entry
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || line[0] == '#' {
			continue
		}
		e, err := parseLine(line, most)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		entries = append(entries, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrList, err)
	}
	return entries, nil
}

func parseLine(line string, most int) (entry, error) {
	fields := strings.Fields(line)
	if len(fields) < 4 {
		return entry{}, fmt.Errorf("%w: %q is cut short: %d of 4 fields (name, class, species, breed)", ErrList, line, len(fields))
	}
	name := fields[0]
	if strings.ContainsAny(name, "/\\:\x00") || name[0] == '.' || !filepath.IsLocal(name) {
		return entry{}, fmt.Errorf("%w: the name %q leaves the folder of images", ErrList, name)
	}
	for _, number := range fields[1:4] {
		if _, err := strconv.Atoi(number); err != nil {
			return entry{}, fmt.Errorf("%w: %s: the label %q is not a whole number", ErrList, name, number)
		}
	}
	class, _ := strconv.Atoi(fields[1])
	if class < 1 || class > most {
		return entry{}, fmt.Errorf("%w: %s: the label %d is outside 1 to %d", ErrList, name, class, most)
	}
	return entry{name: name, class: class}, nil
}

// files turns the entries into paths and labels. Classes without an index and
// images that are not present are errors.
func (l *list) files(root string, index map[int]int, present map[string]bool) ([]file, error) {
	var files []file
	for _, e := range l.entries {
		label, ok := index[e.class]
		if !ok {
			return nil, fmt.Errorf("dataset: %s: %w: %s: the label %d is none of the %d classes", l.path, ErrList, e.name, e.class, len(index))
		}
		files = append(files, file{filepath.Join(root, "images", e.name+".jpg"), label})
	}
	return files, l.missing(root, present)
}
