package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/track"
	_ "github.com/euryale-ml/euryale/track/all" // registers the trackers for the key track
)

// makeSink makes the Sink of a tracker for the run in a folder; a panic of its package becomes
// an error. note is a line for the start of the run; "": none.
func makeSink(service string, c config.Config, dir string) (sink track.Sink, note string, err error) {
	err = try(func() (err error) {
		sink, note, err = track.Open(service, track.Setup{Dir: dir, Settings: c.Settings(track.Key, service), Env: os.Getenv})
		return err
	})
	return sink, note, err
}

// describeTrackers is a line for each tracker with its description.
func describeTrackers() string {
	var b strings.Builder
	for _, e := range track.Entries() {
		fmt.Fprintf(&b, "  %-14s %s\n", e.Name, e.About)
	}
	return b.String()
}
