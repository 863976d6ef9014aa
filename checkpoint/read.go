package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/euryale-ml/euryale/device/bfloat16"
)

// Read reads a safetensors file, or the state dict in a file of torch.save (.pth); the
// contents decide which it is. Code in the latter is never run, and it has no metadata. If a
// file has several dictionaries, an average of the weights is taken, else the dictionary with
// a usual name (state_dict, model, …), else the one with the most tensors. Wrappers' names
// before all others (module., model., _orig_mod.) are removed, except in files that Euryale
// wrote. Source.Match, which knows the model, chooses better.
//
// Elements of type F16 and BF16 become float32; F32, F64 and I64 stay; other types are an
// error. Errors name the file; the error for a missing file wraps fs.ErrNotExist.
func Read(path string) (*File, error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	file, err := decode(f, size)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	return file, nil
}

// decode reads the state dict of a file of size bytes.
func decode(r readerAt, size int64) (*File, error) {
	s, err := newSource(r, size)
	if err != nil {
		return nil, err
	}
	items, names, err := s.usual()
	if err != nil {
		return nil, err
	}
	budget := 8*size + 16<<20 // an element in several views counts once for each
	for _, it := range items {
		if width(it.dtype) == 0 {
			return nil, fmt.Errorf("tensor %q: %w: %q, want F32, F64, F16, BF16 or I64", clip(it.name), ErrDType, it.dtype)
		}
		n, err := elements(it.shape)
		if err != nil {
			return nil, fmt.Errorf("%w: tensor %q: %w", ErrFormat, clip(it.name), err)
		}
		if budget -= min(int64(n), 1<<56) * 8; budget < 0 {
			return nil, fmt.Errorf("%w: its tensors would have many times the bytes of the file, %d", ErrFormat, size)
		}
	}
	tensors, err := s.load(items)
	if err != nil {
		return nil, err
	}
	for i := range tensors {
		tensors[i].Name = names[i]
	}
	return &File{Metadata: s.metadata, Tensors: tensors}, nil
}

// ReadMetadata reads only the metadata of a safetensors file. A file of torch.save has none,
// which is not an error.
func ReadMetadata(path string) (metadata map[string]string, err error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h, err := readHeader(f, size)
	if errors.Is(err, ErrPickle) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	return h.metadata, nil
}

// read reads the elements; their number has been checked against the file's size.
func (e *entry) read(r io.Reader) (any, error) {
	switch e.DType {
	case "F64":
		return plain[float64](r, e)
	case "I64":
		return plain[int64](r, e)
	case "F16":
		return widened(r, e.count, fromHalf)
	case "BF16":
		return widened(r, e.count, bfloat16.Float32)
	}
	return plain[float32](r, e)
}

// plain reads directly into the slice.
func plain[T float32 | float64 | int64](r io.Reader, e *entry) ([]T, error) {
	s := make([]T, e.count)
	b := view(s)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	if !littleEndian {
		swap(b, width(e.DType))
	}
	return s, nil
}

// widened reads 16-bit numbers as float32.
func widened(r io.Reader, count int, value func(uint16) float32) ([]float32, error) {
	s := make([]float32, count)
	var buffer [1 << 15]byte
	for i := 0; i < count; {
		b := buffer[:min(len(buffer), 2*(count-i))]
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, err
		}
		for ; len(b) > 0; b = b[2:] {
			s[i] = value(binary.LittleEndian.Uint16(b))
			i++
		}
	}
	return s, nil
}
