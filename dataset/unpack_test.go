package dataset

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archiveOf makes an archive of files: names with their contents.
func archiveOf(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i+1 < len(files); i += 2 {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))}
		if strings.HasSuffix(files[i], "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// holes is an archive of files that are nothing but a hole of so many bytes each.
func holes(t testing.TB, names []string, size int64) []byte {
	t.Helper()
	var b bytes.Buffer
	block := func(name string, kind byte, data []byte) {
		head := make([]byte, 512)
		copy(head, name)
		copy(head[100:], "0000644\x000000000\x000000000\x00")
		copy(head[124:], fmt.Sprintf("%011o\x0000000000000\x00", len(data)))
		copy(head[148:], "        ")
		head[156] = kind
		copy(head[257:], "ustar\x0000")
		sum := 0
		for _, c := range head {
			sum += int(c)
		}
		copy(head[148:], fmt.Sprintf("%06o\x00 ", sum))
		b.Write(head)
		b.Write(data)
		b.Write(make([]byte, (512-len(data)%512)%512))
	}
	for _, name := range names {
		var records strings.Builder
		for _, r := range []string{"GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=" + name, fmt.Sprint("GNU.sparse.realsize=", size)} {
			n := len(r) + 3
			for n != len(fmt.Sprintf("%d %s\n", n, r)) {
				n++
			}
			fmt.Fprintf(&records, "%d %s\n", n, r)
		}
		block("PaxHeaders/"+name, tar.TypeXHeader, []byte(records.String()))
		sparse := make([]byte, 512)
		copy(sparse, fmt.Sprintf("1\n%d\n0\n", size))
		block(name, tar.TypeReg, sparse)
	}
	b.Write(make([]byte, 1024))
	return b.Bytes()
}

// unpacked unpacks an archive into a folder of its own, and returns the bytes of what is
// there then. Nothing may be beside it.
func unpacked(t testing.TB, archive []byte) (bytes int64, err error) {
	t.Helper()
	dir := t.TempDir()
	from := filepath.Join(dir, "a.tar")
	if err := os.WriteFile(from, archive, 0o644); err != nil {
		t.Fatal(err)
	}
	err = unpack(context.Background(), from, filepath.Join(dir, "in", "to"), func(Progress) {})
	for _, want := range []struct{ dir, names string }{{dir, "a.tar in"}, {filepath.Join(dir, "in"), "to"}} {
		var names []string
		entries, _ := os.ReadDir(want.dir)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if got := strings.Join(names, " "); got != want.names {
			t.Errorf("beside what is unpacked: %s", got)
		}
	}
	werr := filepath.WalkDir(filepath.Join(dir, "in", "to"), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && !e.IsDir() {
			bytes += info.Size()
			if !info.Mode().IsRegular() {
				t.Errorf("%s is %v", path, info.Mode())
			}
		}
		return err
	})
	if werr != nil {
		t.Error(werr)
	}
	return bytes, err
}

// TestUnpackedSize has archives that are small and unpack to much.
func TestUnpackedSize(t *testing.T) {
	defer func(old int64) { mostUnpacked = old }(mostUnpacked)
	mostUnpacked = 10000
	for name, c := range map[string]struct {
		archive []byte
		good    bool
	}{
		"small files": {archiveOf(t, "a/", "", "a/b", strings.Repeat("x", 3000), "c", "y"), true},
		"hole":        {holes(t, []string{"a"}, 9000), true},
		"one hole":    {holes(t, []string{"a"}, 11000), false},
		"many holes":  {holes(t, []string{"a", "b", "c"}, 4000), false},
	} {
		size, err := unpacked(t, c.archive)
		if (err == nil) != c.good || err != nil && !errors.Is(err, ErrArchive) || size > mostUnpacked {
			t.Errorf("%s: %d bytes, %v", name, size, err)
		}
	}
}

// FuzzUnpack unpacks anything, as it is or compressed: all of it stays in its folder, and
// is not more than was allowed.
func FuzzUnpack(f *testing.F) {
	f.Add(archiveOf(f, "images/", "", "images/a.jpg", "x", "annotations/list.txt", "a 1 1 1\n"), true)
	f.Add(archiveOf(f, "../a", "x"), false)
	f.Add(archiveOf(f, "a", "x", "a/b", "y"), false)
	f.Add(archiveOf(f, "/etc/a", "x", "._a", "y"), false)
	f.Add(holes(f, []string{"a", "b"}, 1<<30), true)
	f.Add([]byte("<html>"), false)
	defer func(old int64) { mostUnpacked = old }(mostUnpacked)
	mostUnpacked = 1 << 20
	f.Fuzz(func(t *testing.T, data []byte, compress bool) {
		if compress {
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			w.Write(data)
			w.Close()
			data = b.Bytes()
		}
		if size, err := unpacked(t, data); size > mostUnpacked {
			t.Errorf("%d bytes, %v", size, err)
		}
	})
}
