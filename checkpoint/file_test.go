package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestReadTorch reads what the reference library wrote.
func TestReadTorch(t *testing.T) {
	f, err := Read("testdata/torch.safetensors")
	must(t, err)
	conv := make([]float32, 24)
	for i := range conv {
		conv[i] = float32(i) / 4
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	want := []Tensor{
		{"conv.weight", []int{2, 3, 2, 2}, conv},
		{"bn.running_mean", []int{2}, []float64{1.0 / 3, -1e300}},
		{"bn.num_batches_tracked", []int{}, []int64{1<<40 + 1}},
		{"half", []int{11}, []float32{0, float32(math.Copysign(0, -1)), 1, -1.5, 65504, 0x1p-14, 0x1p-24, -1023 * 0x1p-24, inf, -inf, nan}},
		{"brain", []int{5}, []float32{1, -3.140625, 9.969209968386869e+37, inf, nan}},
		{"empty", []int{0, 3}, []float32{}},
		{"naïve \"name\"", []int{1}, []float32{7}},
	}
	if len(f.Tensors) != len(want) {
		t.Errorf("%d tensors, want %d", len(f.Tensors), len(want))
	}
	for _, w := range want {
		got, ok := f.Find(w.Name)
		if !ok || fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", w) {
			t.Errorf("%v\ngot  %#v\nwant %#v", ok, got, w)
		}
	}
	metadata, err := ReadMetadata("testdata/torch.safetensors")
	must(t, err)
	if !reflect.DeepEqual(metadata, map[string]string{"format": "pt", "note": "a < b & c"}) || !reflect.DeepEqual(metadata, f.Metadata) {
		t.Errorf("metadata %v and %v", metadata, f.Metadata)
	}
	if _, ok := f.Find("fc.weight"); ok {
		t.Error("found what is not there")
	}
}

// sample has every type, an empty tensor, a scalar, and an odd number of float32.
func sample() *File {
	return &File{
		Tensors: []Tensor{
			{"conv.weight", []int{3, 1}, []float32{1, -2.5, float32(math.Inf(1))}},
			{"bn.num_batches_tracked", []int{}, []int64{-7}},
			{"empty", []int{0, 3}, []float32{}},
			{"<&>\u2028", []int{2}, []float64{math.Pi, -0x1p-1074}},
			{"fc.bias", []int{1}, []float32{0.1}},
		},
		Metadata: map[string]string{"b": "<2>", "a": "\"1\"\n"},
	}
}

func encoded(t *testing.T, f *File) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.safetensors")
	must(t, Write(path, f))
	data, err := os.ReadFile(path)
	must(t, err)
	return data
}

// TestWrite reads back what was written, and the bytes of the header.
func TestWrite(t *testing.T) {
	data := encoded(t, sample())
	length := binary.LittleEndian.Uint64(data)
	want := `{"__metadata__":{"a":"\"1\"\n","b":"<2>"},"bn.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]},` +
		`"<&>\u2028":{"dtype":"F64","shape":[2],"data_offsets":[8,24]},"conv.weight":{"dtype":"F32","shape":[3,1],"data_offsets":[24,36]},` +
		`"empty":{"dtype":"F32","shape":[0,3],"data_offsets":[36,36]},"fc.bias":{"dtype":"F32","shape":[1],"data_offsets":[36,40]}}`
	if got := string(data[8 : 8+length]); strings.TrimRight(got, " ") != want || length%8 != 0 || len(got)-len(want) > 7 {
		t.Errorf("header of %d bytes\n%s\nwant\n%s", length, got, want)
	}
	if !bytes.Equal(data, encoded(t, sample())) {
		t.Error("the same File made other bytes")
	}
	got, err := decode(bytes.NewReader(data), int64(len(data)))
	must(t, err)
	s := sample()
	if !reflect.DeepEqual(got.Metadata, s.Metadata) || len(got.Tensors) != len(s.Tensors) {
		t.Errorf("read back %+v", got)
	}
	for _, w := range s.Tensors {
		if g, _ := got.Find(w.Name); !reflect.DeepEqual(g, w) {
			t.Errorf("read back %#v, want %#v", g, w)
		}
	}
	if f, err := decode(bytes.NewReader(encoded(t, &File{})), 16); err != nil || len(f.Tensors) != 0 || f.Metadata != nil {
		t.Errorf("an empty file: %+v, %v", f, err)
	}
}

// TestWriteErrors leaves the file that was there.
func TestWriteErrors(t *testing.T) {
	one := []float32{1}
	path := filepath.Join(t.TempDir(), "old.safetensors")
	must(t, os.WriteFile(path, []byte("old"), 0o644))
	for says, f := range map[string]*File{
		"a occurs twice":                 {Tensors: []Tensor{{"a", []int{1}, one}, {"a", []int{1}, one}}},
		"a has 1 elements":               {Tensors: []Tensor{{"a", []int{2}, one}}},
		"is not the shape [-1]":          {Tensors: []Tensor{{"a", []int{-1}, one}}},
		`"" cannot be a tensor's name`:   {Tensors: []Tensor{{"", []int{1}, one}}},
		`"__metadata__" cannot be`:       {Tensors: []Tensor{{"__metadata__", []int{1}, one}}},
		`"\xff" cannot be`:               {Tensors: []Tensor{{"\xff", []int{1}, one}}},
		"[]int32, want []float32":        {Tensors: []Tensor{{"a", []int{1}, []int32{1}}}},
		`"k" is not UTF-8`:               {Metadata: map[string]string{"k": "\xff"}},
		"type of elements not supported": {Tensors: []Tensor{{"a", nil, nil}}},
	} {
		err := Write(path, f)
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v, want %q and the path", err, says)
		}
	}
	if data, _ := os.ReadFile(path); string(data) != "old" {
		t.Errorf("the old file is now %q", data)
	}
	if err := Write(filepath.Join(t.TempDir(), "no", "f"), sample()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("into no folder: %v", err)
	}
	if runtime.GOOS == "linux" {
		if err := Write("/dev/full", sample()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("onto a device: %v", err)
		}
	}
}

// made is a file with this header and so many bytes of data.
func made(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func f32(shape, offsets string) string {
	return `{"dtype":"F32","shape":` + shape + `,"data_offsets":` + offsets + `}`
}

// hostile are files that must be refused, and why.
var hostile = []struct {
	name string
	data []byte
	is   error
	says string
}{
	{"empty", nil, ErrFormat, "the file is empty"},
	{"seven bytes", []byte("1234567"), ErrTruncated, "cut short"},
	{"zip of torch.save", []byte("PK\x03\x04\x00\x00\x08\x08\x00\x00"), ErrPickle, "of torch.save"},
	{"pickle of torch.save", []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20"), ErrPickle, "of torch.save"},
	{"web page", []byte("<!DOCTYPE html><html>"), ErrFormat, "web page"},
	{"pointer of git", []byte("version https://git-lfs.github.com/spec/v1\n"), ErrFormat, "git has not fetched"},
	{"gzip", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"), ErrFormat, "compressed by gzip"},
	{"gzip without a time, as long as its beginning says", append([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"), make([]byte, 0x88b1f)...), ErrFormat, "compressed by gzip"},
	{"bzip2", []byte("BZh91AY&SY......"), ErrFormat, "compressed by bzip2"},
	{"xz", []byte("\xfd7zXZ\x00\x00\x04...."), ErrFormat, "compressed by xz"},
	{"zstd", []byte("\x28\xb5\x2f\xfd\x04\x00....."), ErrFormat, "compressed by zstd"},
	{"tar", append(append([]byte("weights/best.pth"), make([]byte, 241)...), "ustar\x0000"...), ErrFormat, "a tar archive"},
	{"tar of PyTorch 0.1", append(append([]byte("storages\x00"), make([]byte, 248)...), "ustar\x0000"...), ErrFormat, "PyTorch 0.1"},
	{"ONNX", []byte("\x08\x08\x12\x07pytorch\x1a\x052.1.0:\x80"), ErrFormat, "ONNX"},
	{"array of NumPy", []byte("\x93NUMPY\x01\x00v\x00{'descr'"), ErrFormat, "NumPy"},
	{"index of shards", []byte(`{"metadata": {}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}`), ErrFormat, "several files"},
	{"index of one file", []byte(`{"metadata": {}, "weight_map": {"a": "model.safetensors"}}`), ErrFormat, "name that file, model.safetensors"},
	{"config.json", []byte(`{"architectures": ["ResNetForImageClassification"]}`), ErrFormat, "text in JSON"},
	{"XML after an empty line", []byte("\n<?xml version='1.0'?><Error>"), ErrFormat, "web page"},
	{"checkpoint of TensorFlow", []byte("model_checkpoint_path: \"model.ckpt-3\""), ErrFormat, "TensorFlow"},
	{"its index", []byte("\x00\x00\x12\x08\x01\x00\x08\x01........\x57\xfb\x80\x8b\x24\x75\x47\xdb"), ErrFormat, "TensorFlow"},
	{"a pickle of protocol 0", []byte("(dp0\nVa\np1\nI1\ns."), ErrPickle, "not of torch.save"},
	{"a pickle of protocol 4", []byte("\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00}\x94."), ErrPickle, "not of torch.save"},
	{"HDF5", []byte("\x89HDF\r\n\x1a\n     "), ErrFormat, "another format"},
	{"text", []byte("hello, this is no checkpoint"), ErrFormat, "its header would have"},
	{"header of 2^63", append(binary.LittleEndian.AppendUint64(nil, 1<<63), '{', '}'), ErrFormat, "its header would have 9223372036854775808"},
	{"header longer than the file", append(binary.LittleEndian.AppendUint64(nil, 99_999_999), '{', '}'), ErrTruncated, "its header has 99999999 bytes, the file 10"},
	{"no header", made("", 0), ErrFormat, "does not begin with {"},
	{"a list", made("[]", 0), ErrFormat, "does not begin with {"},
	{"space first", made(" {}", 0), ErrFormat, "does not begin with {"},
	{"half an object", made(`{"a":`, 0), ErrFormat, `its header: tensor "a"`},
	{"open object", made(`{"a":`+f32("[1]", "[0,4]"), 4), ErrFormat, "its header"},
	{"two objects", made(`{}{}`, 0), ErrFormat, "something follows"},
	{"a name twice", made(`{"a":`+f32("[1]", "[0,4]")+`,"a":`+f32("[1]", "[4,8]")+`}`, 8), ErrFormat, `"a" occurs twice`},
	{"metadata twice", made(`{"__metadata__":{},"__metadata__":{}}`, 0), ErrFormat, "occurs twice"},
	{"metadata of numbers", made(`{"__metadata__":{"a":1}}`, 0), ErrFormat, "__metadata__"},
	{"negative axis", made(`{"a":`+f32("[-1]", "[0,4]")+`}`, 4), ErrFormat, "a negative axis"},
	{"two negative axes", made(`{"a":`+f32("[-1,-1]", "[0,4]")+`}`, 4), ErrFormat, "a negative axis"},
	{"product that overflows", made(`{"a":`+f32("[4294967296,4294967296,4294967296]", "[0,0]")+`}`, 0), ErrFormat, "too many elements"},
	{"product that overflows to 0", made(`{"a":`+f32("[4611686018427387904,4]", "[0,0]")+`}`, 0), ErrFormat, "too many elements"},
	{"bytes that overflow to 0", made(`{"a":`+f32("[4611686018427387904]", "[0,0]")+`}`, 0), ErrFormat, "too many elements"},
	{"axis beyond 64 bits", made(`{"a":`+f32("[99999999999999999999]", "[0,4]")+`}`, 4), ErrFormat, `tensor "a"`},
	{"huge but consistent", made(`{"a":`+f32("[1000000000000]", "[0,4000000000000]")+`}`, 4), ErrTruncated, "its tensors have 4000000000000 bytes, but 4"},
	{"axis of half", made(`{"a":`+f32("[1.5]", "[0,4]")+`}`, 4), ErrFormat, `tensor "a"`},
	{"no shape", made(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4), ErrFormat, "a shape"},
	{"three offsets", made(`{"a":`+f32("[1]", "[0,4,4]")+`}`, 4), ErrFormat, "two data_offsets"},
	{"offsets backwards", made(`{"a":`+f32("[1]", "[4,0]")+`}`, 4), ErrFormat, "its data_offsets 4 to 0"},
	{"negative offset", made(`{"a":`+f32("[1]", "[-4,0]")+`}`, 4), ErrFormat, `tensor "a"`},
	{"offsets of another size", made(`{"a":`+f32("[2]", "[0,4]")+`}`, 4), ErrFormat, "F32 of shape [2] has 8 bytes"},
	{"gap", made(`{"a":`+f32("[1]", "[0,4]")+`,"b":`+f32("[1]", "[8,12]")+`}`, 12), ErrFormat, "without gap or overlap"},
	{"gap at the start", made(`{"a":`+f32("[1]", "[4,8]")+`}`, 8), ErrFormat, "begins at byte 4"},
	{"overlap", made(`{"a":`+f32("[2]", "[0,8]")+`,"b":`+f32("[2]", "[4,12]")+`}`, 12), ErrFormat, "without gap or overlap"},
	{"the same bytes twice", made(`{"a":`+f32("[1]", "[0,4]")+`,"b":`+f32("[1]", "[0,4]")+`}`, 4), ErrFormat, "without gap or overlap"},
	{"data cut short", made(`{"a":`+f32("[2]", "[0,8]")+`}`, 7), ErrTruncated, "its tensors have 8 bytes, but 7"},
	{"more data", made(`{"a":`+f32("[2]", "[0,8]")+`}`, 9), ErrFormat, "1 bytes at its end belong to no tensor"},
	{"a header of brackets", made(`{"a":`+strings.Repeat("[", 20_000)+"}", 0), ErrFormat, `tensor "a"`},
	{"integers", made(`{"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}`, 4), ErrDType, `tensor "a": type of elements not supported: "I32"`},
	{"no name", made(`{"":`+f32("[1]", "[0,4]")+`}`, 4), ErrFormat, "want a name"},
}

func TestHostile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.pth")
	for _, c := range hostile {
		must(t, os.WriteFile(path, c.data, 0o644))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err := Read(path)
		runtime.ReadMemStats(&after)
		if f != nil || !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %v with %q and the path", c.name, err, c.is, c.says)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
			t.Errorf("%s: took %d bytes of memory", c.name, took)
		}
	}
}

// TestCutAnywhere cuts a good file at every byte.
func TestCutAnywhere(t *testing.T) {
	data := encoded(t, sample())
	for n := range data {
		if _, err := decode(bytes.NewReader(data[:n]), int64(n)); !errors.Is(err, ErrFormat) {
			t.Errorf("cut at %d: %v", n, err)
		}
		// A file that shrinks while it is read.
		if _, err := decode(bytes.NewReader(data[:n]), int64(len(data))); !errors.Is(err, ErrFormat) {
			t.Errorf("ends at %d: %v", n, err)
		}
	}
}

func TestReadErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(dir); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: %v", err)
	}
	must(t, os.WriteFile(filepath.Join(dir, "pytorch_model.bin"), nil, 0o644))
	if _, err := Read(dir); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "name a file in it: pytorch_model.bin") {
		t.Errorf("a folder with a file of weights: %v", err)
	}
	if _, err := ReadMetadata(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestSwap(t *testing.T) {
	b := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	swap(b, 4)
	if !slices.Equal(b, []byte{4, 3, 2, 1, 8, 7, 6, 5}) {
		t.Errorf("by 4: %v", b)
	}
	swap(b, 8)
	if !slices.Equal(b, []byte{5, 6, 7, 8, 1, 2, 3, 4}) {
		t.Errorf("by 8: %v", b)
	}
}

// TestPython lets the reference library read what was written, if EURYALE_PYTHON names a
// Python that has it.
func TestPython(t *testing.T) {
	python := os.Getenv("EURYALE_PYTHON")
	if python == "" {
		t.Skip("EURYALE_PYTHON is not set")
	}
	f := sample()
	f.Metadata = Info{Model: "vgg16", Classes: []string{"Abyssinian", "Bengal"}}.Metadata()
	path := filepath.Join(t.TempDir(), "f.safetensors")
	must(t, Write(path, f))
	script := `
import sys, json, torch
from safetensors import safe_open
from safetensors.torch import load_file
t = load_file(sys.argv[1])
assert t["conv.weight"].tolist() == [[1.0], [-2.5], [float("inf")]] and t["conv.weight"].dtype == torch.float32
assert t["bn.num_batches_tracked"].shape == () and t["bn.num_batches_tracked"].item() == -7
assert t["empty"].shape == (0, 3) and t["fc.bias"].tolist() == [torch.tensor(0.1).item()]
assert t["<&>\u2028"].tolist() == [3.141592653589793, -5e-324] and len(t) == 5
m = safe_open(sys.argv[1], "pt").metadata()
assert m["euryale.model"] == "vgg16" and json.loads(m["euryale.classes"]) == ["Abyssinian", "Bengal"], m
`
	if out, err := exec.Command(python, "-W", "ignore", "-c", script, path).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range hostile {
		f.Add(c.data)
	}
	if data, err := os.ReadFile("testdata/torch.safetensors"); err == nil {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := decode(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		h, tensors, err := encodeHeader(got)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		b := bytes.NewBuffer(h)
		for _, tensor := range tensors {
			must(t, tensor.write(b))
		}
		again, err := decode(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil || len(again.Tensors) != len(got.Tensors) {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}
