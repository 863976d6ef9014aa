package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/transforms"
)

var background = context.Background()

// pngBytes is a small picture of one colour.
func pngBytes(t testing.TB, level uint8) []byte {
	t.Helper()
	img := transforms.NewRGB(12, 10)
	for i := range img.Pix {
		img.Pix[i] = level
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// smallPets are the files of a set of three breeds.
func smallPets(t testing.TB) map[string][]byte {
	files := map[string][]byte{
		"annotations/list.txt":     []byte("#Image CLASS-ID SPECIES BREED ID\nAbyssinian_1 1 1 1\nbeagle_1 5 2 4\nBirman_2 7 1 3\n"),
		"annotations/trainval.txt": []byte("Abyssinian_1 1 1 1\nBirman_2 7 1 3\n\nbeagle_1 5 2 4\n"),
		"annotations/test.txt":     []byte("Abyssinian_3 1 1 1\r\nBirman_4 7 1 3\r\n"),
	}
	for i, name := range []string{"Abyssinian_1", "Birman_2", "beagle_1", "Abyssinian_3", "Birman_4"} {
		files["images/"+name+".jpg"] = pngBytes(t, uint8(40*i))
	}
	return files
}

func writeFiles(t testing.TB, root string, files map[string][]byte) string {
	t.Helper()
	for name, data := range files {
		writeFile(t, filepath.Join(root, filepath.FromSlash(name)), data)
	}
	return root
}

// wantError checks an error's kind and words.
func wantError(t *testing.T, what string, err, kind error, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: error %v, want %v", what, err, kind)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: error %q does not say %q", what, err, w)
		}
	}
}

// levels is a set of one-colour images in memory: image i has level i and
// label i modulo 3.
type levels struct {
	n      int
	broken map[int]error
	sample func(ctx context.Context, i int) // called first, if set
}

func (s *levels) Len() int          { return s.n }
func (s *levels) Classes() []string { return []string{"a", "b", "c"} }

func (s *levels) Sample(ctx context.Context, i int) (Sample, error) {
	out := Sample{Label: i % 3, Name: fmt.Sprintf("level %d", i)}
	if s.sample != nil {
		s.sample(ctx, i)
	}
	if err := s.broken[i]; err != nil {
		return out, err
	}
	out.Image = transforms.NewRGB(8, 6)
	for j := range out.Image.Pix {
		out.Image.Pix[j] = uint8(i)
	}
	return out, nil
}
