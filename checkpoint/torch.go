package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// decodeTorch reads a file of torch.save: a zip archive, or what was written before there
// were such.
func decodeTorch(r io.ReaderAt, size int64) (*File, error) {
	var start [4]byte
	if _, err := r.ReadAt(start[:], 0); err != nil {
		return nil, short(err)
	}
	if string(start[:]) == "PK\x03\x04" {
		return decodeZip(r, size)
	}
	return decodeLegacy(r, size)
}

// storageReader reads the bytes of a storage.
type storageReader func(s storage) ([]byte, error)

// decodeZip reads an archive with a pickle, data.pkl, and a file for each storage.
func decodeZip(r io.ReaderAt, size int64) (*File, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, errPickle("%w: %w", ErrTruncated, err)
	}
	files, root := map[string]*zip.File{}, ""
	for _, f := range z.File {
		if files[f.Name] != nil {
			return nil, errPickle("%q is in the archive twice", clip(f.Name))
		}
		files[f.Name] = f
		if path.Base(f.Name) == "data.pkl" {
			root = strings.TrimSuffix(f.Name, "data.pkl")
		}
	}
	if files[root+"data.pkl"] == nil {
		return nil, errPickle("the archive has no data.pkl: it is not of torch.save")
	}
	if files[root+"constants.pkl"] != nil && files[root+"code/"] != nil {
		return nil, errPickle("it is a program of TorchScript; save its state_dict() instead")
	}
	stored := func(name string, limit int64) ([]byte, error) {
		f := files[root+name]
		switch {
		case f == nil:
			return nil, errPickle("the archive lacks %q", clip(name))
		case f.Method != zip.Store:
			return nil, errPickle("%q is compressed, which torch.save does not do", clip(name))
		case f.UncompressedSize64 > uint64(min(size, limit)) || f.UncompressedSize64 != f.CompressedSize64:
			return nil, errPickle("%q would have %d bytes, the file has %d", clip(name), f.UncompressedSize64, size)
		}
		from, err := f.Open()
		if err != nil {
			return nil, errPickle("%q: %w", clip(name), err)
		}
		defer from.Close()
		data := make([]byte, f.UncompressedSize64)
		if _, err := io.ReadFull(from, data); err != nil {
			return nil, fmt.Errorf("%w: %w: %q", ErrFormat, ErrTruncated, clip(name))
		}
		if n, err := from.Read(make([]byte, 1)); n > 0 || err != nil && !errors.Is(err, io.EOF) { // the checksum
			return nil, errPickle("%q is damaged", clip(name))
		}
		return data, nil
	}
	if files[root+"byteorder"] != nil {
		if order, err := stored("byteorder", 16); err != nil || string(bytes.TrimSpace(order)) != "little" {
			return nil, errPickle("its numbers are in big-endian order, which is not read")
		}
	}
	data, err := stored("data.pkl", maxPickle)
	if err != nil {
		return nil, err
	}
	value, _, err := unpickle(data, storageOf)
	if err != nil {
		return nil, err
	}
	return tensors(value, size, func(s storage) ([]byte, error) { return stored("data/"+s.key, size) })
}

// decodeLegacy reads pickles behind each other: a number that says what this is, the
// version, the machine, the object, the keys of the storages; then the storages.
func decodeLegacy(r io.ReaderAt, size int64) (*File, error) {
	data := make([]byte, min(size, maxPickle))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), data); err != nil {
		return nil, short(err)
	}
	rest := data
	next := func(persistent func(any) (any, error)) (v any, err error) {
		v, rest, err = unpickle(rest, persistent)
		return v, err
	}
	magic, err := next(nil)
	if err != nil {
		return nil, err
	}
	if magic != "119547037146038801333356" {
		return nil, errPickle("it is a pickle, but not of torch.save")
	}
	if version, err := next(nil); err != nil || version != int64(1001) {
		return nil, errPickle("its version is %v, want 1001", version)
	}
	machine, err := next(nil)
	if err != nil {
		return nil, err
	}
	if d, ok := machine.(*dict); ok {
		for i, k := range d.keys {
			if k == "little_endian" && d.values[i] != true {
				return nil, errPickle("its numbers are in big-endian order, which is not read")
			}
		}
	}
	seen := map[string]storage{}
	value, err := next(func(id any) (any, error) {
		v, err := storageOf(id)
		if s, ok := v.(storage); ok {
			seen[s.key] = s
		}
		return v, err
	})
	if err != nil {
		return nil, err
	}
	keys, err := next(nil)
	if err != nil {
		return nil, err
	}
	read, err := legacyStorages(r, int64(len(data)-len(rest)), size, keys, seen)
	if err != nil {
		return nil, err
	}
	return tensors(value, size, read)
}

// legacyStorages finds the storages from a place in the file on: each is the number of its
// elements, and they.
func legacyStorages(r io.ReaderAt, at, size int64, keys any, seen map[string]storage) (storageReader, error) {
	order, ok := keys.(*list)
	if !ok {
		return nil, errPickle("it does not list its storages")
	}
	places := map[string]int64{}
	for _, k := range order.items {
		key, ok := k.(string)
		s, known := seen[key]
		if !ok || !known {
			return nil, errPickle("it lists a storage that no tensor lies in: %q", clip(fmt.Sprint(k)))
		}
		var head [8]byte
		if _, err := r.ReadAt(head[:], at); err != nil {
			return nil, short(err)
		}
		bytes := s.count * int64(torchWidth(s.dtype))
		if n := int64(binary.LittleEndian.Uint64(head[:])); n != s.count || s.count > size || bytes > size-at-8 {
			return nil, fmt.Errorf("%w: %w: the storage %q has %d elements, %d are wanted", ErrFormat, ErrTruncated, clip(key), n, s.count)
		}
		places[key] = at + 8
		at += 8 + bytes
	}
	return func(s storage) ([]byte, error) {
		from, ok := places[s.key]
		if !ok {
			return nil, errPickle("the storage %q is missing", clip(s.key))
		}
		data := make([]byte, seen[s.key].count*int64(torchWidth(s.dtype)))
		if _, err := r.ReadAt(data, from); err != nil {
			return nil, short(err)
		}
		return data, nil
	}, nil
}

// torchWidth is the size of an element in bytes.
func torchWidth(dtype string) int {
	switch dtype {
	case "I32":
		return 4
	case "I16":
		return 2
	case "I8", "U8", "BOOL":
		return 1
	}
	return width(dtype)
}

// tensors reads those of a state dict.
func tensors(value any, size int64, read storageReader) (*File, error) {
	d, err := stateDict(value)
	if err != nil {
		return nil, err
	}
	var names []string
	var refs []strided
	seen, total := map[string]bool{}, int64(0)
	for i, v := range d.values {
		t, ok := v.(strided)
		if !ok {
			continue // a setting beside the tensors
		}
		name, ok := d.keys[i].(string)
		if !ok || name == "" || seen[name] {
			return nil, errPickle("a tensor without a name, or one twice: %q", clip(fmt.Sprint(d.keys[i])))
		}
		seen[name] = true
		n, err := t.check()
		if err == nil && t.storage.count > size {
			err = errPickle("its storage would have more elements, %d, than the file has bytes", t.storage.count)
		}
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", clip(name), err)
		}
		if total += n * int64(torchWidth(t.storage.dtype)); total > size {
			return nil, errPickle("its tensors would have more bytes than the file, %d", size)
		}
		names, refs = append(names, name), append(refs, t)
	}
	withoutPrefix(names)
	f := &File{}
	var held storage // the last one, since tensors of one storage mostly follow each other
	var data []byte
	for i, t := range refs {
		if data == nil || held != t.storage {
			if data, err = read(t.storage); err != nil {
				return nil, fmt.Errorf("tensor %q: %w", clip(names[i]), err)
			}
			held = t.storage
		}
		if int64(len(data)) < t.storage.count*int64(torchWidth(t.storage.dtype)) {
			return nil, fmt.Errorf("tensor %q: %w: %w: its storage has %d bytes, want %d elements", clip(names[i]), ErrFormat, ErrTruncated, len(data), t.storage.count)
		}
		f.Tensors = append(f.Tensors, t.read(names[i], data))
	}
	return f, nil
}

// check compares a tensor with its storage and counts its elements.
func (t strided) check() (elements int64, err error) {
	if width(t.storage.dtype) == 0 {
		return 0, fmt.Errorf("%w: %q, want F32, F64, F16, BF16 or I64", ErrDType, t.storage.dtype)
	}
	if slices.Contains(t.shape, 0) {
		return 0, nil
	}
	elements = 1
	last := t.offset
	for i, n := range t.shape {
		if elements > t.storage.count/n || t.stride[i] > 0 && n > 1 && n-1 > (t.storage.count-last)/t.stride[i] {
			return 0, errPickle("the shape %v at %d is larger than its storage, %d elements", t.shape, t.offset, t.storage.count)
		}
		elements *= n
		last += (n - 1) * t.stride[i]
	}
	if last >= t.storage.count {
		return 0, errPickle("the shape %v at %d is larger than its storage, %d elements", t.shape, t.offset, t.storage.count)
	}
	return elements, nil
}
