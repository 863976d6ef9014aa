package config

import "errors"

// Errors of this package match one of these with errors.Is.
var (
	// ErrSyntax says that a file is not YAML, or not one document of keys.
	ErrSyntax = errors.New("config: not a configuration")
	// ErrUnknownKey says that there is no such key.
	ErrUnknownKey = errors.New("config: unknown key")
	// ErrDuplicate says that a file gives a key twice.
	ErrDuplicate = errors.New("config: key given twice")
	// ErrType says that a value is of another type than the key's.
	ErrType = errors.New("config: wrong type of value")
	// ErrRange says that a value is outside what the key allows.
	ErrRange = errors.New("config: value out of range")
	// ErrUnavailable says that this version does not have what a value asks for.
	ErrUnavailable = errors.New("config: not available in this version")
)

// keyError is a message that matches a sentinel without repeating its words.
type keyError struct {
	message  string
	sentinel error
}

func (e *keyError) Error() string { return "config: " + e.message }
func (e *keyError) Unwrap() error { return e.sentinel }
