package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// Read reads a safetensors file, or a file of torch.save (.pth) that holds a state dict,
// which it tells by their contents. Of the latter nothing is run, and there is no
// metadata. Elements of type F16 and BF16 become float32; other types than F32, F64 and
// I64 are an error. Errors name the file; that of a file which is not there wraps
// fs.ErrNotExist.
func Read(path string) (*File, error) {
	f := new(File)
	err := withFile(path, func(r *os.File, size int64) (err error) {
		if f, err = decode(r, size); errors.Is(err, ErrPickle) {
			f, err = decodeTorch(r, size)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// ReadMetadata reads the metadata of a safetensors file and leaves the tensors. A file of
// torch.save has none, which is no error.
func ReadMetadata(path string) (metadata map[string]string, err error) {
	err = withFile(path, func(r *os.File, size int64) error {
		h, err := readHeader(r, size)
		if errors.Is(err, ErrPickle) {
			return nil
		}
		if err == nil {
			metadata = h.metadata
		}
		return err
	})
	return metadata, err
}

// withFile opens a regular file and names it in errors.
func withFile(path string, read func(r *os.File, size int64) error) error {
	info, err := os.Stat(path) // first: opening a pipe would wait
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if info.IsDir() {
		return fmt.Errorf("checkpoint: %s: %w: it is a folder, and no run's, which has checkpoints/best.safetensors", path, ErrFormat)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("checkpoint: %s: %w: it is no regular file", path, ErrFormat)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	err = read(f, info.Size())
	if err != nil {
		return fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	return nil
}

// decode reads a file of so many bytes.
func decode(r io.Reader, size int64) (*File, error) {
	h, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	f := &File{Metadata: h.metadata, Tensors: make([]Tensor, 0, len(h.entries))}
	for _, e := range h.entries {
		data, err := e.read(r)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", e.name, short(err))
		}
		f.Tensors = append(f.Tensors, Tensor{Name: e.name, Shape: e.Shape, Data: data})
	}
	return f, nil
}

// read reads the elements, which the file's size has been found to hold.
func (e *entry) read(r io.Reader) (any, error) {
	switch e.DType {
	case "F64":
		return plain[float64](r, e)
	case "I64":
		return plain[int64](r, e)
	case "F16":
		return widened(r, e.count, fromHalf)
	case "BF16":
		return widened(r, e.count, fromBrain)
	}
	return plain[float32](r, e)
}

// plain reads straight into the slice.
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
