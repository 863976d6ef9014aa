package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/run"
)

// Source is an opened file of weights: the names, types and shapes of its tensors, in all
// dictionaries that it has. Their elements are read by Match. Close it after use.
type Source struct {
	path     string
	metadata map[string]string
	items    []*item
	holds    string // its outermost contents in words, for messages
	pickled  bool
	object   string // the class of the pickled value, if it is an object
	load     func([]*item) ([]Tensor, error)
	file     *os.File
}

// Open opens a safetensors file or a file of torch.save (.pth); the contents decide which
// it is, not the name. Code in the latter is never run. Errors name the file; the error for a
// missing file wraps fs.ErrNotExist.
func Open(path string) (*Source, error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, err
	}
	s, err := newSource(f, size)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	s.path, s.file = path, f
	return s, nil
}

// newSource reads the names of a file of size bytes.
func newSource(r readerAt, size int64) (*Source, error) {
	h, err := readHeader(r, size)
	if err == nil {
		return safetensorsSource(r, h), nil
	}
	if !errors.Is(err, ErrPickle) {
		return nil, err
	}
	value, read, err := openTorch(r, size)
	if err != nil {
		return nil, err
	}
	items, err := itemsOf(value)
	if err != nil {
		return nil, err
	}
	s := &Source{items: items, pickled: true, holds: outline(value)}
	if o, ok := value.(*object); ok {
		s.object = clip(o.of.String())
	}
	s.load = func(items []*item) ([]Tensor, error) { return loadTorch(items, read) }
	return s, nil
}

// readerAt is a file.
type readerAt interface {
	io.Reader
	io.ReaderAt
}

func safetensorsSource(r io.ReaderAt, h *header) *Source {
	s := &Source{metadata: h.metadata}
	for i := range h.entries {
		e := &h.entries[i]
		s.items = append(s.items, &item{name: e.name, dtype: e.DType, shape: e.Shape, ref: e})
	}
	s.holds = fmt.Sprintf("%d tensors", len(s.items))
	s.load = func(items []*item) ([]Tensor, error) {
		tensors := make([]Tensor, len(items))
		for i, it := range items {
			e := it.ref.(*entry)
			from := io.NewSectionReader(r, h.size+int64(e.Offsets[0]), int64(e.Offsets[1]-e.Offsets[0]))
			data, err := e.read(from)
			if err != nil {
				return nil, fmt.Errorf("tensor %q: %w", e.name, short(err))
			}
			tensors[i] = Tensor{Name: e.name, Shape: e.Shape, Data: data}
		}
		return tensors, nil
	}
	return s
}

// sourceOf makes a Source of a file in memory.
func sourceOf(f *File) *Source {
	s := &Source{metadata: f.Metadata, holds: fmt.Sprintf("%d tensors", len(f.Tensors))}
	for _, t := range f.Tensors {
		dtype := map[string]string{"[]float32": "F32", "[]float64": "F64", "[]int64": "I64"}[fmt.Sprintf("%T", t.Data)]
		s.items = append(s.items, &item{name: t.Name, dtype: dtype, shape: t.Shape, ref: t})
	}
	s.load = func(items []*item) ([]Tensor, error) {
		var tensors []Tensor
		for _, it := range items {
			tensors = append(tensors, it.ref.(Tensor))
		}
		return tensors, nil
	}
	return s
}

// Path is the file that was opened; "" if the tensors were in memory.
func (s *Source) Path() string { return s.path }

// Metadata are texts by key; a file of torch.save has none.
func (s *Source) Metadata() map[string]string { return s.metadata }

// Close closes the file.
func (s *Source) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// openFile opens a regular file.
func openFile(path string) (*os.File, int64, error) {
	info, err := os.Stat(path) // first: opening a pipe would wait
	if err != nil {
		return nil, 0, fmt.Errorf("checkpoint: %w", err)
	}
	if info.IsDir() {
		return nil, 0, fmt.Errorf("checkpoint: %s: %w: %s", path, ErrFormat, folderHolds(path))
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("checkpoint: %s: %w: it is not a regular file", path, ErrFormat)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("checkpoint: %w", err)
	}
	if info, err = f.Stat(); err != nil {
		f.Close()
		return nil, 0, fmt.Errorf("checkpoint: %w", err)
	}
	return f, info.Size(), nil
}

// folderHolds describes a folder, and names the files in it that could be meant.
func folderHolds(dir string) string {
	entries, _ := os.ReadDir(dir)
	var files []string
	for _, e := range entries {
		switch ext := strings.ToLower(filepath.Ext(e.Name())); {
		case ext == ".distcp":
			return "it is a folder of torch.distributed.checkpoint: dcp_to_torch_save of torch.distributed.checkpoint.format_utils makes a file of it"
		case slices.Contains([]string{".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".tar"}, ext) && e.Type().IsRegular():
			files = append(files, e.Name())
		}
	}
	text := "it is a folder, but not a run's, which would have " + run.CheckpointDir + "/" + run.BestFile
	if len(files) > 0 {
		text += "; name a file in it: " + some(files)
	}
	return text
}
