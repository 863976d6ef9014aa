package config

import "slices"

// where are the keys that say where a run runs, where its images are, and who is told.
var where = []string{
	"threads", "device", "data.root", "data.workers", "data.download", "data.url", "data.archives", "track",
}

// ChangesOutcome reports whether a key's value may change what a run learns. Others say
// where it runs, where its images are and who is told of it, as the trackers' settings do.
func ChangesOutcome(key string) bool {
	k := tree().byPath[key]
	return !slices.Contains(where, key) && (k == nil || k.own == nil || !slices.Contains(where, k.own.table.Key()))
}
