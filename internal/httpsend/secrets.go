package httpsend

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Hide adds texts that no error may contain, such as a token from a server. It may be called
// during requests.
func (c *Client) Hide(secrets ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range secrets {
		if s != "" && !slices.Contains(c.hidden, s) {
			c.hidden = append(c.hidden, s)
		}
	}
}

// Message makes a short line without secrets from a server's text.
func (c *Client) Message(text string) string { return c.line(text, false) }

// hidden replaces a secret.
const hidden = "***"

var (
	user  = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s"'<>]*@`)            // and password, before a host
	query = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://[^\s"'<>?]*)\?[^\s"'<>]+`) // of an address
)

// clean removes secrets from a text, also in escaped or encoded form, and users, passwords
// and queries from addresses. It must be called before a text is cut, since it does not find
// parts of secrets.
func (c *Client) clean(text string) string {
	c.mu.Lock()
	secrets := slices.Concat(c.Secrets, c.hidden)
	c.mu.Unlock()
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // longest first: one may be part of another
	for _, s := range slices.Compact(secrets) {
		if s == "" {
			continue
		}
		for _, form := range forms(s) {
			text = strings.ReplaceAll(text, form, hidden)
		}
		if !strings.ContainsAny(text, escapeCharacters) {
			continue
		}
		if escaped := anyEscape(s); escaped != nil {
			text = escaped.ReplaceAllString(text, hidden)
		}
	}
	text = user.ReplaceAllString(text, "${1}"+hidden+"@")
	return query.ReplaceAllString(text, "${1}?…")
}

// shortestPart is the smallest length of a base64 text that is treated as part of a secret.
const shortestPart = 8

// forms are a secret as plain text, and in base64 at any offset of a longer text, such as
// after a user's name.
func forms(secret string) []string {
	list := []string{secret}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			text := encoding.EncodeToString(append(make([]byte, before), secret...))
			first := (before*8 + 5) / 6            // characters before it have bits of the preceding text
			last := (before + len(secret)) * 8 / 6 // characters from it on have bits of the following text
			if last-first >= shortestPart {
				list = append(list, text[first:last])
			}
		}
	}
	return list
}

// escapeCharacters are the first characters of the escapes that anyEscape finds.
const escapeCharacters = `%\&+`

// longestEscaped is the longest secret that is searched in escaped forms: its regular
// expression has a few dozen states for each character.
const longestEscaped = 8192

// names are the escapes of HTML's special characters.
var names = map[rune]string{'"': "&quot;", '\'': "&apos;", '&': "&amp;", '<': "&lt;", '>': "&gt;"}

// anyEscape matches a secret in which any characters may be escaped, as in addresses, JSON and
// HTML.
func anyEscape(secret string) *regexp.Regexp {
	if len(secret) > longestEscaped {
		return nil
	}
	var b strings.Builder
	for _, r := range secret {
		ways := []string{regexp.QuoteMeta(string(r)), fmt.Sprintf(`\\u(?i:%04x)`, r), fmt.Sprintf(`&#0*%d;`, r), fmt.Sprintf(`&#[xX]0*(?i:%x);`, r)}
		var percent strings.Builder
		for _, octet := range []byte(string(r)) {
			fmt.Fprintf(&percent, `%%(?i:%02x)`, octet)
		}
		ways = append(ways, percent.String())
		switch {
		case r == ' ':
			ways = append(ways, `\+`)
		case names[r] != "":
			ways = append(ways, names[r])
		}
		if r == '"' || r == '\\' || r == '/' || r == '\'' {
			ways = append(ways, regexp.QuoteMeta(`\`+string(r)))
		}
		b.WriteString("(?:" + strings.Join(ways, "|") + ")")
	}
	e, err := regexp.Compile(b.String())
	if err != nil {
		return nil
	}
	return e
}

// shown is an address for people: without user, password, query and fragment, where
// secrets may be.
func shown(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
