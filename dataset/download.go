package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
)

// PetsURL is the set's own address: the folder of its two archives.
const PetsURL = "https://thor.robots.ox.ac.uk/~vgg/data/pets"

// ErrDownload says that a server did not give what was asked for.
var ErrDownload = errors.New("download failed")

// Stage is what a download is doing.
type Stage string

// The stages of a download, in order; the middle three come once an archive.
const (
	StageSize     Stage = "size"     // first of all: Total bytes are to be fetched and unpacked
	StageDownload Stage = "download" // Done of Total bytes of File are here
	StageVerify   Stage = "verify"   // Done of Total bytes of File are compared with its checksum
	StageUnpack   Stage = "unpack"   // Done of Total bytes of File are unpacked
	StageDone     Stage = "done"     // the set lies in File
)

// Progress is how far a download is.
type Progress struct {
	Stage Stage
	File  string // the archive; in StageSize and StageDone the set's folder
	Done  int64  // bytes
	Total int64  // bytes; 0 where the server does not tell
}

// archive is a file of the set, with what is known of it.
type archive struct {
	name string
	md5  string
	size int64 // of the official one, for servers that do not tell
}

var petArchives = []archive{
	{"images.tar.gz", "5c4f3ee8e5d25df40f4fd59a7f44e54c", 791918971},
	{"annotations.tar.gz", "95a8c909bbe2e81eed6a22bccdf3f68f", 19173078},
}

// Download fetches the set's two archives and unpacks them into Root, or into
// CacheRoot where Root is empty; with Archives it unpacks those and fetches
// nothing. A set that is there already is left alone.
//
// An interrupted download goes on where it stopped when Download is called
// again: what has come so far is kept in Root.download. Checksums are compared
// before anything is unpacked: with the official ones, or, with a URL of one's
// own, with those of the files images.tar.gz.md5 and annotations.tar.gz.md5 there
// if it has them. The set appears in Root whole or not at all. Twice as much
// room as StageSize says is needed on disk while it runs.
//
// Errors wrap ErrDownload, ErrArchive, ErrNoSet or the context's cause.
func (p OxfordIIITPet) Download(ctx context.Context) error {
	root, err := p.target()
	if err != nil {
		return err
	}
	if checkRoot(root) == nil {
		return nil
	}
	if err := mustBeEmpty(root); err != nil {
		return err
	}
	work := root + ".download"
	if err := os.MkdirAll(work, 0o755); err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	paths := p.Archives
	if len(paths) == 0 {
		if paths, err = p.fetch(ctx, root, work); err != nil {
			return err
		}
	} else if err := p.sayLocalSize(root); err != nil {
		return err
	}
	unpacked := filepath.Join(work, "unpacked")
	if err := p.unpackAll(ctx, paths, unpacked); err != nil {
		_ = os.RemoveAll(unpacked)
		return err
	}
	if err := os.Remove(root); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("dataset: %w", err)
	}
	if err := os.Rename(unpacked, root); err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	p.progress(Progress{Stage: StageDone, File: root})
	if err := os.RemoveAll(work); err != nil {
		return fmt.Errorf("dataset: the set is in %s, but its archives could not be removed: %w", root, err)
	}
	return nil
}

func (p OxfordIIITPet) target() (string, error) {
	root := p.Root
	if root == "" {
		var err error
		if root, err = CacheRoot(); err != nil {
			return "", err
		}
	}
	return filepath.Clean(root), nil
}

// mustBeEmpty refuses to write among other files.
func mustBeEmpty(root string) error {
	entries, err := os.ReadDir(root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("dataset: %w: %w", ErrNoSet, err)
	case len(entries) > 0:
		return fmt.Errorf("dataset: %w: %s holds other files and not the Oxford-IIIT Pet set; name an empty or new folder", ErrNoSet, root)
	}
	return nil
}

func (p OxfordIIITPet) progress(now Progress) {
	if p.Progress != nil {
		p.Progress(now)
	}
}

func (p OxfordIIITPet) sayLocalSize(root string) error {
	var total int64
	for _, path := range p.Archives {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("dataset: %w: %w", ErrArchive, err)
		}
		total += info.Size()
	}
	p.progress(Progress{Stage: StageSize, File: root, Total: total})
	return nil
}

// fetch downloads both archives into the folder work and returns their paths.
func (p OxfordIIITPet) fetch(ctx context.Context, root, work string) ([]string, error) {
	f := fetcher{client: p.Client, base: p.URL, report: p.progress}
	if f.client == nil {
		f.client = http.DefaultClient
	}
	wanted := slices.Clone(petArchives)
	if f.base == "" {
		f.base = PetsURL
	} else {
		wanted = f.ownChecksums(ctx, wanted)
	}
	var total int64
	for i := range wanted {
		wanted[i].size = f.size(ctx, wanted[i])
		total += wanted[i].size
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("dataset: %w", context.Cause(ctx))
	}
	p.progress(Progress{Stage: StageSize, File: root, Total: total})
	var paths []string
	for _, a := range wanted {
		path := filepath.Join(work, a.name)
		if err := f.get(ctx, a, path); err != nil {
			return nil, fmt.Errorf("dataset: %w", err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// unpackAll unpacks the archives into the folder to and checks that they made
// the set.
func (p OxfordIIITPet) unpackAll(ctx context.Context, paths []string, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	for _, path := range paths {
		if err := unpack(ctx, path, to, p.progress); err != nil {
			return fmt.Errorf("dataset: %s: %w", path, err)
		}
	}
	if checkRoot(to) == nil {
		names, err := imageNames(to)
		if _, e := os.Stat(filepath.Join(to, "annotations", "list.txt")); err == nil && e == nil && len(names) > 0 {
			return nil
		}
	}
	return fmt.Errorf("dataset: %w: %v do not hold images and annotations/list.txt of the Oxford-IIIT Pet set", ErrArchive, paths)
}
