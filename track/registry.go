package track

import (
	"errors"
	"fmt"
	"strings"

	"github.com/euryale-ml/euryale/registry"
)

// ErrUnknown: this program has no tracker of that name.
var ErrUnknown = errors.New("there is no such tracker")

// Setup is what a registered tracker makes a run's Sink from.
type Setup struct {
	Dir string // the run's folder
	// Settings are the tracker's own, of the type that it was registered with by
	// registry.Settings; Open fills in the registered defaults where it is nil.
	Settings any
	// Env reads the environment, from where secrets come: os.Getenv outside of tests.
	Env func(name string) string
}

// NewSink makes the Sink of a run. Nothing is sent or written yet. note is a line for the
// start of the run, such as where it is kept; empty: none.
type NewSink func(s Setup) (sink Sink, note string, err error)

// Tagger is implemented by the settings of a tracker that has a setting for tags. All
// trackers of a run get them.
type Tagger interface{ RunTags() []string }

// Key is the key of a configuration that chooses trackers.
const Key = "track"

// trackers are what it chooses from.
var trackers = registry.New[NewSink](Key, "tracker")

// Register makes a tracker reachable by name: track in a configuration. Packages of
// trackers call it when they are imported. A name that is taken is an error. The options
// describe the tracker, and may give it settings of its own, such as mine.project.
func Register(name string, f NewSink, options ...registry.Option) error {
	if f == nil {
		return fmt.Errorf("track: %w the tracker %q without a function that makes its Sink", registry.ErrRegister, name)
	}
	if err := trackers.Register(name, f, options...); err != nil {
		return fmt.Errorf("track: %w", err)
	}
	return nil
}

// Names lists the registered trackers in byte order. Package track/all registers those of
// this module.
func Names() []string { return trackers.Names() }

// Entries lists the registered trackers with their descriptions.
func Entries() []registry.Entry { return trackers.Entries() }

// Open makes the Sink of a registered tracker; the error for another name is ErrUnknown.
func Open(name string, s Setup) (sink Sink, note string, err error) {
	f, ok := trackers.Find(name)
	if !ok {
		return nil, "", fmt.Errorf("%w: %q; there are %s", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	if e, _ := trackers.Entry(name); s.Settings == nil {
		s.Settings = e.Settings
	}
	return f(s)
}

// Separate is implemented by a Sink that keeps a run instead of sending it, and so wants
// its records in a folder of their own: a later Sink of the same tracker sends them all.
type Separate interface {
	// Outbox names the folder: the tracker's name, "-" and a word.
	Outbox() string
}

// OutboxName names the folder of the records for a tracker's Sink.
func OutboxName(tracker string, s Sink) string {
	if o, ok := s.(Separate); ok {
		return o.Outbox()
	}
	return tracker
}

// OfOutbox is the registered tracker whose records a folder of this name holds; "" if it is
// of none.
func OfOutbox(folder string) string {
	of := ""
	for _, name := range Names() {
		if rest, ok := strings.CutPrefix(folder, name); ok && (rest == "" || rest[0] == '-') && len(name) > len(of) {
			of = name
		}
	}
	return of
}
