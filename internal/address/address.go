// Package address checks addresses that people write into a configuration, which a run's
// folder keeps.
package address

import (
	"fmt"
	"net/url"
	"strings"
)

// Check refuses an address that holds a user or a password, since it would be written to
// config.yaml. key names the setting, and instead says where secrets belong. The error does
// not show the address.
func Check(key, value, instead string) error {
	u, err := url.Parse(value)
	if err != nil {
		return fmt.Errorf("%s cannot be read as an address", key)
	}
	if u.User != nil || u.Host == "" && strings.Contains(value, "@") { // a token may stand in either place
		return fmt.Errorf("%s holds a user or a password, which would be written to config.yaml: want %s", key, instead)
	}
	return nil
}

// WithoutUser takes a user and a password out of an address: some servers take a token as
// one. What is no address with a user stays as it is.
func WithoutUser(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.User == nil {
		return value
	}
	u.User = nil
	return u.String()
}
