package track

import (
	"errors"
	"fmt"
	"strings"

	"github.com/euryale-ml/euryale/registry"
)

// ErrUnknown: no tracker is registered under the name.
var ErrUnknown = errors.New("unknown tracker")

// Setup is the input from which a registered tracker makes a run's Sink.
type Setup struct {
	Dir string // the run's folder
	// Settings are the tracker's own, of the type given to registry.Settings when it was
	// registered; nil means the registered defaults.
	Settings any
	// Env reads the environment, the source of secrets: os.Getenv outside of tests.
	Env func(name string) string
}

// NewSink makes the Sink of a run. Nothing is sent or written yet. note is a line for the
// start of the run, such as where its files are; empty: none.
type NewSink func(s Setup) (sink Sink, note string, err error)

// Tagger is implemented by the settings of a tracker that include tags. The tags are sent to
// all trackers of the run.
type Tagger interface{ RunTags() []string }

// Key is the configuration key that selects trackers.
const Key = "track"

// trackers is the registry of trackers.
var trackers = registry.New[NewSink](Key, "tracker")

// Register adds a tracker under a name for Open and configurations (key track). Packages of
// trackers call it when they are imported. A name in use is an error. The options describe
// the tracker and may give it keys of its own, such as mine.project.
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

// Open makes the Sink of a registered tracker; for an unknown name it returns ErrUnknown.
func Open(name string, s Setup) (sink Sink, note string, err error) {
	f, ok := trackers.Find(name)
	if !ok {
		return nil, "", fmt.Errorf("%w %q: there are %s", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	if e, _ := trackers.Entry(name); s.Settings == nil {
		s.Settings = e.Settings
	}
	return f(s)
}

// Separate is implemented by a Sink that stores a run instead of sending it, and so needs a
// separate folder for its records: a later Sink of the same tracker sends all of them.
type Separate interface {
	// Outbox names the folder: the tracker's name, "-" and a word.
	Outbox() string
}

// OutboxName returns the folder of the records for a tracker's Sink.
func OutboxName(tracker string, s Sink) string {
	if o, ok := s.(Separate); ok {
		return o.Outbox()
	}
	return tracker
}

// OfOutbox returns the registered tracker that has a records folder of this name; "" if
// none has.
func OfOutbox(folder string) string {
	of := ""
	for _, name := range Names() {
		if rest, ok := strings.CutPrefix(folder, name); ok && (rest == "" || rest[0] == '-') && len(name) > len(of) {
			of = name
		}
	}
	return of
}
