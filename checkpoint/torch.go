package checkpoint

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"
)

// openTorch reads the pickle of a file of torch.save: a zip archive, or the older format of
// consecutive pickles. The tensors in it are read later.
func openTorch(r io.ReaderAt, size int64) (value any, read storageReader, err error) {
	var start [4]byte
	if _, err := r.ReadAt(start[:], 0); err != nil {
		return nil, nil, short(err)
	}
	if string(start[:]) == "PK\x03\x04" {
		return openZip(r, size)
	}
	return openLegacy(r, size)
}

// storageReader reads the bytes of a storage.
type storageReader func(s storage) ([]byte, error)

// openZip reads an archive with a pickle, data.pkl, and a file for each storage.
func openZip(r io.ReaderAt, size int64) (any, storageReader, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, nil, errPickle("%w: %w", ErrTruncated, err)
	}
	files, root := map[string]*zip.File{}, ""
	for _, f := range z.File {
		if files[f.Name] != nil {
			return nil, nil, errPickle("%q is in the archive twice", clip(f.Name))
		}
		files[f.Name] = f
		if path.Base(f.Name) == "data.pkl" && files[root+"data.pkl"] == nil {
			root = strings.TrimSuffix(f.Name, "data.pkl")
		}
	}
	if files[root+"data.pkl"] == nil {
		return nil, nil, foreignZip(z)
	}
	if files[root+"constants.pkl"] != nil {
		return nil, nil, errPickle("it is a program of TorchScript (torch.jit.save): in Python, torch.save(torch.jit.load(FILE).state_dict(), \"weights.pth\") makes a file of its weights")
	}
	stored := func(name string, limit int64) ([]byte, error) {
		f := files[root+name]
		switch {
		case f == nil:
			return nil, errPickle("the archive lacks %q", clip(name))
		case f.Method != zip.Store:
			return nil, errPickle("%q is compressed, which torch.save does not do: unpack the archive and pack it without compression (zip -0), or save it anew", clip(name))
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
		order, err := stored("byteorder", 16)
		if err != nil {
			return nil, nil, err
		}
		if string(bytes.TrimSpace(order)) != "little" {
			return nil, nil, errPickle("its numbers are in big-endian order, which is not read")
		}
	}
	data, err := stored("data.pkl", maxPickle)
	if err != nil {
		return nil, nil, err
	}
	value, _, err := unpickle(data, storageOf)
	return value, func(s storage) ([]byte, error) { return stored("data/"+s.key, size) }, err
}

// The number at the beginning of old files of torch.save, as text and as bytes.
const (
	magicText  = "119547037146038801333356"
	magicBytes = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"
)

// openLegacy reads consecutive pickles: a number that marks the format, the version, the
// machine, the object, the keys of the storages; then the storages.
func openLegacy(r io.ReaderAt, size int64) (value any, read storageReader, err error) {
	data := make([]byte, min(size, maxLegacy))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), data); err != nil {
		return nil, nil, short(err)
	}
	if start := string(data[:min(len(data), 64)]); !strings.Contains(start, magicText) && !strings.Contains(start, magicBytes) {
		return nil, nil, errPickle("it is a pickle, but not of torch.save: in Python, torch.save(model.state_dict(), \"weights.pth\") makes a file that is read")
	}
	rest := data
	seen := map[string]storage{}
	persistent := func(id any) (any, error) {
		v, err := storageOf(id)
		if s, ok := v.(storage); ok {
			seen[s.key] = s
		}
		return v, err
	}
	var parts [5]any
	for i := range parts {
		of := persistent
		if i != 3 {
			of = nil
		}
		if parts[i], rest, err = unpickle(rest, of); err != nil {
			return nil, nil, err
		}
		switch {
		case i == 0 && parts[0] != magicText:
			return nil, nil, errPickle("it does not begin as a file of torch.save")
		case i == 1 && parts[1] != int64(1001):
			return nil, nil, errPickle("its version is %s, want 1001", clip(fmt.Sprint(kindOrNumber(parts[1]))))
		}
	}
	if d, ok := parts[2].(*dict); ok && d.get("little_endian") == false {
		return nil, nil, errPickle("its numbers are in big-endian order, which is not read")
	}
	read, err = legacyStorages(r, int64(len(data)-len(rest)), size, parts[4], seen)
	return parts[3], read, err
}

// kindOrNumber is v itself if it is a number, else its kind in words.
func kindOrNumber(v any) any {
	if n, ok := v.(int64); ok {
		return n
	}
	return kindOf(v)
}

// legacyStorages finds the storages that begin at an offset in the file: each is the number of
// its elements, then the elements.
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
			return nil, errPickle("it lists a storage that no tensor lies in: %q", clip(cmp.Or(keyText(k), kindOf(k))))
		}
		var head [8]byte
		if _, err := r.ReadAt(head[:], at); err != nil {
			return nil, short(err)
		}
		w := int64(torchWidth(s.dtype))
		if w == 0 {
			return nil, errPickle("the storage %q is of %s, which is not read", clip(key), s.dtype)
		}
		bytes := s.count * w
		if n := int64(binary.LittleEndian.Uint64(head[:])); n != s.count {
			return nil, fmt.Errorf("%w: the storage %q has %d elements, %d are wanted", ErrFormat, clip(key), n, s.count)
		}
		if s.count > size || bytes > size-at-8 {
			return nil, fmt.Errorf("%w: %w: the storage %q needs %d elements, but %d bytes are left", ErrFormat, ErrTruncated, clip(key), s.count, size-at-8)
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

// torchWidth is the size of an element in bytes, also for unsupported types; 0: unknown.
func torchWidth(dtype string) int {
	switch dtype {
	case "C128":
		return 16
	case "C64", "U64":
		return 8
	case "I32", "U32", "QI32":
		return 4
	case "I16", "U16":
		return 2
	case "I8", "U8", "BOOL", "QI8", "QU8", "F8_E4M3", "F8_E5M2":
		return 1
	}
	return width(dtype)
}

// loadTorch reads tensors. Each storage is read once, even if several tensors share it.
func loadTorch(items []*item, read storageReader) ([]Tensor, error) {
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	key := func(i int) string {
		t, _ := items[i].ref.(strided)
		return t.storage.key
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(key(a), key(b)) })
	tensors := make([]Tensor, len(items))
	var held storage
	var data []byte
	for _, i := range order {
		t, ok := items[i].ref.(strided)
		if !ok {
			return nil, fmt.Errorf("tensor %q: %w: it is of %s", clip(items[i].name), ErrDType, items[i].dtype)
		}
		_, err := t.check()
		if err == nil && (data == nil || held != t.storage) {
			data, err = read(t.storage)
			held = t.storage
		}
		if err == nil && int64(len(data))/int64(width(t.storage.dtype)) < t.storage.count {
			err = fmt.Errorf("%w: %w: its storage has %d bytes, want %d elements", ErrFormat, ErrTruncated, len(data), t.storage.count)
		}
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", clip(items[i].name), err)
		}
		tensors[i] = t.read(items[i].name, data)
	}
	return tensors, nil
}

// check compares a tensor with its storage and counts its elements, possibly more than the
// storage has: a view may contain an element several times.
func (t strided) check() (elements int64, err error) {
	if width(t.storage.dtype) == 0 {
		return 0, fmt.Errorf("%w: %q, want F32, F64, F16, BF16 or I64", ErrDType, t.storage.dtype)
	}
	if slices.Contains(t.shape, 0) {
		return 0, nil
	}
	large := errPickle("the shape %v at %d is larger than its storage, %d elements", t.shape, t.offset, t.storage.count)
	elements = 1
	last := t.offset
	for i, n := range t.shape {
		if elements > math.MaxInt32*16/n || t.stride[i] > 0 && n > 1 && n-1 > (t.storage.count-last)/t.stride[i] {
			return 0, large
		}
		elements *= n
		last += (n - 1) * t.stride[i]
	}
	if last >= t.storage.count {
		return 0, large
	}
	return elements, nil
}
