// Package smallfile safely reads files that should be small, such as settings and summaries:
// it refuses devices, pipes and files that are too large.
package smallfile

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Read reads a regular file of at most most bytes. The error for a missing file wraps
// fs.ErrNotExist.
func Read(path string, most int64) ([]byte, error) {
	return read(path, most, fs.FileMode.IsRegular)
}

// Input is Read for a file that a user names, which may also be a pipe, such as the shell's
// <(command).
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
