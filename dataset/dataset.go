package dataset

import (
	"context"
	"errors"

	"github.com/euryale-ml/euryale/transforms"
)

// Sample is one labelled image.
type Sample struct {
	Image *transforms.RGB
	Label int    // index into the set's Classes
	Name  string // for people: a file's path, or the set's name for it
}

// Dataset is a fixed sequence of labelled images. Sample must be safe for
// concurrent use and give the same image each time. With an error it may still
// fill Sample.Name, so that the error can be reported by name.
type Dataset interface {
	Len() int
	Sample(ctx context.Context, i int) (Sample, error)
	Classes() []string
}

// Errors of this package; test with errors.Is.
var (
	// ErrNoSet: a folder is missing or does not hold the set.
	ErrNoSet = errors.New("no such set")
	// ErrList: a list of images has a line that cannot be used.
	ErrList = errors.New("bad list")
	// ErrMissing: images named by a list are not there.
	ErrMissing = errors.New("missing images")
	// ErrArchive: an archive is damaged, hostile or not the set's.
	ErrArchive = errors.New("bad archive")
	// ErrConfig: an option cannot be used.
	ErrConfig = errors.New("bad option")
	// ErrBadImage: an image cannot be used, and the loader is set to stop at such
	// an image or found no readable one in its place.
	ErrBadImage = errors.New("bad image")
	// ErrPanic: a Dataset or a Transform panicked, or ended a goroutine
	// of the loader with runtime.Goexit.
	ErrPanic = errors.New("panic")
)
