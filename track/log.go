package track

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/euryale-ml/euryale/internal/atomicfile"
)

// Files of a run's folder.
const (
	JSONLFile = "metrics.jsonl"
	CSVFile   = "metrics.csv"
)

// ErrLog is wrapped by errors about a metrics file that cannot be read or written.
var ErrLog = errors.New("metrics file")

// Log is metrics.jsonl and metrics.csv of a run's folder. The first is what counts; the
// second is made again from it whenever they differ. It is not safe for concurrent use.
type Log struct {
	dir        string
	jsonl, csv *os.File
}

// OpenLog opens the metrics of a run's folder, which it makes where there is none, to go
// on after the last whole line. A last line that a kill has torn is dropped; a bad line
// before it is an error that names it.
func OpenLog(dir string) (*Log, error) {
	l := &Log{dir: dir}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("track: %w: %w", ErrLog, err)
	}
	lines, torn, err := readLines(l.path(JSONLFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if torn {
		if err := l.replace(JSONLFile, jsonlOf(lines)); err != nil {
			return nil, err
		}
	}
	if err := l.open(lines); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *Log) path(name string) string { return filepath.Join(l.dir, name) }

// open remakes the CSV if it is not that of the lines, and opens both files.
func (l *Log) open(lines []rawLine) (err error) {
	want := csvOf(lines)
	got, err := readRegular(l.path(CSVFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil || !bytes.Equal(got, want) {
		if err := l.replace(CSVFile, want); err != nil {
			return err
		}
	}
	if l.jsonl, err = appendTo(l.path(JSONLFile)); err != nil {
		return err
	}
	if l.csv, err = appendTo(l.path(CSVFile)); err != nil {
		l.jsonl.Close()
		return err
	}
	return nil
}

func appendTo(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("track: %w: %w", ErrLog, err)
	}
	return f, nil
}

// replace writes a whole file, or leaves it as it was.
func (l *Log) replace(name string, data []byte) error {
	err := atomicfile.Write(l.path(name), 0o644, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return fmt.Errorf("track: %w: %w", ErrLog, err)
	}
	return nil
}

// Append writes a line to both files, at once. After an error, such as a full disk, the
// files are as they were as far as the system lets them be.
func (l *Log) Append(line Line) error {
	data, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("track: %w: %w", ErrLog, err)
	}
	if err := appendWhole(l.jsonl, append(data, '\n')); err != nil {
		return err
	}
	return appendWhole(l.csv, csvRows(line.row()))
}

// appended is what appendWhole needs of a file.
type appended interface {
	io.Writer
	Stat() (fs.FileInfo, error)
	Truncate(size int64) error
}

// appendWhole appends data, or takes back the part that was written.
func appendWhole(f appended, data []byte) error {
	n, err := f.Write(data)
	if err == nil {
		return nil
	}
	if n > 0 {
		if info, serr := f.Stat(); serr == nil && info.Mode().IsRegular() {
			err = errors.Join(err, f.Truncate(info.Size()-int64(n)))
		}
	}
	return fmt.Errorf("track: %w: %w", ErrLog, err)
}

// Cut drops the lines after a step, so that a run which resumes there has each step once.
// An epoch line of that very step stays only if evaluated says that the checkpoint was
// made after it. Each file is replaced whole.
func (l *Log) Cut(step int, evaluated bool) error {
	lines, torn, err := readLines(l.path(JSONLFile))
	if err != nil {
		return err
	}
	var kept []rawLine
	for _, line := range lines {
		if line.Step < step || line.Step == step && (evaluated || line.Kind == StepLine) {
			kept = append(kept, line)
		}
	}
	if len(kept) == len(lines) && !torn {
		return nil
	}
	// The files are closed first: some systems do not replace open ones.
	if err := l.Close(); err != nil {
		return err
	}
	if err := l.replace(JSONLFile, jsonlOf(kept)); err != nil {
		return err
	}
	return l.open(kept)
}

// Sync asks the system to put all lines on the disk, which Append leaves to it.
func (l *Log) Sync() error {
	if err := errors.Join(l.jsonl.Sync(), l.csv.Sync()); err != nil {
		return fmt.Errorf("track: %w: %w", ErrLog, err)
	}
	return nil
}

// Close closes both files.
func (l *Log) Close() error {
	if err := errors.Join(l.jsonl.Close(), l.csv.Close()); err != nil {
		return fmt.Errorf("track: %w: %w", ErrLog, err)
	}
	return nil
}

// ReadLog reads metrics.jsonl of a run's folder, also while the run goes on: a last line
// that is not whole yet is left out. The error of a folder without one wraps fs.ErrNotExist.
func ReadLog(dir string) ([]Line, error) {
	raw, _, err := readLines(filepath.Join(dir, JSONLFile))
	if err != nil {
		return nil, err
	}
	lines := make([]Line, len(raw))
	for i := range raw {
		lines[i] = raw[i].Line
	}
	return lines, nil
}

// rawLine is a Line with its bytes, so that fields which this version does not know stay.
type rawLine struct {
	Line
	raw []byte // with its line feed
}

// readLines reads the whole lines of a metrics.jsonl and says whether a torn one follows.
func readLines(path string) (lines []rawLine, torn bool, err error) {
	data, err := readRegular(path)
	if err != nil {
		return nil, false, err
	}
	for number := 1; len(data) > 0; number++ {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			return lines, true, nil
		}
		line := rawLine{raw: data[:end+1]}
		if err := json.Unmarshal(data[:end], &line.Line); err != nil {
			if end+1 == len(data) { // a disk that lost power may hold anything there
				return lines, true, nil
			}
			return nil, false, fmt.Errorf("track: %w: %s: line %d: %w", ErrLog, path, number, err)
		}
		lines = append(lines, line)
		data = data[end+1:]
	}
	return lines, false, nil
}

// readRegular reads a file, but neither a folder nor a device, which may never end.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("track: %w: %w", ErrLog, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("track: %w: %s is not a regular file", ErrLog, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("track: %w: %w", ErrLog, err)
	}
	return data, nil
}

func jsonlOf(lines []rawLine) []byte {
	var b bytes.Buffer
	for _, l := range lines {
		b.Write(l.raw)
	}
	return b.Bytes()
}

func csvOf(lines []rawLine) []byte {
	rows := [][]string{header}
	for _, l := range lines {
		rows = append(rows, l.row())
	}
	return csvRows(rows...)
}

func csvRows(rows ...[]string) []byte {
	var b bytes.Buffer
	_ = csv.NewWriter(&b).WriteAll(rows) // a Buffer takes everything
	return b.Bytes()
}
