package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/transforms"
)

// Found is the result of FindImages. All paths begin with the
// folder as it was given.
type Found struct {
	// Images are the files that count as images, folder by folder in byte order.
	Images []string
	// LeftOut counts the other files by kind: their ending in lower case, or
	// words such as "without an ending".
	LeftOut map[string]int
	// Broken are links that lead nowhere, Loops those that lead back to a folder
	// that holds them, which are not followed.
	Broken, Loops []string
	// Repeated are folders that were found before under another name, by a link.
	// Their images are listed under both.
	Repeated []string
	// Errs name folders that cannot be read. Errors wrap ErrNoSet.
	Errs []error
}

// FindImages lists the images below a folder, those of folders below it
// included. Links to files and folders are followed. Hidden files and folders
// are left out: names that begin with a dot, and files that systems leave beside
// images, such as __MACOSX and Thumbs.db; dir itself may be hidden.
func FindImages(dir string) *Found { return newWalker().find(dir) }

// hiddenNames are files and folders, in lower case, that systems leave beside
// images.
var hiddenNames = []string{
	"__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found", "thumbs.db", "ehthumbs.db", "desktop.ini",
}

// isHidden reports whether a file or a folder is left out for its name.
func isHidden(name string) bool {
	return strings.HasPrefix(name, ".") || slices.Contains(hiddenNames, strings.ToLower(name))
}

// walker finds images below several folders.
type walker struct {
	seen    map[string]string // the path under which a folder was first found, by its resolved path
	within  int               // the links on the way that lead to folders found before
	repeats int               // such links that were found below other ones
}

// maxRepeats bounds the links to folders that were found before and are below
// such links: folders that link to each other have more paths than can be walked.
const maxRepeats = 1000

func newWalker() *walker { return &walker{seen: map[string]string{}} }

func (w *walker) find(dir string) *Found {
	f := &Found{LeftOut: map[string]int{}}
	real, err := resolve(dir)
	if err != nil {
		f.fail(err)
		return f
	}
	if _, known := w.seen[real]; known {
		f.Repeated = append(f.Repeated, dir)
	}
	w.folder(f, dir, []string{real})
	return f
}

// resolve is the absolute path of a file without links.
func resolve(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(real)
}

func (f *Found) fail(err error) {
	f.Errs = append(f.Errs, fmt.Errorf("dataset: %w: %w", ErrNoSet, err))
}

// folder lists a folder. chain has the resolved paths of the folders on the way
// to it, its own last.
func (w *walker) folder(f *Found, path string, chain []string) {
	real := chain[len(chain)-1]
	if _, known := w.seen[real]; !known {
		w.seen[real] = path
	}
	entries, err := os.ReadDir(real)
	if err != nil {
		f.fail(named(err, path))
		return
	}
	for _, e := range entries {
		if isHidden(e.Name()) {
			continue
		}
		below := filepath.Join(path, e.Name())
		switch {
		case e.IsDir():
			w.folder(f, below, append(slices.Clip(chain), filepath.Join(real, e.Name())))
		case e.Type().IsRegular():
			f.file(below)
		default:
			w.link(f, below, filepath.Join(real, e.Name()), chain)
		}
	}
}

// named replaces the path in an error of the system by the one that the user gave.
func named(err error, path string) error {
	if e, ok := err.(*fs.PathError); ok {
		return &fs.PathError{Op: e.Op, Path: path, Err: e.Err}
	}
	return err
}

// link follows a link, or anything else that is neither a file nor a folder. at is
// its path without links in the folders.
func (w *walker) link(f *Found, path, at string, chain []string) {
	info, err := os.Stat(at)
	switch {
	case errors.Is(err, fs.ErrPermission):
		f.fail(named(err, path))
	case err != nil:
		f.Broken = append(f.Broken, path)
	case info.Mode().IsRegular():
		f.file(path)
	case !info.IsDir():
		f.LeftOut["that are no files"]++ // opening a pipe would wait forever
	default:
		w.linkedFolder(f, path, at, chain)
	}
}

func (w *walker) linkedFolder(f *Found, path, at string, chain []string) {
	real, err := resolve(at)
	if err != nil { // the system finds it, but its path cannot be resolved
		real = at
	}
	if slices.ContainsFunc(chain, func(c string) bool { return c == real || holds(real, c) }) {
		f.Loops = append(f.Loops, path)
		return
	}
	if _, known := w.seen[real]; known {
		if w.within > 0 {
			w.repeats++
		}
		if w.repeats > maxRepeats {
			if w.repeats == maxRepeats+1 {
				f.fail(fmt.Errorf("more than %d links lead to folders that were read before, such as %s", maxRepeats, path))
			}
			return
		}
		f.Repeated = append(f.Repeated, path)
		w.within++
		defer func() { w.within-- }()
	}
	w.folder(f, path, append(slices.Clip(chain), real))
}

// holds reports whether a folder holds a path, both resolved.
func holds(folder, path string) bool {
	return strings.HasPrefix(path, strings.TrimSuffix(folder, string(filepath.Separator))+string(filepath.Separator))
}

// file records a file as an image or as left out.
func (f *Found) file(path string) {
	if transforms.IsImageName(path) {
		f.Images = append(f.Images, path)
		return
	}
	f.LeftOut[kindOf(path)]++
}
