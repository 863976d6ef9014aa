package atomicfile

import (
	"errors"

	"golang.org/x/sys/windows"
)

// busy reports whether an operation failed because another process has the file open. A
// rename over an open file, and one whose removal is pending, is "access denied".
func busy(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION) ||
		errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_USER_MAPPED_FILE)
}
