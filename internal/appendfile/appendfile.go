// Package appendfile appends to files all or nothing: after an error, such as a full disk, no
// part of the write remains.
package appendfile

import "os"

// End is the offset at which the complete writes of a file end. The zero value is that of an
// empty file.
type End struct {
	At   int64
	torn bool // part of a write may follow At
}

// Append writes data at the end, all or nothing. The remains of a failed write are removed at
// once or, if that fails too, before the next write; until then Append fails and writes
// nothing. The file must not be opened with O_APPEND, which does not allow writing at an
// offset nor, on Windows, truncation.
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
