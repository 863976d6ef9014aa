//go:build windows || plan9 || js || wasip1

package atomicfile

// SyncDir does nothing: folders cannot be synced here.
func SyncDir(string) error { return nil }
