package viz

import (
	"fmt"
	"image"
	"image/png"
	"io"
	"path/filepath"

	"github.com/euryale-ml/euryale/internal/atomicfile"
)

// WritePNG writes img to path, making its folder. The file is replaced atomically, and
// the same image gives the same bytes.
func WritePNG(path string, img image.Image) error {
	if !hasPixels(img) {
		return fmt.Errorf("viz: %s: %w: an image without pixels", path, ErrEmpty)
	}
	if err := atomicfile.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("viz: %w", err)
	}
	if err := atomicfile.Write(path, 0o644, func(w io.Writer) error { return png.Encode(w, img) }); err != nil {
		return fmt.Errorf("viz: %w", err)
	}
	return nil
}
