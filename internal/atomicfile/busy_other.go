//go:build !windows

package atomicfile

// busy reports whether an operation failed because another process has the file open,
// which is no reason to fail here.
func busy(error) bool { return false }
