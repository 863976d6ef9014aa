// Package httpsend is an HTTP client for trackers: requests with limits on time and on the
// size of answers; errors classified by the remedy: to repeat the request, to stop sending, or
// to correct the request; and no secrets in errors.
package httpsend

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/euryale-ml/euryale/track"
)

// Limits of a request.
const (
	ConnectTimeout  = 15 * time.Second
	ResponseTimeout = 60 * time.Second // from the end of the body to the answer's head
	stallTimeout    = 60 * time.Second // without progress of a body
	maxAnswer       = 16 << 20         // largest answer in bytes
	maxMessage      = 300              // longest message of an answer in an error
	maxRetryAfter   = 24 * time.Hour
)

// Client sends requests to one server.
type Client struct {
	// Name of the service, in errors.
	Name string
	// Base is the address to which paths are appended: scheme, host, perhaps a path. User and
	// password in it are sent as basic authentication, and never shown.
	Base *url.URL
	// Authorize adds credentials to a request; nil: none.
	Authorize func(*http.Request)
	// Secrets are texts that no error may contain. Set them before the first request; Hide
	// adds others later.
	Secrets []string

	http   *http.Client
	limits limits
	repeat atomic.Int32 // a Repetition
	mu     sync.Mutex
	hidden []string // of Hide
}

// New makes a client. base must be http or https with a host.
func New(name, base string) (*Client, error) {
	u, err := url.Parse(strings.TrimSpace(base))
	if err != nil {
		return nil, fmt.Errorf("%s: the server's address cannot be read", name) // url.Error would show the address with its password
	}
	if u.Host == "" && strings.Contains(base, "@") {
		return nil, fmt.Errorf("%s: the server's address is not of the form http://host or https://host", name) // it may hold a password
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%s: the server's address %s is not of the form http://host or https://host", name, shown(u))
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawQuery, u.Fragment = "", ""
	c := &Client{Name: name, Base: u, limits: usual, http: &http.Client{CheckRedirect: checkRedirect}}
	dialer := &net.Dialer{Timeout: c.limits.connect, KeepAlive: 30 * time.Second}
	c.http.Transport = &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSHandshakeTimeout: c.limits.connect,
		ExpectContinueTimeout: time.Second, MaxIdleConnsPerHost: 2, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true,
	}
	if password, ok := u.User.Password(); ok {
		c.Secrets = append(c.Secrets, password, BasicSecret(u.User.Username(), password))
	}
	return c, nil
}

// BasicSecret is the encoded user and password of basic authentication. It is a secret too,
// since a server's answer may contain the request's header in another encoding.
func BasicSecret(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}

// checkRedirect follows redirections only to the same host with the same method.
func checkRedirect(r *http.Request, via []*http.Request) error {
	from := via[0]
	if len(via) >= 5 || r.URL.Host != from.URL.Host || r.Method != from.Method || from.URL.Scheme == "https" && r.URL.Scheme != "https" {
		return http.ErrUseLastResponse // the redirection is then the answer
	}
	return nil
}

// TLS sets the configuration of https. Call it before the first request.
func (c *Client) TLS(config *tls.Config) { c.http.Transport.(*http.Transport).TLSClientConfig = config }

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Repetition chooses the requests that Send repeats.
type Repetition int32

// Repetitions.
const (
	Never   Repetition = iota
	Untaken            // after 429 and 503, which mean that the server has not processed the request
	Always             // after every Retry: for requests that may arrive twice
)

// Repeat makes Send repeat a request once, shortly after an error. It is for a sequence of
// requests that starts again after an error, which otherwise would never end if every second
// request fails.
func (c *Client) Repeat(r Repetition) { c.repeat.Store(int32(r)) }

// Address is the server's address for messages: without user and password.
func (c *Client) Address() string { return shown(c.Base) }

// Request is an HTTP request of Send.
type Request struct {
	Method, Path string
	Query        url.Values
	Header       http.Header
	// Body is the body. Instead, Open may open one of Length bytes, for files that are too
	// large for memory; it is called each time that the body is sent.
	Body   []byte
	Open   func() (io.ReadCloser, error)
	Length int64
}

// Answer is an answer with a status from 200 to 299.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Send sends a request. Errors after which the same request may succeed are *track.Retry: no
// connection, no answer in time, 408, 425, 429 and 500 or more. Those for 401, 402, 403 and
// 422 wrap track.ErrStop. The error for a status outside 200 to 299 wraps a *StatusError,
// whose OfRequest reports whether the contents of the request were refused. An HTML page
// instead of an answer is an error with any status.
func (c *Client) Send(ctx context.Context, q Request) (*Answer, error) {
	began := time.Now()
	answer, err := c.once(ctx, q)
	if !c.repeats(err) || time.Since(began) > longRequest {
		return answer, err
	}
	select {
	case <-time.After(repeatAfter):
	case <-ctx.Done():
		return nil, err
	}
	return c.once(ctx, q)
}

// repeats reports whether a request is repeated after an error.
func (c *Client) repeats(err error) bool {
	var retry *track.Retry
	if !errors.As(err, &retry) || retry.After > repeatAfter {
		return false
	}
	var status *StatusError
	untaken := errors.As(err, &status) && (status.Status == http.StatusTooManyRequests || status.Status == http.StatusServiceUnavailable)
	return untaken && Repetition(c.repeat.Load()) >= Untaken || Repetition(c.repeat.Load()) == Always
}

// A request is repeated after repeatAfter, unless it took longRequest.
const (
	repeatAfter = 250 * time.Millisecond
	longRequest = 10 * time.Second
)

// once is Send without Repeat.
func (c *Client) once(ctx context.Context, q Request) (*Answer, error) {
	answer, body, err := c.exchange(ctx, q)
	if err == nil && answer.StatusCode == http.StatusExpectationFailed && q.expects() {
		q.Header = maps.Clone(q.Header) // the server does not know Expect
		if q.Header == nil {
			q.Header = http.Header{}
		}
		q.Header["Expect"] = nil
		answer, body, err = c.exchange(ctx, q)
	}
	if err != nil {
		return nil, err
	}
	kind := answer.Header.Get("Content-Type")
	switch {
	case answer.StatusCode < 200 || answer.StatusCode > 299:
		return nil, c.status(q, answer, body)
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("%s: %s %s: the answer is longer than %d MiB", c.Name, q.Method, q.Path, maxAnswer>>20)
	case len(body) > 0 && isPage(kind, string(body[:min(len(body), 512)])): // from a proxy: the service did not get the request
		return nil, fmt.Errorf("%s: %s %s: %s answers with a page; is there a sign-in before the service? %s",
			c.Name, q.Method, q.Path, c.Address(), c.message(kind, body))
	}
	return &Answer{Status: answer.StatusCode, Header: answer.Header, Body: body}, nil
}

// exchange sends a request and reads the answer, up to maxAnswer + 1 bytes.
func (c *Client) exchange(ctx context.Context, q Request) (answer *http.Response, body []byte, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sent := newWatch(c.limits.stall, cancel)
	sent.least = c.limits.least
	defer sent.stop()
	r, err := c.request(ctx, q, sent)
	if err != nil {
		return nil, nil, err
	}
	if answer, err = c.http.Do(r); err != nil {
		return nil, nil, c.failed(ctx, q, err)
	}
	defer answer.Body.Close()
	sent.stop()
	watch := newWatch(c.limits.stall, cancel)
	defer watch.stop()
	all := time.AfterFunc(c.limits.answer, func() { cancel(tooSlow(fmt.Sprintf("the answer was not complete after %v", c.limits.answer))) })
	defer all.Stop()
	body, err = io.ReadAll(io.LimitReader(watch.reader(answer.Body), maxAnswer+1))
	if err != nil {
		return nil, nil, c.failed(ctx, q, err)
	}
	return answer, body, nil
}

// largeBody is the length from which a server is asked before the body is sent (Expect:
// 100-continue), so that it can refuse a large body with an answer instead of closing the
// connection.
const largeBody = 64 << 10

// expects reports whether the server is asked before the body is sent.
func (q Request) expects() bool { return max(q.Length, int64(len(q.Body))) >= largeBody }

// request makes the request; a watch limits its transfer.
func (c *Client) request(ctx context.Context, q Request, sent *watch) (*http.Request, error) {
	u := *c.Base
	u.User = nil
	u.RawQuery = q.Query.Encode()
	raw := u.Scheme + "://" + u.Host + u.EscapedPath() + q.Path
	if u.RawQuery != "" {
		raw += "?" + u.RawQuery
	}
	r, err := http.NewRequestWithContext(ctx, q.Method, raw, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %s %s: the request cannot be made", c.Name, q.Method, q.Path)
	}
	if err := c.setBody(r, q, sent); err != nil {
		return nil, err
	}
	if q.expects() {
		r.Header.Set("Expect", "100-continue")
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

// setBody sets the request's body, which is opened again for a redirection or a new
// connection.
func (c *Client) setBody(r *http.Request, q Request, sent *watch) error {
	within := c.limits.response
	open, length := q.Open, q.Length
	if open == nil {
		open, length = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(q.Body)), nil }, int64(len(q.Body))
	}
	if q.Open == nil && q.Body == nil {
		sent.expect(2*c.limits.connect + within)
		return nil
	}
	body, err := open()
	if err != nil {
		return err
	}
	r.ContentLength = length
	if length == 0 {
		sent.expect(2*c.limits.connect + within)
		r.Body = http.NoBody
		return body.Close()
	}
	r.Body = &upload{body, sent, within}
	r.GetBody = func() (io.ReadCloser, error) {
		body, err := open()
		if err != nil {
			return nil, err
		}
		sent.again()
		return &upload{body, sent, within}, nil
	}
	return nil
}

// failed is the error of a request without an answer.
func (c *Client) failed(ctx context.Context, q Request, err error) error {
	var slow tooSlow
	if cause := context.Cause(ctx); cause != nil && !errors.As(cause, &slow) {
		return cause
	} else if cause != nil {
		err = cause
	}
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err // without the address
	}
	return &track.Retry{Err: errors.New(c.clean(fmt.Sprintf("%s: %s %s at %s: %s", c.Name, q.Method, q.Path, c.Base.Host, err)))}
}

// IsObject reports whether an answer is a JSON object or empty.
func IsObject(body []byte) bool {
	var object map[string]json.RawMessage
	return len(bytes.TrimSpace(body)) == 0 || json.Unmarshal(body, &object) == nil
}

// JSON sends in as JSON, if it is not nil, and decodes the answer into out, if that is not
// nil. Otherwise the answer must be empty or an object, so that a text from a proxy does not
// count as success.
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
	if err != nil || out == nil && IsObject(answer.Body) {
		return err
	}
	if out == nil {
		out = new(map[string]any)
	}
	if err := json.Unmarshal(answer.Body, out); err != nil {
		return fmt.Errorf("%s: %s %s: the answer is not the JSON that was expected: %s", c.Name, method, path,
			c.message(answer.Header.Get("Content-Type"), answer.Body))
	}
	return nil
}
