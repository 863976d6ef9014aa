package transforms

import (
	"path/filepath"
	"slices"
	"strings"
)

// extensions are the file endings of the formats that Decode reads, in lower
// case. What a file holds is decided by its content, not by its ending.
var extensions = []string{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"}

// Extensions returns the file endings that count as images, in lower case and
// with the dot: ".jpg", ".png", … They select the files of a folder; a single
// file may have any ending, since it is decoded by its content.
func Extensions() []string { return slices.Clone(extensions) }

// IsImageName reports whether a path's ending, in any case, is one of
// Extensions.
func IsImageName(path string) bool {
	return slices.Contains(extensions, strings.ToLower(filepath.Ext(path)))
}
