// Package smallfile reads files that are small by their nature, such as settings and
// summaries, whatever lies in their place: no device that never ends, no pipe that nobody
// writes to, no file that fills the memory.
package smallfile

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Read reads a regular file of at most so many bytes. The error of one that is not there
// wraps fs.ErrNotExist.
func Read(path string, most int64) ([]byte, error) {
	return read(path, most, fs.FileMode.IsRegular)
}

// Input is Read for a file that a person names, which may also be a pipe, as the shell's
// <(command) is.
func Input(path string, most int64) ([]byte, error) {
	return read(path, most, func(m fs.FileMode) bool { return m.IsRegular() || m&fs.ModeNamedPipe != 0 })
}

func read(path string, most int64, allowed func(fs.FileMode) bool) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a folder, not a regular file", path)
	}
	if !allowed(info.Mode()) {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1)) // it may grow while it is read
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("%s has more than the %d bytes that such a file may have", path, most)
	}
	return data, nil
}
