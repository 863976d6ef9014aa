package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/euryale-ml/euryale/internal/appendfile"
	"github.com/euryale-ml/euryale/internal/atomicfile"
)

// ErrLog is wrapped by errors about a metrics file that cannot be read or written.
var ErrLog = errors.New("metrics file")

// Log writes metrics.jsonl and metrics.csv of a run's folder. The first is authoritative;
// the second is rewritten from it whenever they differ. It is not safe for concurrent use.
type Log struct {
	folder     Folder
	jsonl, csv *appended
	columns    []string // of the CSV, after those of header
	missing    int      // see Missing
}

// Missing is the number of steps without a line up to the step after which ResumeLog
// resumed. Neither a kill nor a loss of power removes lines, so somebody deleted them.
func (l *Log) Missing() int { return l.missing }

// OpenLog opens the metrics of a run's folder for appending, and creates the folder if it is
// missing. An incomplete last line, from a kill, is dropped; a malformed line before it is
// an error with its number.
func (f Folder) OpenLog() (*Log, error) {
	l, err := f.newLog()
	if err != nil {
		return nil, err
	}
	torn, err := readStrict(l.folder.Path(LinesFile), func(entry) {})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if torn {
		if err := l.rewrite(func(e entry) (bool, error) { return e.bad == nil, nil }); err != nil {
			return nil, err
		}
	}
	return l.opened()
}

// ResumeLog opens the metrics of a run that resumes after a step, and drops the lines
// after it as Cut does, malformed ones included, which a loss of power may leave there. A
// line before them that is malformed or not in the order of the steps is an error with its
// number, and then nothing is changed. At step 0 all lines are dropped.
func (f Folder) ResumeLog(step int, evaluated bool) (*Log, error) {
	l, err := f.newLog()
	if err != nil {
		return nil, err
	}
	cut, err := l.toCut(step, evaluated)
	if err != nil {
		return nil, err
	}
	if cut {
		if err := l.rewrite(newCutter(step, evaluated).keeps); err != nil {
			return nil, err
		}
	}
	return l.opened()
}

func (f Folder) newLog() (*Log, error) {
	if err := atomicfile.MkdirAll(string(f), 0o755); err != nil {
		return nil, fmt.Errorf("run: %w: %w", ErrLog, err)
	}
	return &Log{folder: f}, nil
}

// opened calls open and returns l, or nil after an error.
func (l *Log) opened() (*Log, error) {
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

// open rewrites the CSV if it differs from the lines, and opens both files.
func (l *Log) open() (err error) {
	if l.columns, err = l.checkCSV(); err != nil {
		return err
	}
	if l.jsonl, err = appendTo(l.folder.Path(LinesFile)); err != nil {
		return err
	}
	if l.csv, err = appendTo(l.folder.Path(CSVFile)); err != nil {
		l.jsonl.Close()
		return err
	}
	return nil
}

// appendTo opens a file for appending and syncs its folder, so that the file survives a
// loss of power.
func appendTo(path string) (*appended, error) {
	_, missing := os.Stat(path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("run: %w: %w", ErrLog, err)
	}
	a := &appended{File: f}
	info, err := f.Stat()
	if err == nil {
		a.end.At = info.Size()
	}
	if err == nil && missing != nil {
		err = atomicfile.SyncDir(filepath.Dir(path))
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("run: %w: %w", ErrLog, err)
	}
	return a, nil
}

// rewrite replaces the JSONL by those of its lines for which keep returns true, or leaves
// it unchanged.
func (l *Log) rewrite(keep func(e entry) (bool, error)) error {
	return l.write(LinesFile, func(w io.Writer) error {
		for e, err := range entries(l.folder.Path(LinesFile)) {
			if err != nil {
				return err
			}
			if ok, err := keep(e); err != nil {
				return err
			} else if !ok {
				continue
			}
			if _, err := w.Write(e.raw); err != nil {
				return err
			}
		}
		return nil
	})
}

// replace replaces a file by data, or leaves it unchanged.
func (l *Log) replace(name string, data []byte) error {
	return l.write(name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// write is like replace, for a file that is not held in memory.
func (l *Log) write(name string, fill func(w io.Writer) error) error {
	if err := l.folder.write(name, fill); err != nil {
		return fmt.Errorf("run: %w: %w", ErrLog, err)
	}
	return nil
}

// Append writes a line to both files, unbuffered. After an error, such as a full disk, it
// removes the part that was written, if the system allows it.
func (l *Log) Append(line Line) error {
	data, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("run: %w: %w", ErrLog, err)
	}
	if len(data) >= maxLine {
		return fmt.Errorf("run: %w: a line of %d bytes", ErrLog, len(data))
	}
	if err := l.jsonl.append(append(data, '\n')); err != nil {
		return err
	}
	if slices.ContainsFunc(line.extra(), func(name string) bool { return !slices.Contains(l.columns, name) }) {
		return l.widen()
	}
	return l.csv.append(csvRow(line.row(l.columns)))
}

// widen rewrites the CSV with the new columns of a line.
func (l *Log) widen() error {
	err := l.csv.Close() // some systems do not replace open files
	if err != nil {
		return fmt.Errorf("run: %w: %w", ErrLog, err)
	}
	if l.columns, err = l.checkCSV(); err != nil {
		return err
	}
	l.csv, err = appendTo(l.folder.Path(CSVFile))
	return err
}

// appended is a file open for appending.
type appended struct {
	*os.File
	end appendfile.End
}

// append appends data, or removes the part that was written.
func (a *appended) append(data []byte) error {
	if err := a.end.Append(a.File, data); err != nil {
		return fmt.Errorf("run: %w: %w", ErrLog, err)
	}
	return nil
}

// Cut drops the lines after a step, so that a run which resumes there has each step once.
// The epoch line of that step is kept only if evaluated is true: the checkpoint was written
// after it. Each file is replaced atomically.
func (l *Log) Cut(step int, evaluated bool) error {
	cut, err := l.toCut(step, evaluated)
	if err != nil || !cut {
		return err
	}
	if err := l.Close(); err != nil { // some systems do not replace open files
		return err
	}
	if err := l.rewrite(newCutter(step, evaluated).keeps); err != nil {
		return err
	}
	return l.open()
}

// Sync flushes all lines to the disk (fsync); Append does not.
func (l *Log) Sync() error {
	if err := errors.Join(l.jsonl.Sync(), l.csv.Sync()); err != nil {
		return fmt.Errorf("run: %w: %w", ErrLog, err)
	}
	return nil
}

// Close closes both files.
func (l *Log) Close() error {
	if err := errors.Join(l.jsonl.Close(), l.csv.Close()); err != nil {
		return fmt.Errorf("run: %w: %w", ErrLog, err)
	}
	return nil
}
