package transforms

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

type goldenImage struct {
	Name string
	Want packed
}

// goldenImages are the files that internal/gen/golden/jpeg.py wrote, and what
// Pillow reads in them.
func goldenImages(t testing.TB) []goldenImage {
	var all []goldenImage
	readJSON(t, "images.json", &all)
	return all
}

func imageFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "images", name+".jpg"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestDecodeAsPillow(t *testing.T) {
	worst, sum, n := 0, 0.0, 0.0
	for _, c := range goldenImages(t) {
		got, err := DecodeFile(filepath.Join("testdata", "images", c.Name+".jpg"))
		if err != nil {
			t.Error(err)
			continue
		}
		most, mean := difference(got, c.Want.image(t))
		limit, average := 0, 0.0
		if strings.HasPrefix(c.Name, "jpeg") {
			limit, average = 3, 0.5
			worst, sum, n = max(worst, most), sum+mean, n+1
		}
		if most > limit || mean > average {
			t.Errorf("%s: up to %d levels from Pillow's, %.3f on average; want %d, %g", c.Name, most, mean, limit, average)
		}
	}
	t.Logf("JPEG: at most %d levels from Pillow's, %.3f on average", worst, sum/n)
}

func TestDecodeTruncated(t *testing.T) {
	for _, name := range []string{"jpeg_444_48x32", "jpeg_420_41x27", "jpeg_progressive_420", "png_rgb", "png_palette", "gif", "bmp_24", "webp_lossless"} {
		data := imageFile(t, name)
		for _, share := range []float64{0, 0.02, 0.3, 0.7} {
			_, err := DecodeBytes(data[:int(share*float64(len(data)))])
			if !errors.Is(err, ErrDecode) {
				t.Errorf("%s cut to %g of its length: error %v, want ErrDecode", name, share, err)
			}
		}
	}
}

// claims returns files whose headers promise pictures of w×h pixels.
func claims(t testing.TB, w, h int) map[string][]byte {
	png := bytes.Clone(imageFile(t, "png_rgb"))
	binary.BigEndian.PutUint32(png[16:], uint32(w))
	binary.BigEndian.PutUint32(png[20:], uint32(h))
	binary.BigEndian.PutUint32(png[29:], crc32.ChecksumIEEE(png[12:29]))
	jpeg := bytes.Clone(imageFile(t, "jpeg_444_48x32"))
	at := bytes.Index(jpeg, []byte{0xff, 0xc0}) + 5
	binary.BigEndian.PutUint16(jpeg[at:], uint16(min(h, 65535)))
	binary.BigEndian.PutUint16(jpeg[at+2:], uint16(min(w, 65535)))
	gif := bytes.Clone(imageFile(t, "gif"))
	binary.LittleEndian.PutUint16(gif[6:], uint16(min(w, 65535)))
	binary.LittleEndian.PutUint16(gif[8:], uint16(min(h, 65535)))
	bmp := bytes.Clone(imageFile(t, "bmp_24"))
	binary.LittleEndian.PutUint32(bmp[18:], uint32(w))
	binary.LittleEndian.PutUint32(bmp[22:], uint32(h))
	return map[string][]byte{"png": png, "jpeg": jpeg, "gif": gif, "bmp": bmp}
}

func TestDecodeAbsurdSizes(t *testing.T) {
	for kind, data := range claims(t, 40_000, 40_000) {
		taken, err := allocated(data)
		if !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "at most 100000000 are read") {
			t.Errorf("%s: %v, want ErrTooLarge with the limit", kind, err)
		}
		if taken > 1<<20 {
			t.Errorf("%s: %d bytes were taken to refuse it", kind, taken)
		}
	}
}

// A small file that promises a large but allowed picture must not be given
// memory for it.
func TestDecodeEmptyPromises(t *testing.T) {
	for kind, data := range claims(t, 9999, 9999) {
		taken, err := allocated(data)
		if !errors.Is(err, ErrDecode) || !strings.Contains(err.Error(), "9999×9999 pixels in") {
			t.Errorf("%s: %v, want ErrDecode with the size", kind, err)
		}
		if taken > 1<<20 {
			t.Errorf("%s: %d bytes were taken to refuse it", kind, taken)
		}
	}
}

// allocated decodes and tells how many bytes that took.
func allocated(data []byte) (uint64, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := DecodeBytes(data)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, err
}

func TestDecodeMessages(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "page.jpg")
	if err := os.WriteFile(text, []byte("<html>not found</html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		is   error
		says string
	}{
		{filepath.Join(dir, "none.jpg"), fs.ErrNotExist, "none.jpg"},
		{text, ErrDecode, "page.jpg: cannot decode image: not JPEG, PNG, GIF, BMP or WebP"},
	} {
		_, err := DecodeFile(c.path)
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.path, err, c.says)
		}
	}
	if _, err := Decode(strings.NewReader("")); !errors.Is(err, ErrDecode) {
		t.Errorf("no bytes: %v", err)
	}
}

// Bytes changed, cut and doubled at random give an error of ours or an image.
func TestDecodeCorrupted(t *testing.T) {
	r := seeded(9)
	var files [][]byte
	for _, c := range goldenImages(t) {
		files = append(files, imageFile(t, c.Name))
	}
	for _, c := range formatFiles(t) {
		files = append(files, c.File)
	}
	for _, whole := range files {
		for range 60 {
			data := bytes.Clone(whole)
			for range 1 + r.IntN(6) {
				data[r.IntN(len(data))] = uint8(r.UintN(256))
			}
			if cut := r.IntN(len(data)); r.IntN(4) == 0 {
				data = append(data[:cut], whole[r.IntN(len(whole)):]...)
			}
			checkDecoded(t, data)
		}
	}
}

// checkDecoded fails if DecodeBytes gives an error of another kind or half an
// image.
func checkDecoded(t *testing.T, data []byte) {
	t.Helper()
	img, err := DecodeBytes(data)
	switch {
	case err != nil && !errors.Is(err, ErrDecode) && !errors.Is(err, ErrTooLarge):
		t.Fatalf("error of another kind: %v", err)
	case err == nil && (img.W < 1 || img.H < 1 || len(img.Pix) != 3*img.W*img.H):
		t.Fatalf("an image of %d×%d pixels with %d bytes", img.W, img.H, len(img.Pix))
	}
}

func FuzzDecodeBytes(f *testing.F) {
	for _, c := range goldenImages(f) {
		f.Add(imageFile(f, c.Name))
	}
	for _, c := range formatFiles(f) {
		f.Add(c.File)
	}
	for _, data := range claims(f, 40_000, 40_000) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<14 {
			return
		}
		checkDecoded(t, data)
	})
}
