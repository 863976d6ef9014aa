package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// foreign recognizes, by their contents, files that are often mistaken for weights, and
// returns an error that names the format; nil: not recognized.
func foreign(start []byte, rest io.Reader) error {
	if len(start) == 0 {
		return fmt.Errorf("%w: the file is empty", ErrFormat)
	}
	more, _ := io.ReadAll(io.LimitReader(rest, 1<<16))
	text := append(bytes.Clone(start), more...)
	for _, f := range formats {
		for _, magic := range f.magic {
			if f.at+len(magic) <= len(text) && string(text[f.at:f.at+len(magic)]) == magic {
				if f.pickle {
					return fmt.Errorf("%w: %w", ErrFormat, ErrPickle)
				}
				return fmt.Errorf("%w: %s", ErrFormat, f.message)
			}
		}
	}
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\ufeff")), " \t\r\n")
	switch {
	case bytes.HasPrefix(trimmed, []byte("<")):
		return fmt.Errorf("%w: it begins like a web page; the download may have needed a login", ErrFormat)
	case bytes.HasPrefix(trimmed, []byte("{")):
		return foreignJSON(trimmed)
	case isONNX(text):
		return fmt.Errorf("%w: it is a model in ONNX, whose weights are not read: take the .pth or .safetensors that it was made from", ErrFormat)
	case isTensorFlow(rest):
		return fmt.Errorf("%w: it is a checkpoint of TensorFlow, which is not read", ErrFormat)
	}
	return nil
}

// formats has the bytes at the beginning of files of known formats.
var formats = []struct {
	at      int // offset of magic
	magic   []string
	pickle  bool // may be of torch.save
	message string
}{
	{0, []string{"PK\x03\x04", "\x80\x02", "\x80\x03", "\x80\x04", "\x80\x05", "L1195470371460388013333", "(dp", "(lp", "}q", "ccopy_reg"}, true, ""},
	{0, []string{"version https://git-lfs", "version "}, false, "it is the pointer of a large file that git has not fetched: git lfs pull fetches it"},
	{0, []string{"\x89HDF"}, false, "it is of another format, HDF5 (Keras), which is not read"},
	{0, []string{"GGUF"}, false, "it is of another format, GGUF, which is not read"},
	{0, []string{"\x1f\x8b"}, false, "it is compressed by gzip: unpack it first, with gunzip or tar -xzf"},
	{0, []string{"BZh"}, false, "it is compressed by bzip2: unpack it first"},
	{0, []string{"\xfd7zXZ\x00"}, false, "it is compressed by xz: unpack it first"},
	{0, []string{"\x28\xb5\x2f\xfd"}, false, "it is compressed by zstd: unpack it first"},
	{0, []string{"7z\xbc\xaf\x27\x1c", "Rar!"}, false, "it is a packed archive: unpack it first"},
	{0, []string{"storages\x00", "pickle\x00", "tensors\x00", "sys_info\x00"}, false, "it is of PyTorch 0.1, in a tar archive: load and save it in a newer PyTorch"},
	{257, []string{"ustar"}, false, "it is a tar archive: unpack it with tar -xf and name the file of weights in it"},
	{0, []string{"\x93NUMPY"}, false, "it is an array of NumPy, which is not read"},
	{4, []string{"TFL3"}, false, "it is a model of TensorFlow Lite, which is not read"},
	{0, []string{"model_checkpoint_path:"}, false, "it is of a checkpoint of TensorFlow, which is not read"},
}

// foreignJSON is the error for a file in JSON; it names the shards if the file is an index.
func foreignJSON(text []byte) error {
	if !bytes.Contains(text, []byte(`"weight_map"`)) {
		return fmt.Errorf("%w: it is a text in JSON, not the weights; they may be in model.safetensors beside it", ErrFormat)
	}
	var index struct {
		Map map[string]string `json:"weight_map"`
	}
	shards := map[string]bool{}
	if json.Unmarshal(text, &index) == nil {
		for _, file := range index.Map {
			shards[file] = true
		}
	}
	if len(shards) == 1 {
		for file := range shards {
			return fmt.Errorf("%w: it is an index of weights in another file: name that file, %s", ErrFormat, clip(file))
		}
	}
	return fmt.Errorf("%w: it is an index of weights that lie in several files: join them into one first, in Python by "+
		"safetensors.torch.save_file({k: v for f in FILES for k, v in safetensors.torch.load_file(f).items()}, \"model.safetensors\")", ErrFormat)
}

// isONNX looks for the first fields of ONNX's protocol buffer: its version, a small number,
// then the producer's name or the graph.
func isONNX(text []byte) bool {
	return len(text) > 2 && text[0] == 0x08 && text[1] < 0x40 && bytes.IndexByte([]byte{0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42}, text[2]) >= 0
}

// isTensorFlow looks for the end of a checkpoint's index, which is a table.
func isTensorFlow(r io.Reader) bool {
	f, ok := r.(io.ReadSeeker)
	if !ok {
		return false
	}
	var end [8]byte
	if _, err := f.Seek(-8, io.SeekEnd); err != nil {
		return false
	}
	_, err := io.ReadFull(f, end[:])
	return err == nil && string(end[:]) == "\x57\xfb\x80\x8b\x24\x75\x47\xdb"
}

// foreignZip is the error for a zip archive that is not of torch.save.
func foreignZip(z *zip.Reader) error {
	files := slices.Clone(z.File)
	slices.SortStableFunc(files, func(a, b *zip.File) int { // outer files first: they show the archive's own format
		return strings.Count(a.Name, "/") - strings.Count(b.Name, "/")
	})
	for _, f := range files {
		switch ext := strings.ToLower(path.Ext(f.Name)); {
		case path.Base(f.Name) == "archive_format":
			return fmt.Errorf("%w: it is a program of torch.export (.pt2): in Python, torch.save(torch.export.load(FILE).state_dict, \"weights.pth\") makes a file of its weights", ErrFormat)
		case ext == ".npy":
			return fmt.Errorf("%w: it is an archive of NumPy (.npz), which is not read", ErrFormat)
		case ext == ".h5":
			return fmt.Errorf("%w: it is a model of Keras, which is not read", ErrFormat)
		case ext == ".safetensors" || ext == ".pth" || ext == ".pt" || ext == ".bin" || ext == ".ckpt":
			return fmt.Errorf("%w: it is a packed archive: unpack it and name the file in it, %s", ErrFormat, clip(f.Name))
		}
	}
	return errPickle("the archive has no data.pkl: it is not of torch.save")
}
