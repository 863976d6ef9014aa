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
	Name  string // for people: a file's path, or what the set calls it
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
	// ErrNoSet says that a folder is missing or does not hold the set.
	ErrNoSet = errors.New("no such set")
	// ErrList says that a list of images has a line that cannot be used.
	ErrList = errors.New("bad list")
	// ErrMissing says that images named by a list are not there.
	ErrMissing = errors.New("missing images")
	// ErrArchive says that an archive is damaged, hostile or not the set's.
	ErrArchive = errors.New("bad archive")
	// ErrConfig says that an option cannot be used.
	ErrConfig = errors.New("bad option")
	// ErrBadImage says that an image cannot be used and that the loader was told
	// to stop, or that no readable image was found in its place.
	ErrBadImage = errors.New("bad image")
	// ErrPanic says that a Dataset or a Transform panicked, or ended a goroutine
	// of the loader with runtime.Goexit.
	ErrPanic = errors.New("panic")
)
