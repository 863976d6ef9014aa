package config

import "slices"

// where are the keys for the place of a run, of its images and of its metrics.
var where = []string{
	"threads", "device", "data.root", "data.workers", "data.download", "data.url", "data.archives", "track",
}

// ChangesOutcome reports whether a key's value may change the trained weights. The other
// keys are for the place of a run, of its images and of its metrics, trackers included.
func ChangesOutcome(key string) bool {
	k := tree().byPath[key]
	return !slices.Contains(where, key) && (k == nil || k.own == nil || !slices.Contains(where, k.own.table.Key()))
}
