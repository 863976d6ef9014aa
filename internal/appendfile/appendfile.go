// Package appendfile appends to files so that an error, such as a full disk, leaves no
// part of a write behind.
package appendfile

import "os"

// End is where the good part of a file ends. The zero value is that of an empty file.
type End struct {
	At   int64
	torn bool // part of a write may follow At
}

// Append writes data at the end, all or nothing. What a failed write left is cut off at
// once or, if the system refuses that as well, before the next write: until it is gone,
// Append fails and writes nothing. The file must not be opened with O_APPEND, which
// allows neither writing at a position nor, on Windows, cutting.
func (e *End) Append(f *os.File, data []byte) error {
	if e.torn {
		if err := f.Truncate(e.At); err != nil {
			return err
		}
		e.torn = false
	}
	if _, err := f.WriteAt(data, e.At); err != nil {
		e.torn = f.Truncate(e.At) != nil
		return err
	}
	e.At += int64(len(data))
	return nil
}

// Torn reports whether a part of a failed write is still in the file.
func (e *End) Torn() bool { return e.torn }
