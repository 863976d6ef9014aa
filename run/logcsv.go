package run

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

// checkCSV rewrites the CSV if it differs from the JSONL, and returns its columns after
// those of header.
func (l *Log) checkCSV() (columns []string, err error) {
	_, err = readStrict(l.folder.Path(LinesFile), func(e entry) {
		for _, name := range e.extra() {
			if !slices.Contains(columns, name) {
				columns = append(columns, name)
			}
		}
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	same, err := l.sameCSV(columns)
	if err != nil || same {
		return columns, err
	}
	return columns, l.write(CSVFile, func(w io.Writer) error { return l.writeCSV(w, columns) })
}

// writeCSV writes the CSV of the JSONL.
func (l *Log) writeCSV(w io.Writer, columns []string) error {
	c := csv.NewWriter(w)
	if err := c.Write(slices.Concat(header, columns)); err != nil {
		return err
	}
	_, err := readStrict(l.folder.Path(LinesFile), func(e entry) { _ = c.Write(e.row(columns)) }) // c.Error returns the error
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	c.Flush()
	return c.Error()
}

var errDiffers = errors.New("it differs")

// comparing is a Writer that compares the bytes written to it with those of a Reader.
type comparing struct{ with io.Reader }

func (c comparing) Write(p []byte) (int, error) {
	got := make([]byte, len(p))
	if _, err := io.ReadFull(c.with, got); err != nil || !bytes.Equal(got, p) {
		return 0, errDiffers
	}
	return len(p), nil
}

// sameCSV reports whether the CSV agrees with the JSONL, in bounded memory.
func (l *Log) sameCSV(columns []string) (bool, error) {
	f, err := openRegular(l.folder.Path(CSVFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = l.writeCSV(comparing{f}, columns)
	if errors.Is(err, errDiffers) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return atEnd(f)
}

// atEnd reports whether all of a file has been read.
func atEnd(f *os.File) (bool, error) {
	_, err := f.Read(make([]byte, 1))
	if errors.Is(err, io.EOF) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("run: %w: %w", ErrLog, err)
	}
	return false, nil
}

// csvRow is a row of the CSV with its line feed.
func csvRow(row []string) []byte {
	var b bytes.Buffer
	_ = csv.NewWriter(&b).WriteAll([][]string{row}) // writing to a Buffer cannot fail
	return b.Bytes()
}
