package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strconv"

	"github.com/euryale-ml/euryale/internal/atomicfile"
)

// WriteTorch writes the tensors as a file that torch.load reads, also with weights_only: a
// state dict in a zip archive, without the metadata. The file is written completely or not at
// all.
func WriteTorch(path string, f *File) error {
	for _, t := range f.Tensors {
		if _, err := t.describe(); err != nil {
			return fmt.Errorf("checkpoint: %s: %w", path, err)
		}
	}
	err := atomicfile.Write(path, 0o644, func(w io.Writer) error { return writeTorch(w, f.Tensors) })
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

func writeTorch(w io.Writer, tensors []Tensor) error {
	z := zip.NewWriter(w)
	put := func(name string, data []byte) error {
		h := &zip.FileHeader{
			Name: "archive/" + name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(data),
			CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(len(data)),
		}
		to, err := z.CreateRaw(h) // sizes first, as torch writes them
		if err == nil {
			_, err = to.Write(data)
		}
		return err
	}
	if err := put("data.pkl", pickleOf(tensors)); err != nil {
		return err
	}
	if err := put("byteorder", []byte("little")); err != nil {
		return err
	}
	for i, t := range tensors {
		data, width := t.bytes()
		if !littleEndian {
			data = bytes.Clone(data)
			swap(data, width)
		}
		if err := put("data/"+strconv.Itoa(i), data); err != nil {
			return err
		}
	}
	if err := put("version", []byte("3\n")); err != nil {
		return err
	}
	return z.Close()
}

// bytes is the memory of the elements, and the size of one element.
func (t Tensor) bytes() ([]byte, int) {
	switch d := t.Data.(type) {
	case []float32:
		return view(d), 4
	case []float64:
		return view(d), 8
	case []int64:
		return view(d), 8
	}
	return nil, 1
}

// pickleOf writes an OrderedDict of tensors in protocol 2.
func pickleOf(tensors []Tensor) []byte {
	p := []byte("\x80\x02ccollections\nOrderedDict\n)R(")
	for i, t := range tensors {
		class := map[string]string{"F32": "FloatStorage", "F64": "DoubleStorage", "I64": "LongStorage"}[dtypeOf(t)]
		n, _ := elements(t.Shape)
		p = pickleText(p, t.Name)
		p = append(p, "ctorch._utils\n_rebuild_tensor_v2\n(("...)
		p = pickleText(p, "storage")
		p = append(p, "ctorch\n"+class+"\n"...)
		p = pickleText(p, strconv.Itoa(i))
		p = pickleText(p, "cpu")
		p = append(pickleInt(p, n), "tQ"...)
		p = append(pickleInt(p, 0), '(')
		for _, d := range t.Shape {
			p = pickleInt(p, d)
		}
		p = append(p, "t("...)
		for axis := range t.Shape {
			stride := 1
			for _, d := range t.Shape[axis+1:] {
				stride *= d
			}
			p = pickleInt(p, stride)
		}
		p = append(p, "t\x89ccollections\nOrderedDict\n)RtR"...)
	}
	return append(p, "u."...)
}

func dtypeOf(t Tensor) string {
	dtype, _ := t.describe()
	return dtype
}

func pickleText(p []byte, s string) []byte {
	p = binary.LittleEndian.AppendUint32(append(p, 'X'), uint32(len(s)))
	return append(p, s...)
}

// pickleInt writes a number of at least 0.
func pickleInt(p []byte, n int) []byte {
	if n <= math.MaxInt32 {
		return binary.LittleEndian.AppendUint32(append(p, 'J'), uint32(n))
	}
	return binary.LittleEndian.AppendUint64(append(p, 0x8a, 8), uint64(n))
}
