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

// ErrDownload: a server did not send the requested file.
var ErrDownload = errors.New("download failed")

// Stage is the current stage of a download.
type Stage string

// The stages of a download, in order; wait and incomplete only where they apply,
// and download, verify and unpack once an archive.
const (
	StageWait       Stage = "wait"       // another download holds the lock File: its end is awaited
	StageIncomplete Stage = "incomplete" // the set in File lacks Total images (not bytes), or its lists where that is 0; it is completed
	StageSize       Stage = "size"       // Total bytes are to be fetched and unpacked
	StageDownload   Stage = "download"   // Done of Total bytes of File are here
	StageVerify     Stage = "verify"     // Done of Total bytes of File are compared with its checksum
	StageUnpack     Stage = "unpack"     // Done of Total bytes of File are unpacked
	StageDone       Stage = "done"       // the set lies in File
)

// Progress is how far a download is.
type Progress struct {
	Stage Stage
	File  string // the archive; the set's folder in StageIncomplete, StageSize and StageDone
	Done  int64  // bytes
	Total int64  // bytes; 0 where the server does not state it
}

// archive is a file of the set with its size and checksum, where they are known.
type archive struct {
	name string
	md5  string
	size int64 // of the official one, for servers that do not state it
}

var petArchives = []archive{
	{"images.tar.gz", "5c4f3ee8e5d25df40f4fd59a7f44e54c", 791918971},
	{"annotations.tar.gz", "95a8c909bbe2e81eed6a22bccdf3f68f", 19173078},
}

// Download fetches the set's two archives and unpacks them into Root, or into
// CacheRoot where Root is empty; with Archives it unpacks those and fetches
// nothing. A set that has every image that its lists (or TrainList and TestList)
// name is left alone. One that lacks some is completed: the missing files are
// added, and no other file in Root is changed.
//
// An interrupted download resumes where it stopped when Download is called
// again: the bytes received so far are kept in Root.download, or, where Root is an
// existing folder, in Root/.download. Checksums are compared before anything is
// unpacked: with the official ones, or, with another URL, with those of the
// files images.tar.gz.md5 and annotations.tar.gz.md5 there if it has them. The set
// appears in Root complete or not at all. Twice as much room as StageSize states is
// needed on disk while it runs.
//
// Of several downloads into one Root, in one process or in several, one works and
// the others wait for it (StageWait), and return when they find its set. A server
// that sends nothing for 20 seconds, or less than a kilobyte a second, is asked
// again for the rest, at most four times in a row.
//
// Errors wrap ErrDownload, ErrArchive, ErrNoSet, ErrMissing or the context's
// cause, or are the disk's.
func (p OxfordIIITPet) Download(ctx context.Context) error {
	root, err := p.target()
	if err != nil {
		return err
	}
	if p.complete(root) == nil {
		tidy(root, p.Archives)
		return nil
	}
	work := workPath(root)
	if err := mustBeFree(root, work); err != nil {
		return err
	}
	w, err := openWork(ctx, work, func() { p.progress(Progress{Stage: StageWait, File: filepath.Join(work, lockName)}) })
	if err != nil {
		return fmt.Errorf("dataset: no download into %s: %w", root, err)
	}
	defer w.close()
	if err := p.downloadInto(ctx, root, w); err != nil {
		return err
	}
	p.progress(Progress{Stage: StageDone, File: root})
	if err := w.finish(p.Archives); err != nil {
		return fmt.Errorf("dataset: the set is in %s, but its archives could not be removed: %w", root, err)
	}
	return nil
}

// downloadInto completes the download; the caller holds the lock.
func (p OxfordIIITPet) downloadInto(ctx context.Context, root string, w *workFolder) error {
	why := p.complete(root) // another may have finished it
	if why == nil {
		return nil
	}
	if err := mustBeFree(root, w.path); err != nil {
		return err
	}
	if checkRoot(root) == nil {
		p.progress(Progress{Stage: StageIncomplete, File: root, Total: lacking(why)})
	}
	paths := p.Archives
	var err error
	if len(paths) == 0 {
		if paths, err = p.fetch(ctx, root, w.path); err != nil {
			return err
		}
	} else if err := p.sayLocalSize(root); err != nil {
		return err
	}
	if err := p.unpackAll(ctx, paths, root, w); err != nil {
		return errors.Join(err, w.clean())
	}
	return nil
}

func (p OxfordIIITPet) target() (string, error) {
	root := p.Root
	if root == "" {
		var err error
		if root, err = CacheRoot(PetsSet); err != nil {
			return "", err
		}
	}
	if _, err := os.Lstat(root); err == nil { // a link stays, and what it names gets the set
		if root, err = filepath.EvalSymlinks(root); err != nil {
			return "", fmt.Errorf("dataset: %w: %w", ErrNoSet, err)
		}
	}
	return filepath.Clean(root), nil
}

// mustBeFree refuses to write among other files than those of the set, of a
// download's own folder, or of one that ended while it moved files into root.
func mustBeFree(root, work string) error {
	entries, err := os.ReadDir(root)
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.Name() == workSuffix })
	if _, begun := os.Stat(filepath.Join(work, installing)); begun == nil || checkRoot(root) == nil {
		return nil
	}
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
	f := fetcher{client: p.Client, base: p.URL, report: p.progress, patience: usualPatience}
	if f.client == nil {
		f.client = http.DefaultClient
	}
	wanted := slices.Clone(petArchives)
	if f.base == "" {
		f.base = PetsURL
	} else {
		var err error
		if wanted, err = f.ownChecksums(ctx, wanted); err != nil {
			return nil, fmt.Errorf("dataset: %w", err)
		}
	}
	total := f.total(ctx, wanted)
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

// unpackAll unpacks the archives into a folder that only this download uses, checks that
// they make the set, or the part of it that root lacks, and moves that into root.
func (p OxfordIIITPet) unpackAll(ctx context.Context, paths []string, root string, w *workFolder) error {
	to, err := w.unpackFolder()
	if err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	for _, path := range paths {
		if err := unpack(ctx, path, to, p.progress); err != nil {
			return fmt.Errorf("dataset: %s: %w", path, err)
		}
	}
	if checkRoot(to) != nil {
		return fmt.Errorf("dataset: %w: %v do not hold images and annotations/list.txt of the Oxford-IIIT Pet set", ErrArchive, paths)
	}
	if err := p.complete(to); err != nil {
		return fmt.Errorf("%w: %v do not hold the Oxford-IIIT Pet set: %w", ErrArchive, paths, err)
	}
	if checkRoot(root) == nil {
		if err := completeWith(root, to); err != nil {
			return fmt.Errorf("%w: %v do not complete the set in %s, which stays as it was: %w", ErrArchive, paths, root, err)
		}
	}
	if err := w.install(ctx, to, root); err != nil {
		return fmt.Errorf("dataset: the set could not be put into %s: %w", root, err)
	}
	return nil
}
