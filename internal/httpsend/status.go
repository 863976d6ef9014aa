package httpsend

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/euryale-ml/euryale/track"
)

// StatusError is an answer with a status outside 200 to 299.
type StatusError struct {
	Name, Method, Path string
	Status             int
	Message            string        // the beginning of the answer, or its message if it is JSON
	Body               []byte        // the answer
	After              time.Duration // of Retry-After
	To                 string        // target of a redirection that was not followed
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s: %s %s: %d %s", e.Name, e.Method, e.Path, e.Status, http.StatusText(e.Status))
	if e.To != "" {
		text += " to " + e.To + ": another address, or a sign-in before the service?"
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.After > 0 {
		text += fmt.Sprintf(" (it asks to wait %v)", e.After.Round(time.Second))
	}
	return text
}

// Own reports whether the service itself answered, in JSON, and not a proxy before it, from
// which redirections come.
func (e *StatusError) Own() bool {
	if e.Status < 400 {
		return false
	}
	var object map[string]any
	return json.Unmarshal(e.Body, &object) == nil
}

// OfRequest reports whether the service permanently refused the contents of the request:
// too large, or not valid. Any other answer is about the time, the address or the
// credentials, or comes from a proxy before the service.
func (e *StatusError) OfRequest() bool {
	switch e.Status {
	case http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong:
		return true
	case http.StatusBadRequest:
		return e.Own()
	}
	return false
}

// status is the error for an answer with a status outside 200 to 299.
func (c *Client) status(q Request, answer *http.Response, body []byte) error {
	e := &StatusError{
		Name: c.Name, Method: q.Method, Path: q.Path, Status: answer.StatusCode, Body: body,
		Message: c.message(answer.Header.Get("Content-Type"), body), After: retryAfter(answer.Header, time.Now()),
	}
	code := answer.StatusCode
	if code >= 300 && code <= 399 {
		if to, err := answer.Location(); err == nil {
			e.To = c.Message(shown(to))
		}
	}
	switch {
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		return &track.Retry{After: e.After, Err: e}
	case code == http.StatusUnauthorized, code == http.StatusPaymentRequired, code == http.StatusForbidden, code == http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: %w", track.ErrStop, e)
	}
	return e
}

// maxRead is the number of bytes of an answer that are searched for its message.
const maxRead = 256 << 10

// message is a line of an answer: the message of JSON, or the beginning of a text
// without its tags.
func (c *Client) message(kind string, body []byte) string {
	var object map[string]any
	if json.Unmarshal(body, &object) == nil {
		for _, key := range []string{"message", "errorType", "error", "title", "detail", "error_code"} {
			if s, ok := object[key].(string); ok && s != "" {
				return c.Message(s)
			}
		}
	}
	return c.line(string(body), isPage(kind, string(body[:min(len(body), 512)])))
}

// line makes a short line from a text or a page. Secrets are removed before the text is cut.
func (c *Client) line(text string, page bool) string {
	long := len(text) > maxRead
	text = c.clean(text[:min(len(text), maxRead)])
	if long {
		text = text[:len(text)/2] // the end may be part of a secret
	}
	if page {
		text = withoutTags(text)
	}
	return shorten(text)
}

// isPage reports whether an answer is an HTML page.
func isPage(kind, text string) bool {
	return strings.Contains(kind, "html") || strings.HasPrefix(strings.TrimSpace(text), "<")
}

func withoutTags(text string) string {
	var b strings.Builder
	depth := 0
	for _, r := range text {
		switch {
		case r == '<':
			depth++
			b.WriteByte(' ')
		case r == '>' && depth > 0:
			depth--
		case depth == 0:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// shorten makes a short line from a text.
func shorten(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if r := []rune(text); len(r) > maxMessage {
		return string(r[:maxMessage]) + "…"
	}
	return text
}

// retryAfter reads Retry-After: seconds or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	if s, err := strconv.ParseFloat(v, 64); err == nil && s >= 0 {
		return time.Duration(min(s, maxRetryAfter.Seconds()) * float64(time.Second))
	}
	if at, err := http.ParseTime(v); err == nil && at.After(now) {
		return min(at.Sub(now), maxRetryAfter)
	}
	return 0
}
