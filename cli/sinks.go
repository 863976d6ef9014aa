package cli

import (
	"maps"
	"slices"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/track"
)

// newSink makes the Sink of a run in a folder. note is a line for the start of the run;
// empty: none. env reads the environment, from where secrets come.
type newSink func(c config.Config, dir string, env func(string) string) (sink track.Sink, note string, err error)

// sinks are the trackers that the key track knows.
var sinks = map[string]newSink{}

// sinkNames are the names in sinks, in order.
func sinkNames() []string { return slices.Sorted(maps.Keys(sinks)) }
