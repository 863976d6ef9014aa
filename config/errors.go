package config

import "errors"

// Errors of this package match one of these with errors.Is.
var (
	// ErrSyntax: a file is not YAML, or not one document of keys.
	ErrSyntax = errors.New("config: not a configuration")
	// ErrUnknownKey: there is no such key.
	ErrUnknownKey = errors.New("config: unknown key")
	// ErrDuplicate: a file gives a key twice.
	ErrDuplicate = errors.New("config: key given twice")
	// ErrType: a value is of another type than the key's.
	ErrType = errors.New("config: wrong type of value")
	// ErrRange: a value is out of the key's range.
	ErrRange = errors.New("config: value out of range")
	// ErrUnavailable: a value is known, but this version does not have it.
	ErrUnavailable = errors.New("config: not available in this version")
)

// keyError is a message that matches a sentinel with errors.Is but does not contain its text.
type keyError struct {
	message  string
	sentinel error
}

func (e *keyError) Error() string { return "config: " + e.message }
func (e *keyError) Unwrap() error { return e.sentinel }
