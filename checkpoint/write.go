package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/euryale-ml/euryale/internal/atomicfile"
)

// Write atomically replaces the file at path by one with these tensors and metadata; after an
// error the file is unchanged. The same File makes the same bytes. Duplicate names and shapes
// that do not fit the data are errors.
func Write(path string, f *File) error {
	h, tensors, err := encodeHeader(f)
	if err != nil {
		return fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	err = atomicfile.Write(path, 0o644, func(w io.Writer) error {
		if _, err := w.Write(h); err != nil {
			return err
		}
		for _, t := range tensors {
			if err := t.write(w); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// encodeHeader makes the header with its length, padded with spaces to a multiple of 8
// bytes as the reference library does, and puts the tensors in the order of their data.
func encodeHeader(f *File) ([]byte, []Tensor, error) {
	b := bytes.NewBuffer(make([]byte, 8, 1024))
	b.WriteByte('{')
	if err := encodeMetadata(b, f.Metadata); err != nil {
		return nil, nil, err
	}
	tensors := slices.Clone(f.Tensors)
	slices.SortStableFunc(tensors, func(a, b Tensor) int { return size(b) - size(a) })
	seen, at := map[string]bool{}, 0
	for _, t := range tensors {
		dtype, err := t.describe()
		if err != nil {
			return nil, nil, err
		}
		if seen[t.Name] {
			return nil, nil, fmt.Errorf("%w: %s occurs twice", ErrTensor, t.Name)
		}
		seen[t.Name] = true
		if b.Len() > 9 {
			b.WriteByte(',')
		}
		n, _ := elements(t.Shape) // checked by describe
		end := at + n*width(dtype)
		encode(b, t.Name)
		fmt.Fprintf(b, `:{"dtype":"%s","shape":`, dtype)
		encode(b, append([]int{}, t.Shape...))
		fmt.Fprintf(b, `,"data_offsets":[%d,%d]}`, at, end)
		at = end
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	h := b.Bytes()
	if len(h)-8 > maxHeader {
		return nil, nil, fmt.Errorf("%w: the header would have %d bytes, more than %d", ErrTensor, len(h)-8, maxHeader)
	}
	binary.LittleEndian.PutUint64(h, uint64(len(h)-8))
	return h, tensors, nil
}

// encodeMetadata writes the metadata's entry, keys sorted, if there is metadata.
func encodeMetadata(b *bytes.Buffer, metadata map[string]string) error {
	for k, v := range metadata {
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return fmt.Errorf("%w: %q is not UTF-8", ErrMetadata, k)
		}
	}
	if len(metadata) > 0 {
		encode(b, metadataName)
		b.WriteByte(':')
		encode(b, metadata)
	}
	return nil
}

// encode writes JSON without the line feed of an Encoder. Texts, ints and maps of texts
// are always encoded.
func encode(b *bytes.Buffer, v any) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	b.Truncate(b.Len() - 1)
}

// size is the size of an element in bytes.
func size(t Tensor) int {
	if _, ok := t.Data.([]float32); ok {
		return 4
	}
	return 8
}

// write puts out the elements.
func (t Tensor) write(w io.Writer) error {
	switch d := t.Data.(type) {
	case []float32:
		return writeBytes(w, view(d), 4)
	case []float64:
		return writeBytes(w, view(d), 8)
	case []int64:
		return writeBytes(w, view(d), 8)
	}
	return nil // describe refuses all other types
}

func writeBytes(w io.Writer, b []byte, width int) error {
	if littleEndian {
		_, err := w.Write(b)
		return err
	}
	for part := range slices.Chunk(b, 1<<16) {
		part = slices.Clone(part)
		swap(part, width)
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}
