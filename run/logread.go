package run

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
)

// maxLine is the longest line of metrics.jsonl, in bytes: a longer one is malformed and is
// never held in memory.
const maxLine = 1 << 20

// entry is a line of metrics.jsonl with its bytes, so that fields unknown to this version
// are preserved.
type entry struct {
	Line
	number int    // from 1
	raw    []byte // with its line feed; valid until the next entry
	bad    error  // why it cannot be parsed as a Line
	torn   bool   // the file ends without a line feed
}

var (
	errTorn    = errors.New("no line feed ends it")
	errTooLong = fmt.Errorf("it has more than %d bytes", maxLine)
)

// entries reads a metrics.jsonl in bounded memory. After yielding an error it ends.
func entries(path string) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		f, err := openRegular(path)
		if err != nil {
			yield(entry{}, err)
			return
		}
		defer f.Close()
		r := bufio.NewReaderSize(f, 1<<16)
		for number := 1; ; number++ {
			e := entry{number: number}
			err := e.read(r)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(entry{}, fmt.Errorf("run: %w: %w", ErrLog, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// read reads the next line; io.EOF: there is none.
func (e *entry) read(r *bufio.Reader) error {
	for size := 0; ; {
		part, err := r.ReadSlice('\n')
		if size += len(part); size <= maxLine {
			e.raw = append(e.raw, part...)
		} else {
			e.raw, e.bad = nil, errTooLong
		}
		switch {
		case err == nil:
			if e.bad == nil {
				e.bad = json.Unmarshal(e.raw, &e.Line)
			}
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && size > 0:
			e.torn, e.bad = true, errTorn
			return nil
		default:
			return err
		}
	}
}

// openRegular opens a regular file; a folder or a device, which may never end, is an error.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("run: %w: %w", ErrLog, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("run: %w: %s is not a regular file", ErrLog, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("run: %w: %w", ErrLog, err)
	}
	return f, nil
}

// readStrict visits the lines of a metrics.jsonl. torn: the last line is malformed, after a
// kill or a loss of power. A malformed line before it is an error with its number.
func readStrict(path string, visit func(e entry)) (torn bool, err error) {
	var bad error
	for e, err := range entries(path) {
		switch {
		case err != nil:
			return false, err
		case bad != nil:
			return false, fmt.Errorf("run: %w: %s: %w", ErrLog, path, bad)
		case e.bad != nil:
			bad = fmt.Errorf("line %d: %w", e.number, e.bad)
		default:
			visit(e)
		}
	}
	return bad != nil, nil
}

// Lines reads metrics.jsonl, also during training: an incomplete last line is left out.
func (f Folder) Lines() ([]Line, error) {
	var lines []Line
	_, err := readStrict(f.Path(LinesFile), func(e entry) { lines = append(lines, e.Line) })
	if err != nil {
		return nil, err
	}
	return lines, nil
}

// LastStep returns the greatest step in metrics.jsonl, ignoring malformed lines; 0 if there
// is none.
func (f Folder) LastStep() (last int, err error) {
	for e, err := range entries(f.Path(LinesFile)) {
		if errors.Is(err, fs.ErrNotExist) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		if e.bad == nil {
			last = max(last, e.Step)
		}
	}
	return last, nil
}
