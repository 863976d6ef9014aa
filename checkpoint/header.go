package checkpoint

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// maxHeader bounds the header, as the reference library does.
const maxHeader = 100_000_000

// entry is a tensor in the header.
type entry struct {
	name    string
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets []uint64 `json:"data_offsets"` // begin and end within the data
	count   int      // of elements
}

// header is the parsed header of a file.
type header struct {
	entries  []entry // in the order of their data
	metadata map[string]string
	size     int64 // in bytes, with the 8 of its length: the data begins there
}

// readHeader reads the header of a file of size bytes.
func readHeader(r io.Reader, size int64) (*header, error) {
	var start [9]byte // the header's length and its first byte
	n, err := io.ReadFull(r, start[:])
	length := binary.LittleEndian.Uint64(start[:])
	// The first bytes of a zip archive read as a length of 67 MB, those of a gzip as 0.6 MB.
	if n < len(start) || length > maxHeader || int64(length) > size-8 || start[8] != '{' {
		if err := foreign(start[:n], r); err != nil {
			return nil, err
		}
	}
	switch {
	case err != nil && (n < 8 || length > 0):
		return nil, short(err)
	case length > maxHeader:
		return nil, fmt.Errorf("%w: it is of no format that is known here: its header would have %d bytes, more than %d", ErrFormat, length, maxHeader)
	case int64(length) > size-8:
		return nil, fmt.Errorf("%w: %w: its header has %d bytes, the file %d", ErrFormat, ErrTruncated, length, size)
	case length == 0 || start[8] != '{':
		return nil, fmt.Errorf("%w: its header does not begin with {", ErrFormat)
	}
	text := make([]byte, length)
	text[0] = '{'
	if _, err := io.ReadFull(r, text[1:]); err != nil {
		return nil, short(err)
	}
	h, err := parseHeader(text)
	if err != nil {
		return nil, err
	}
	h.size = 8 + int64(length)
	return h, h.check(uint64(size) - 8 - length)
}

// short replaces an end-of-file error by ErrTruncated.
func short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", ErrFormat, ErrTruncated)
	}
	return err
}

// parseHeader parses the JSON; a name that occurs twice is an error.
func parseHeader(text []byte) (*header, error) {
	bad := func(err error) error { return fmt.Errorf("%w: its header: %w", ErrFormat, err) }
	if len(text) == 0 || text[0] != '{' {
		return nil, bad(errors.New("does not begin with {"))
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return nil, bad(err)
	}
	h, seen := new(header), map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, bad(err)
		}
		name := key.(string) // a key of an object is always a string
		if seen[name] {
			return nil, bad(fmt.Errorf("%q occurs twice", name))
		}
		seen[name] = true
		if name == metadataName {
			if err := d.Decode(&h.metadata); err != nil {
				return nil, bad(fmt.Errorf("%s: %w", name, err))
			}
			continue
		}
		e := entry{name: name}
		if err := d.Decode(&e); err != nil {
			return nil, bad(fmt.Errorf("tensor %q: %w", name, err))
		}
		h.entries = append(h.entries, e)
	}
	if _, err := d.Token(); err != nil {
		return nil, bad(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, bad(errors.New("something follows the object"))
	}
	return h, nil
}

// check compares the tensors with each other and with the bytes that follow the header.
func (h *header) check(size uint64) error {
	for i := range h.entries {
		if err := h.entries[i].check(); err != nil {
			return err
		}
	}
	slices.SortStableFunc(h.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Offsets[0], b.Offsets[0]), cmp.Compare(a.Offsets[1], b.Offsets[1]))
	})
	at := uint64(0)
	for _, e := range h.entries {
		if e.Offsets[0] != at {
			return fmt.Errorf("%w: tensor %q begins at byte %d of the data, want %d: tensors must follow each other without gap or overlap",
				ErrFormat, e.name, e.Offsets[0], at)
		}
		at = e.Offsets[1]
	}
	switch {
	case at > size:
		return fmt.Errorf("%w: %w: its tensors have %d bytes, but %d follow the header", ErrFormat, ErrTruncated, at, size)
	case at < size:
		return fmt.Errorf("%w: %d bytes at its end belong to no tensor", ErrFormat, size-at)
	}
	return nil
}

// check compares a tensor's type, shape and offsets.
func (e *entry) check() error {
	if e.name == "" || e.Shape == nil || len(e.Offsets) != 2 {
		return fmt.Errorf("%w: tensor %q: want a name, a shape and two data_offsets", ErrFormat, e.name)
	}
	n, err := elements(e.Shape)
	if err != nil {
		return fmt.Errorf("%w: tensor %q: %w", ErrFormat, e.name, err)
	}
	begin, end, w := e.Offsets[0], e.Offsets[1], torchWidth(e.DType)
	if end < begin || w > 0 && end-begin != uint64(n)*uint64(w) {
		return fmt.Errorf("%w: tensor %q: %s of shape %v has %d bytes, its data_offsets %d to %d do not",
			ErrFormat, e.name, e.DType, e.Shape, uint64(n)*uint64(w), begin, end)
	}
	e.count = n
	return nil
}
