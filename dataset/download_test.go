package dataset

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// tarOf packs the files of one part of the set, in order of name.
func tarOf(t testing.TB, files map[string][]byte, part string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	var names []string
	for n := range files {
		if strings.HasPrefix(n, part+"/") {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	for _, n := range names {
		addEntry(t, w, &tar.Header{Name: n, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(files[n]))}, files[n])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func addEntry(t testing.TB, w *tar.Writer, h *tar.Header, data []byte) {
	t.Helper()
	if err := w.WriteHeader(h); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
}

func zipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// mirror is a server of archives that can be made to misbehave.
type mirror struct {
	sync.Mutex
	files    map[string][]byte
	noRange  bool
	cut      int                                    // breaks off each answer after so many bytes; 0: never
	answer   func(http.ResponseWriter, string) bool // may answer instead
	requests []string
}

// newMirror serves the small set with checksums.
func newMirror(t testing.TB) *mirror {
	files := smallPets(t)
	for i := range 40 {
		files[fmt.Sprintf("images/extra_%d.jpg", i)] = bytes.Repeat([]byte{byte(i), byte(i * 7), byte(i * 13)}, 300+i)
	}
	m := &mirror{files: map[string][]byte{}}
	for _, part := range []string{"images", "annotations"} {
		m.offer(part+".tar.gz", zipped(t, tarOf(t, files, part)))
	}
	return m
}

func (m *mirror) offer(name string, data []byte) {
	sum := md5.Sum(data)
	m.files[name] = data
	m.files[name+".md5"] = []byte(hex.EncodeToString(sum[:]) + "  " + name + "\n")
}

func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/pets/")
	m.Lock()
	defer m.Unlock()
	m.requests = append(m.requests, strings.TrimSpace(r.Method+" "+name+" "+r.Header.Get("Range")))
	if m.answer != nil && m.answer(w, name) {
		return
	}
	data, ok := m.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if m.noRange {
		r.Header.Del("Range")
	}
	if m.cut > 0 && r.Method == http.MethodGet && strings.HasSuffix(name, ".gz") {
		w = &cutWriter{w, m.cut}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// cutWriter breaks the connection after so many bytes.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (c *cutWriter) Write(p []byte) (int, error) {
	if len(p) < c.left {
		c.left -= len(p)
		return c.ResponseWriter.Write(p)
	}
	_, _ = c.ResponseWriter.Write(p[:c.left])
	c.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func (m *mirror) start(t testing.TB) string {
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	return s.URL + "/pets/"
}

// downloaded checks that the set is there and nothing else is.
func downloaded(t *testing.T, root string) {
	t.Helper()
	if train, _, err := (OxfordIIITPet{Root: root}).Splits(); err != nil || train.Len() != 3 {
		t.Errorf("after the download: %v, %v", train, err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(root)); len(entries) != 1 {
		t.Errorf("left behind beside the set: %v", entries)
	}
}

func notThere(t *testing.T, root string) {
	t.Helper()
	if _, err := os.Stat(root); err == nil {
		t.Errorf("%s is there", root)
	}
}

func TestDownload(t *testing.T) {
	m, root := newMirror(t), filepath.Join(t.TempDir(), "pets")
	var seen []Progress
	p := OxfordIIITPet{Root: root, URL: m.start(t), Progress: func(now Progress) { seen = append(seen, now) }}
	if err := p.Download(background); err != nil {
		t.Fatal(err)
	}
	downloaded(t, root)
	total := int64(len(m.files["images.tar.gz"]) + len(m.files["annotations.tar.gz"]))
	if first := seen[0]; first != (Progress{StageSize, root, 0, total}) {
		t.Errorf("first said: %+v, want the size %d", first, total)
	}
	if last := seen[len(seen)-1]; last != (Progress{Stage: StageDone, File: root}) {
		t.Errorf("last said: %+v", last)
	}
	for _, want := range []Progress{
		{StageDownload, "images.tar.gz", int64(len(m.files["images.tar.gz"])), int64(len(m.files["images.tar.gz"]))},
		{StageVerify, "images.tar.gz", int64(len(m.files["images.tar.gz"])), int64(len(m.files["images.tar.gz"]))},
	} {
		if !slices.Contains(seen, want) {
			t.Errorf("never said: %+v", want)
		}
	}
	before := len(m.requests)
	if err := p.Download(background); err != nil || len(m.requests) != before {
		t.Errorf("a set that is there: %v, %d new requests", err, len(m.requests)-before)
	}
}

func TestDownloadResumes(t *testing.T) {
	for _, noRange := range []bool{false, true} {
		m, root := newMirror(t), filepath.Join(t.TempDir(), "pets")
		size := len(m.files["images.tar.gz"])
		ctx, cancel := context.WithCancelCause(background)
		p := OxfordIIITPet{Root: root, URL: m.start(t)}
		m.cut, m.noRange = size/2, noRange
		p.Progress = func(now Progress) {
			if now.Stage == StageDownload && now.Done >= int64(size/2) {
				cancel(errors.New("stopped by hand"))
			}
		}
		err := p.Download(ctx)
		if err == nil || !strings.Contains(err.Error(), "stopped by hand") || !strings.Contains(err.Error(), ".part") {
			t.Fatalf("interrupted: %v", err)
		}
		notThere(t, root)
		m.cut, m.requests, p.Progress = 0, nil, nil
		if err := p.Download(background); err != nil {
			t.Fatal(err)
		}
		downloaded(t, root)
		if want := fmt.Sprintf("GET images.tar.gz bytes=%d-", size/2); !slices.Contains(m.requests, want) {
			t.Errorf("requests %q, want %q", m.requests, want)
		}
	}
}

// Connections that break are taken up again as long as they bring something.
func TestDownloadOverABadLine(t *testing.T) {
	m, root := newMirror(t), filepath.Join(t.TempDir(), "pets")
	m.cut = len(m.files["images.tar.gz"])/2 + 1
	if err := (OxfordIIITPet{Root: root, URL: m.start(t)}).Download(background); err != nil {
		t.Fatal(err)
	}
	downloaded(t, root)
}

func TestDownloadRefused(t *testing.T) {
	for _, c := range []struct {
		what  string
		spoil func(m *mirror)
		kind  error
		words []string
	}{
		{"404", func(m *mirror) { delete(m.files, "annotations.tar.gz") }, ErrDownload, []string{"annotations.tar.gz", "404 Not Found"}},
		{"wrong checksum", func(m *mirror) { m.files["images.tar.gz"][50] ^= 1 }, ErrArchive, []string{"images.tar.gz has md5", "want", "the file was removed"}},
		{"not the official ones", func(m *mirror) { delete(m.files, "images.tar.gz.md5") }, ErrArchive, []string{"want 5c4f3ee8e5d25df40f4fd59a7f44e54c"}},
		{"web page", func(m *mirror) {
			m.answer = func(w http.ResponseWriter, _ string) bool {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				fmt.Fprint(w, "<html>Log in to the network</html>")
				return true
			}
		}, ErrArchive, []string{"images.tar.gz", "is a web page"}},
		{"web page of no type", func(m *mirror) { m.offer("images.tar.gz", []byte("  <!DOCTYPE html><p>moved")) }, ErrArchive, []string{"images.tar.gz", "web page"}},
		{"cut archive", func(m *mirror) { m.offer("images.tar.gz", m.files["images.tar.gz"][:len(m.files["images.tar.gz"])/2]) }, ErrArchive, []string{"images.tar.gz", "unexpected EOF"}},
		{"another set", func(m *mirror) { m.offer("annotations.tar.gz", m.files["images.tar.gz"]) }, ErrArchive, []string{"exists"}},
	} {
		m, root := newMirror(t), filepath.Join(t.TempDir(), "pets")
		c.spoil(m)
		err := OxfordIIITPet{Root: root, URL: m.start(t)}.Download(background)
		wantError(t, c.what, err, c.kind, c.words...)
		notThere(t, root)
		if c.what == "wrong checksum" {
			if left, _ := filepath.Glob(root + ".download/images*"); len(left) != 0 {
				t.Errorf("%s: left behind %v", c.what, left)
			}
		}
	}
}

func TestDownloadAmongOtherFiles(t *testing.T) {
	root := writeFiles(t, t.TempDir(), map[string][]byte{"thesis.txt": []byte("dear")})
	err := OxfordIIITPet{Root: root}.Download(background)
	wantError(t, "other files", err, ErrNoSet, root, "holds other files")
	if data, _ := os.ReadFile(filepath.Join(root, "thesis.txt")); string(data) != "dear" {
		t.Error("the file is gone")
	}
}

func TestLocalArchives(t *testing.T) {
	files := smallPets(t)
	images, annotations := tarOf(t, files, "images"), tarOf(t, files, "annotations")
	dir := t.TempDir()
	a, b := filepath.Join(dir, "images.tar.gz"), filepath.Join(dir, "notes.tar.gz")
	writeFile(t, a, images) // plain tar under that name
	writeFile(t, b, zipped(t, annotations))
	root := filepath.Join(t.TempDir(), "pets")
	if err := os.Mkdir(root, 0o755); err != nil { // an empty folder is as good as none
		t.Fatal(err)
	}
	if err := (OxfordIIITPet{Root: root, Archives: []string{a, b}}).Download(background); err != nil {
		t.Fatal(err)
	}
	downloaded(t, root)

	root = filepath.Join(t.TempDir(), "pets")
	err := OxfordIIITPet{Root: root, Archives: []string{a}}.Download(background)
	wantError(t, "one archive only", err, ErrArchive, "do not hold images and annotations")
	notThere(t, root)
	err = OxfordIIITPet{Root: root, Archives: []string{filepath.Join(dir, "none.tar")}}.Download(background)
	wantError(t, "no archive", err, ErrArchive, "none.tar")
}

func TestHostileArchives(t *testing.T) {
	for _, c := range []struct {
		header tar.Header
		says   string
	}{
		{tar.Header{Name: "../evil.txt", Typeflag: tar.TypeReg}, `"../evil.txt" leaves the folder`},
		{tar.Header{Name: "images/../../evil.txt", Typeflag: tar.TypeReg}, "leaves the folder"},
		{tar.Header{Name: "/evil.txt", Typeflag: tar.TypeReg}, "leaves the folder"},
		{tar.Header{Name: `images\..\..\evil.txt`, Typeflag: tar.TypeReg}, "leaves the folder"},
		{tar.Header{Name: "C:evil.txt", Typeflag: tar.TypeReg}, "leaves the folder"},
		{tar.Header{Name: "images/link", Linkname: "/etc", Typeflag: tar.TypeSymlink}, "neither a file nor a folder"},
		{tar.Header{Name: "images/link", Linkname: "../../evil.txt", Typeflag: tar.TypeLink}, "neither a file nor a folder"},
		{tar.Header{Name: "images/disk", Typeflag: tar.TypeBlock}, "neither a file nor a folder"},
		{tar.Header{Name: "images/pipe", Typeflag: tar.TypeFifo}, "neither a file nor a folder"},
		{tar.Header{Name: "images/huge.jpg", Typeflag: tar.TypeReg, Size: 1 << 40}, "at most 268435456 are unpacked"},
		{tar.Header{Name: "images/cut.jpg", Typeflag: tar.TypeReg, Size: 1000}, "unexpected EOF"},
	} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		if err := w.WriteHeader(&c.header); err != nil {
			t.Fatal(err)
		}
		_ = w.Flush()
		dir := t.TempDir()
		path, root := filepath.Join(dir, "a.tar.gz"), filepath.Join(dir, "sets", "pets")
		writeFile(t, path, b.Bytes())
		err := OxfordIIITPet{Root: root, Archives: []string{path}}.Download(background)
		wantError(t, c.header.Name, err, ErrArchive, path, c.says)
		notThere(t, root)
		for _, escaped := range []string{filepath.Join(dir, "evil.txt"), filepath.Join(dir, "sets", "evil.txt"), "/evil.txt"} {
			notThere(t, escaped)
		}
	}
}
