package dataset

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Bounds on the content of an archive.
const (
	maxUnpacked = 8 << 30
	maxEntry    = 256 << 20
	maxEntries  = 200_000
)

// mostUnpacked is maxUnpacked, replaced in tests.
var mostUnpacked int64 = maxUnpacked

// unpack extracts a tar file, compressed by gzip or not, into the folder to.
// Only files and folders that stay in it are accepted: an archive with a
// name that leaves it, a link or a device is refused.
func unpack(ctx context.Context, from, to string, report func(Progress)) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrArchive, err)
	}
	defer in.Close()
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	counted := &meter{report: report, now: Progress{Stage: StageUnpack, File: filepath.Base(from), Total: fileSize(from)}}
	source, err := decompress(io.TeeReader(withContext(ctx, in), counted))
	if err != nil {
		return err
	}
	err = unpackTar(tar.NewReader(io.LimitReader(source, mostUnpacked)), root)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	counted.flush()
	return err
}

// decompress looks at the first bytes, not at the name: some servers and
// browsers undo the compression.
func decompress(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	head, err := b.Peek(512)
	switch {
	case len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b:
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrArchive, err)
		}
		return z, nil
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	case strings.HasPrefix(strings.ToLower(strings.TrimSpace(string(head))), "<"):
		return nil, fmt.Errorf("%w: it is a web page, not an archive", ErrArchive)
	}
	return b, nil
}

func unpackTar(t *tar.Reader, root *os.Root) error {
	left := mostUnpacked
	for n := 0; ; n++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			if n == 0 {
				return fmt.Errorf("%w: it is empty", ErrArchive)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrArchive, err)
		}
		if n >= maxEntries {
			return fmt.Errorf("%w: it has more than %d entries", ErrArchive, maxEntries)
		}
		if left -= max(h.Size, 0); left < 0 && h.Size <= maxEntry { // files with holes are small in the archive
			return fmt.Errorf("%w: it unpacks to more than %d bytes", ErrArchive, mostUnpacked)
		}
		if err := unpackEntry(h, t, root); err != nil {
			return err
		}
	}
}

func unpackEntry(h *tar.Header, content io.Reader, root *os.Root) error {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	if strings.ContainsAny(h.Name, "\\:\x00") || !filepath.IsLocal(filepath.FromSlash(h.Name)) {
		return fmt.Errorf("%w: the entry %q leaves the folder", ErrArchive, h.Name)
	}
	name := path.Clean(h.Name)
	switch h.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(filepath.FromSlash(name), 0o755)
	case tar.TypeReg:
	default:
		return fmt.Errorf("%w: the entry %q is neither a file nor a folder (type %q)", ErrArchive, h.Name, h.Typeflag)
	}
	if h.Size > maxEntry {
		return fmt.Errorf("%w: the entry %q has %d bytes, at most %d are unpacked", ErrArchive, h.Name, h.Size, maxEntry)
	}
	if strings.HasPrefix(path.Base(name), "._") { // macOS keeps attributes in such files
		return nil
	}
	return writeEntry(root, filepath.FromSlash(name), content)
}

func writeEntry(root *os.Root, name string, content io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	out, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: the entry %q is there twice: %w", ErrArchive, name, err)
	}
	if err != nil {
		return err
	}
	source := &sourceError{r: content}
	_, err = io.Copy(out, source)
	if e := out.Close(); err == nil {
		err = e
	}
	if source.err != nil {
		return fmt.Errorf("%w: the entry %q: %w", ErrArchive, name, err)
	}
	return err // of the disk
}
