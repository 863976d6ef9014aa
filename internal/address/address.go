// Package address checks addresses in a configuration for secrets, since a run's folder keeps
// the configuration.
package address

import (
	"fmt"
	"net/url"
	"strings"
)

// Check refuses an address that holds a user or a password, since it would be written to
// config.yaml. key is the setting and instead the place for secrets, both for the error. The
// error does not show the address.
func Check(key, value, instead string) error {
	u, err := url.Parse(value)
	if err != nil {
		return fmt.Errorf("%s cannot be read as an address", key)
	}
	if u.User != nil || u.Host == "" && strings.Contains(value, "@") { // either part may be a token
		return fmt.Errorf("%s holds a user or a password, which would be written to config.yaml: want %s", key, instead)
	}
	return nil
}

// WithoutUser removes the user and the password from an address, since they may be tokens.
// Other texts are returned unchanged.
func WithoutUser(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.User == nil {
		return value
	}
	u.User = nil
	return u.String()
}
