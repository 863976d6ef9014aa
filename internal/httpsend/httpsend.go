// Package httpsend speaks HTTP for trackers: requests with limits on time and on what
// is read, answers sorted into what may pass, what ends the sending and what was wrong
// with the request, and errors that never hold a secret.
package httpsend

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/euryale-ml/euryale/track"
)

// Limits of a request.
const (
	ConnectTimeout  = 15 * time.Second
	ResponseTimeout = 60 * time.Second // from the end of the body to the answer's head
	stallTimeout    = 60 * time.Second // without a byte of a body
	maxAnswer       = 16 << 20         // bytes of an answer that are read
	maxMessage      = 300              // of an answer, in an error
	maxRetryAfter   = 24 * time.Hour
)

// Client sends requests to one server.
type Client struct {
	// Name of the service, in errors.
	Name string
	// Base is what every path is appended to: scheme, host, perhaps a path. User and
	// password in it are sent as basic authentication, and never shown.
	Base *url.URL
	// Authorize adds credentials to a request; nil: none.
	Authorize func(*http.Request)
	// Secrets are texts that no error may hold.
	Secrets []string

	http *http.Client
}

// New makes a client. base must be http or https with a host.
func New(name, base string) (*Client, error) {
	u, err := url.Parse(strings.TrimSpace(base))
	if err != nil {
		return nil, fmt.Errorf("%s: the server's address cannot be read", name) // url.Error would show it, password and all
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%s: the server's address %s is not of the form http://host or https://host", name, u.Redacted())
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawQuery, u.Fragment = "", ""
	dialer := &net.Dialer{Timeout: ConnectTimeout, KeepAlive: 30 * time.Second}
	c := &Client{Name: name, Base: u, http: &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSHandshakeTimeout: ConnectTimeout,
			ResponseHeaderTimeout: ResponseTimeout, MaxIdleConnsPerHost: 2, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			from := via[0]
			if len(via) >= 5 || r.URL.Host != from.URL.Host || r.Method != from.Method || from.URL.Scheme == "https" && r.URL.Scheme != "https" {
				return http.ErrUseLastResponse // the answer is then a status of its own
			}
			return nil
		},
	}}
	if u.User != nil {
		if password, ok := u.User.Password(); ok && password != "" {
			c.Secrets = append(c.Secrets, password, url.QueryEscape(password))
		}
	}
	return c, nil
}

// TLS sets how https is spoken. Call it before the first request.
func (c *Client) TLS(config *tls.Config) { c.http.Transport.(*http.Transport).TLSClientConfig = config }

// Close gives idle connections back.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Request is what Send sends.
type Request struct {
	Method, Path string
	Query        url.Values
	Header       http.Header
	// Body is the body, or Open opens one of Length bytes, for files that are too large
	// for memory.
	Body   []byte
	Open   func() (io.ReadCloser, error)
	Length int64
}

// Answer is an answer of a status from 200 to 299.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// StatusError is an answer of another status.
type StatusError struct {
	Name, Method, Path string
	Status             int
	Message            string        // the beginning of the answer, or its message if it is JSON
	Body               []byte        // the answer
	After              time.Duration // of Retry-After
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s: %s %s: %d %s", e.Name, e.Method, e.Path, e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Send sends a request. Errors that may pass are *track.Retry: no connection, no answer
// in time, 408, 425, 429 and 500 or more. Those of 401, 402, 403 and 422 wrap
// track.ErrStop. Every answer of a status outside 200 to 299 wraps a *StatusError.
func (c *Client) Send(ctx context.Context, q Request) (*Answer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r, err := c.request(ctx, q, cancel)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, c.failed(ctx, q, err)
	}
	defer answer.Body.Close()
	watch := newWatch(stallTimeout, cancel)
	defer watch.stop()
	body, err := io.ReadAll(io.LimitReader(watch.reader(answer.Body), maxAnswer+1))
	if err != nil {
		return nil, c.failed(ctx, q, err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("%s: %s %s: the answer is longer than %d MiB", c.Name, q.Method, q.Path, maxAnswer>>20)
	}
	if answer.StatusCode >= 200 && answer.StatusCode <= 299 {
		return &Answer{Status: answer.StatusCode, Header: answer.Header, Body: body}, nil
	}
	return nil, c.status(q, answer, body)
}

func (c *Client) request(ctx context.Context, q Request, cancel context.CancelCauseFunc) (*http.Request, error) {
	u := *c.Base
	u.User = nil
	u.RawQuery = q.Query.Encode()
	var body io.Reader
	length := int64(len(q.Body))
	switch {
	case q.Open != nil:
		f, err := q.Open()
		if err != nil {
			return nil, err
		}
		watch := newWatch(stallTimeout, cancel)
		body, length = &upload{ReadCloser: f, watch: watch}, q.Length
	case q.Body != nil:
		body = bytes.NewReader(q.Body)
	}
	raw := u.Scheme + "://" + u.Host + u.EscapedPath() + q.Path
	if u.RawQuery != "" {
		raw += "?" + u.RawQuery
	}
	r, err := http.NewRequestWithContext(ctx, q.Method, raw, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %s %s: the request cannot be made", c.Name, q.Method, q.Path)
	}
	if body != nil {
		r.ContentLength = length
	}
	if q.Open != nil && length == 0 {
		r.Body.Close()
		r.Body = http.NoBody
	}
	if c.Base.User != nil {
		password, _ := c.Base.User.Password()
		r.SetBasicAuth(c.Base.User.Username(), password)
	}
	for name, values := range q.Header {
		r.Header[name] = values
	}
	if c.Authorize != nil {
		c.Authorize(r)
	}
	return r, nil
}

// failed is the error of a request without an answer.
func (c *Client) failed(ctx context.Context, q Request, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errStalled) {
		return cause
	} else if cause != nil {
		err = cause
	}
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err // without the address
	}
	return &track.Retry{Err: fmt.Errorf("%s: %s %s at %s: %s", c.Name, q.Method, q.Path, c.Base.Host, c.clean(err.Error()))}
}

// status sorts the answers that are no success.
func (c *Client) status(q Request, answer *http.Response, body []byte) error {
	e := &StatusError{
		Name: c.Name, Method: q.Method, Path: q.Path, Status: answer.StatusCode, Body: body,
		Message: c.clean(message(answer.Header.Get("Content-Type"), body)), After: retryAfter(answer.Header, time.Now()),
	}
	switch code := answer.StatusCode; {
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		return &track.Retry{After: e.After, Err: e}
	case code == http.StatusUnauthorized, code == http.StatusPaymentRequired, code == http.StatusForbidden, code == http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: %w", track.ErrStop, e)
	}
	return e
}

// clean takes the secrets out of a text.
func (c *Client) clean(text string) string {
	for _, s := range c.Secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return text
}

// message is what an answer says: the message of JSON, or the beginning of a text
// without its tags.
func message(kind string, body []byte) string {
	var told map[string]any
	if json.Unmarshal(body, &told) == nil {
		for _, key := range []string{"message", "errorType", "error", "title", "detail", "error_code"} {
			if s, ok := told[key].(string); ok && s != "" {
				return shorten(s)
			}
		}
	}
	text := string(body[:min(len(body), 4*maxMessage)])
	if strings.Contains(kind, "html") || strings.HasPrefix(strings.TrimSpace(text), "<") {
		text = withoutTags(text)
	}
	return shorten(text)
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

// shorten makes one short line of a text.
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

// JSON sends in as JSON, if it is not nil, and decodes the answer into out, if that is
// not nil.
func (c *Client) JSON(ctx context.Context, method, path string, query url.Values, in, out any) error {
	q := Request{Method: method, Path: path, Query: query, Header: http.Header{"Accept": {"application/json"}}}
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s: %s %s: %w", c.Name, method, path, err)
		}
		q.Body = data
		q.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.Send(ctx, q)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(answer.Body, out); err != nil {
		return fmt.Errorf("%s: %s %s: the answer is not the JSON that was expected: %s", c.Name, method, path,
			c.clean(message(answer.Header.Get("Content-Type"), answer.Body)))
	}
	return nil
}
