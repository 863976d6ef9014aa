package checkpoint

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

// want is the state dict of internal/gen/golden/torchsave.py.
var want = []Tensor{
	{"conv.weight", []int{2, 3, 2, 2}, func() []float32 {
		v := make([]float32, 24)
		for i := range v {
			v[i] = float32(i) / 8
		}
		return v
	}()},
	{"turned", []int{3, 2}, []float64{0, 3, 1, 4, 2, 5}},
	{"part", []int{4}, []float32{3, 4, 5, 6}},
	{"half", []int{3}, []float32{1.5, -2, 65504}},
	{"brain", []int{3}, []float32{1.5, -2, 2.9909067e+38}},
	{"bn.num_batches_tracked", []int{}, []int64{-7}},
	{"empty", []int{0, 3}, []float32{}},
}

func TestTorch(t *testing.T) {
	for _, name := range []string{"zip", "legacy", "protocol5", "training", "objects", "objects5", "protocol1"} {
		f, err := Read(filepath.Join("testdata", name+".pth"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(f.Tensors) != len(want) || len(f.Metadata) != 0 {
			t.Errorf("%s: %d tensors, metadata %v", name, len(f.Tensors), f.Metadata)
			continue
		}
		for i, w := range want {
			got := f.Tensors[i]
			if w.Name == "brain" { // 3e38 as bfloat16
				w.Data = []float32{1.5, -2, got.Data.([]float32)[2]}
				if v := got.Data.([]float32)[2]; v < 2.98e38 || v > 3.02e38 {
					t.Errorf("%s: a bfloat16 is %v", name, v)
				}
			}
			if !reflect.DeepEqual(got, w) {
				t.Errorf("%s: %+v, want %+v", name, got, w)
			}
		}
		if meta, err := ReadMetadata(filepath.Join("testdata", name+".pth")); err != nil || len(meta) != 0 {
			t.Errorf("%s: metadata %v, %v", name, meta, err)
		}
	}
	f, err := Read(filepath.Join("testdata", "parameters.pth"))
	if err != nil || len(f.Tensors) != 4 || !reflect.DeepEqual(f.Tensors[1], Tensor{"0.bias", []int{3}, []float32{1.5, 1.5, 1.5}}) {
		t.Errorf("parameters: %+v, %v", f, err)
	}
	if _, err := Read(filepath.Join("testdata", "script.pt")); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "TorchScript") {
		t.Errorf("TorchScript: %v", err)
	}
	f, err = Read(filepath.Join("testdata", "shared.pth"))
	if err != nil || !reflect.DeepEqual(f.Tensors, []Tensor{
		{"a", []int{1}, []float32{1}}, {"b", []int{1}, []float32{1}}, {"c", []int{2, 3}, []float32{1, 1, 1, 1, 1, 1}},
		{"d", []int{2, 3}, []float32{0, 1, 2, 3, 4, 5}}, {"e", []int{3}, []float32{0, 2, 4}},
	}) {
		t.Errorf("shared storages: %+v, %v", f, err)
	}
	f, err = Read(filepath.Join("testdata", "module.pth")) // a whole module: its parameters and buffers
	if err != nil || len(f.Tensors) != 7 || !reflect.DeepEqual(f.Tensors[1], Tensor{"0.bias", []int{3}, []float32{1.5, 1.5, 1.5}}) ||
		f.Tensors[4].Name != "1.running_mean" {
		t.Errorf("a whole module: %+v, %v", f, err)
	}
}

// archive makes a zip file of a pickle and storages.
func archive(t testing.TB, method uint16, files map[string]string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: "archive/" + name, Method: method})
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tensorPickle is a state dict of one tensor "a" in the storage "0".
func tensorPickle(class string, count, offset, shape, stride string) string {
	return "\x80\x02}X\x01\x00\x00\x00a" + "ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n" + class +
		"\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu" + count + "tQ" + offset + shape + stride + "\x89}tRs."
}

func one(n string) string { return n + "\x85" }

// hostileTorch are files of torch.save that must be refused.
func hostileTorch(t testing.TB) map[string][]byte {
	z := func(pickle string, data string) []byte {
		return archive(t, zip.Store, map[string]string{"data.pkl": pickle, "data/0": data})
	}
	num := func(n int64) string {
		b := []byte{0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 0}
		for i := range 8 {
			b[2+i] = byte(n >> (8 * i))
		}
		return string(b)
	}
	four := "\x00\x00\x80\x3f"
	files := map[string][]byte{
		"a command":            z("cos\nsystem\n(X\x09\x00\x00\x00rm -rf /xtR.", four),
		"a command by stack":   z("\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x031+1\x85R.", four),
		"a command beside":     z("\x80\x02}X\x01\x00\x00\x00bcposix\nsystem\nX\x02\x00\x00\x00ls\x85Rs.", four),
		"no tensors":           z("}.", four),
		"a number":             z("K\x01.", four),
		"an empty stack":       z(".", four),
		"nothing":              z("", four),
		"cut":                  z("\x80\x02}X\xff\xff\xff\x7fa", four),
		"a large shape":        z(tensorPickle("FloatStorage", "K\x01", "K\x00", one(num(1<<40)), one("K\x01")), four),
		"a shape that wraps":   z(tensorPickle("FloatStorage", "K\x01", "K\x00", num(1<<33)+num(1<<33)+"\x86", "K\x00K\x00\x86"), four),
		"an expanded shape":    z(tensorPickle("FloatStorage", "K\x01", "K\x00", one(num(1<<30)), one("K\x00")), four),
		"a large stride":       z(tensorPickle("FloatStorage", "K\x01", "K\x00", one("K\x02"), one(num(1<<62))), four),
		"an offset":            z(tensorPickle("FloatStorage", "K\x01", "K\x01", one("K\x01"), one("K\x01")), four),
		"a negative offset":    z(tensorPickle("FloatStorage", "K\x01", num(-4), one("K\x01"), one("K\x01")), four),
		"a negative shape":     z(tensorPickle("FloatStorage", "K\x01", "K\x00", one(num(-1)), one("K\x01")), four),
		"a large storage":      z(tensorPickle("FloatStorage", num(1<<60), "K\x00", one(num(1<<60)), one("K\x01")), four),
		"a storage that wraps": z(tensorPickle("FloatStorage", num(1<<62), "K\x00", one("K\x01"), one("K\x01")), four),
		"a short storage":      z(tensorPickle("FloatStorage", "K\x02", "K\x00", one("K\x02"), one("K\x01")), four),
		"whole numbers":        z(tensorPickle("IntStorage", "K\x01", "K\x00", one("K\x01"), one("K\x01")), four),
		"no such storage":      archive(t, zip.Store, map[string]string{"data.pkl": tensorPickle("FloatStorage", "K\x01", "K\x00", one("K\x01"), one("K\x01"))}),
		"compressed":           archive(t, zip.Deflate, map[string]string{"data.pkl": strings.Repeat("}", 1<<20)}),
		"big-endian":           archive(t, zip.Store, map[string]string{"byteorder": "big", "data.pkl": "}."}),
		"another zip":          archive(t, zip.Store, map[string]string{"readme.txt": "hello"}),
		"NumPy's":              archive(t, zip.Store, map[string]string{"a.npy": "hello"}),
		"packed":               archive(t, zip.Deflate, map[string]string{"best.pth": "hello"}),
		"no archive":           []byte("PK\x03\x04, and then something else"),
		"many values":          z("\x80\x02"+strings.Repeat("}", maxValues+1), four),
		"a pickle":             []byte("\x80\x02}."),
		"a legacy pickle, cut": []byte("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."),
		"a legacy, no version": []byte("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02K\x01."),
	}
	text := func(s string) string { return "X" + string([]byte{byte(len(s)), 0, 0, 0}) + s }
	tensor := func(count, offset, shape, stride string) string {
		p := tensorPickle("FloatStorage", count, offset, shape, stride)
		return p[len("\x80\x02}X\x01\x00\x00\x00a") : len(p)-len("s.")]
	}
	files["an expanded shape, often"] = z("\x80\x02}("+strings.Repeat(text("a")+tensor("K\x01", "K\x00", one(num(1<<22)), one("K\x00")), 1)+
		text("b")+tensor("K\x01", "K\x00", one(num(1<<22)), one("K\x00"))+"u.", four)
	files["tuples in tuples as a key"] = z("\x80\x02}K\x01\x85q\x00"+strings.Repeat("h\x00\x86q\x00", 40)+"h\x00"+"K\x01s.", four)
	files["itself"] = z("\x80\x02}q\x00"+text("a")+"h\x00s.", four)
	files["copies"] = z("\x80\x02K\x01K\x01\x86q\x00ccollections\nOrderedDict\nq\x01]("+strings.Repeat("h\x00", 100_000)+"eq\x02"+
		strings.Repeat("h\x01h\x02\x85R", 50)+".", four)
	files["copies of dictionaries"] = z("\x80\x02}q\x00("+strings.Repeat("K\x01N", 50_000)+"u"+
		strings.Repeat("cbuiltins\ndict\nh\x00\x85R", 50)+".", four)
	long := text(strings.Repeat("k", 200))
	files["long names"] = z("\x80\x02"+long+"q\x00"+tensor("K\x01", "K\x00", one("K\x01"), one("K\x01"))+"q\x01"+
		"(("+strings.Repeat("}h\x00", 40)+"}h\x00h\x01s"+strings.Repeat("s", 40)+"tt.", four)
	files["a long number"] = z("\x80\x02\x8b\x00\x00\x10\x00"+strings.Repeat("\xff", 1<<20)+".", four)
	files["objects as each other's state"] = z("\x80\x02"+strings.Repeat("ca\nb\n)R", 300_000)+strings.Repeat("b", 299_999)+".", four)
	files["lists in lists"] = z("\x80\x02"+strings.Repeat("]", 400_000)+strings.Repeat("a", 399_999)+".", four)
	files["out of band"] = z("\x80\x05\x97.", four)
	return files
}

func TestHostileTorch(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(16 << 20)) // deep recursion ends the test
	path := filepath.Join(t.TempDir(), "hostile.pth")
	for name, data := range hostileTorch(t) {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err := Read(path)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 32<<20+110*uint64(len(data)) {
			t.Errorf("%s: %d bytes made %d MB", name, len(data), took>>20)
		}
		if name == "long names" && err == nil { // a good file, if a strange one
			continue
		}
		if f != nil && err == nil || !errors.Is(err, ErrFormat) && !errors.Is(err, ErrDType) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := archive(t, zip.Store, map[string]string{
		"data.pkl": tensorPickle("FloatStorage", "K\x01", "K\x00", one("K\x01"), one("K\x01")), "data/0": "\x00\x00\x80\x3f"})
	os.WriteFile(path, good, 0o644)
	if f, err := Read(path); err != nil || !reflect.DeepEqual(f.Tensors, []Tensor{{"a", []int{1}, []float32{1}}}) {
		t.Errorf("the good one: %+v, %v", f, err)
	}
}

// TestTornTorch cuts each file at many places and changes its bytes.
func TestTornTorch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "torn.pth")
	for _, name := range []string{"zip", "legacy"} {
		whole, err := os.ReadFile(filepath.Join("testdata", name+".pth"))
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(whole); n += 13 {
			os.WriteFile(path, whole[:n], 0o644)
			if _, err := Read(path); !errors.Is(err, ErrFormat) {
				t.Errorf("%s cut at %d: %v", name, n, err)
			}
			changed := bytes.Clone(whole)
			changed[n] ^= 0xff
			os.WriteFile(path, changed, 0o644)
			Read(path) // no panic; much of a file means nothing
		}
	}
}

// TestWriteTorch reads back what it wrote.
func TestWriteTorch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.pth")
	f := &File{Tensors: want[:2:2]}
	f.Tensors = append(f.Tensors, want[5], want[6])
	if err := WriteTorch(path, f); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil || !reflect.DeepEqual(got.Tensors, f.Tensors) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := WriteTorch(path, &File{Tensors: []Tensor{{"a", []int{2}, []float32{1}}}}); !errors.Is(err, ErrTensor) {
		t.Errorf("a bad tensor: %v", err)
	}
	if err := WriteTorch(filepath.Join(path, "x"), f); err == nil {
		t.Error("written into a file")
	}
}

func FuzzTorch(f *testing.F) {
	for _, data := range hostileTorch(f) {
		if len(data) < 1<<12 {
			f.Add(data)
		}
	}
	for _, name := range []string{"zip", "legacy", "training"} {
		if data, err := os.ReadFile(filepath.Join("testdata", name+".pth")); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := newSource(bytes.NewReader(data), int64(len(data))); err == nil {
			s.Match(netSpecs, MatchOptions{Head: netHead}) // no panic
		}
		file, err := decode(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		total := 0
		for _, one := range file.Tensors {
			n, err := elements(one.Shape)
			if err != nil || reflect.ValueOf(one.Data).Len() != n {
				t.Errorf("%s: %v elements of shape %v", one.Name, reflect.ValueOf(one.Data).Len(), one.Shape)
			}
			total += n
		}
		if total > len(data)+2<<20 {
			t.Errorf("%d elements of %d bytes", total, len(data))
		}
	})
}

// TestExportedProgram names what torch.export makes, whatever the order of its files.
func TestExportedProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.pt2")
	for range 8 { // the files come in the order of a map
		data := archive(t, zip.Store, map[string]string{"data/sample_inputs/model.pt": "x", "models/model.json": "{}", "archive_format": "pt2"})
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "torch.export") {
			t.Fatal(err)
		}
	}
}

// TestLargeArchive opens an archive whose beginning would be the length of a header within
// the file: "PK\x03\x04" and zeros, as WriteTorch writes, are 67 MB.
func TestLargeArchive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.pth")
	if err := WriteTorch(path, &File{Tensors: []Tensor{{"a", []int{17 << 20}, make([]float32, 17<<20)}}}); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if metadata, err := ReadMetadata(path); metadata != nil || err != nil {
		t.Errorf("%v, %v", metadata, err)
	}
}
