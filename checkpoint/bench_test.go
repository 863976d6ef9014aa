package checkpoint

import (
	"path/filepath"
	"testing"
)

// BenchmarkFile writes and reads 64 MB.
func BenchmarkFile(b *testing.B) {
	f := &File{Tensors: []Tensor{{"w", []int{16 << 20}, make([]float32, 16<<20)}}}
	path := filepath.Join(b.TempDir(), "f.safetensors")
	for name, do := range map[string]func() error{
		"write": func() error { return Write(path, f) },
		"read":  func() error { _, err := Read(path); return err },
	} {
		if err := Write(path, f); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(64 << 20)
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
