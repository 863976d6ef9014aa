package httpsend

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/track"
)

// escapes are the ways in which a server may repeat a secret.
var escapes = map[string]func(string) string{
	"plain": func(s string) string { return s },
	"query": url.QueryEscape, "path": url.PathEscape, "page": html.EscapeString, "quoted": strconv.Quote,
	"small percents": func(s string) string { return lowerEscapes(url.QueryEscape(s)) },
	"all percents": func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			fmt.Fprintf(&b, "%%%02X", c)
		}
		return b.String()
	},
	"JSON": func(s string) string { data, _ := json.Marshal(s); return string(data) },
	"JSON's numbers": func(s string) string {
		var b strings.Builder
		for _, r := range s {
			fmt.Fprintf(&b, `\u%04X`, r)
		}
		return b.String()
	},
	"base64":         func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 of more": func(s string) string { return base64.URLEncoding.EncodeToString([]byte("me:" + s + " and")) },
	"credentials":    func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+s)) },
	"address":        func(s string) string { return "http://me:" + url.PathEscape(s) + "@host/a?token=" + url.QueryEscape(s) },
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] == '%' {
			copy(b[i:i+3], strings.ToLower(s[i:i+3]))
		}
	}
	return string(b)
}

// leaks is a part of a secret, as it is or in a form, that a text holds and that is worth
// something; "": none.
func leaks(text, secret, repeated string) string {
	const part = 8
	of := []string{secret}
	for before := range 3 { // in base64, without what depends on its neighbours
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + secret))
		of = append(of, encoded[4:len(encoded)-4])
	}
	if strings.ContainsAny(repeated, `%\&`) {
		of = append(of, repeated)
	}
	for _, s := range of {
		for i := 0; i+part <= len(s); i++ {
			if strings.Contains(text, s[i:i+part]) && !strings.Contains("Basic http://me:***@host/a?token=", s[i:i+part]) {
				return s[i : i+part]
			}
		}
	}
	return ""
}

// TestSecretsInAnswers repeats secrets in each form at each place, those where a long
// answer is cut included.
func TestSecretsInAnswers(t *testing.T) {
	var kind, body string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, body)
	})
	for _, secret := range []string{`geheim-0123456789abcdefghijklmnop`, `p/w+ö "q'<&>\=%41 z0123456789`, strings.Repeat("eyJhbGciOiJ.", 10)} {
		c.Secrets = []string{secret}
		for name, form := range escapes {
			repeated := form(secret)
			for _, before := range []int{0, maxMessage - 10, 4*maxMessage - 7} {
				if name == "plain" && before > maxMessage {
					before = maxRead - 10
				}
				for of, write := range map[string]string{"text/plain": "%s", "text/html": "<html><p>%s</p>", "application/json": `{"message": %q}`} {
					kind, body = of, fmt.Sprintf(write, strings.Repeat("x", before)+" "+repeated+" end")
					_, err := c.Send(context.Background(), Request{Method: "GET", Path: "/"})
					if err == nil {
						t.Fatal("no error")
					}
					if part := leaks(err.Error(), secret, repeated); part != "" {
						t.Fatalf("%s, %s, behind %d characters: %q in …%s", name, kind, before, part, err.Error()[max(0, len(err.Error())-120):])
					}
				}
			}
		}
	}
}

// TestSecretAtTheEnd has a page that is nothing but markup before the place where reading
// ends, which is within a secret.
func TestSecretAtTheEnd(t *testing.T) {
	const secret = "geheim-0123456789"
	c := &Client{Name: "service", Base: &url.URL{Scheme: "http", Host: "host"}, Secrets: []string{secret}}
	for shown := 1; shown < len(secret); shown++ {
		page := "<" + strings.Repeat("x", maxRead-shown-2) + ">" + secret
		if text := c.message("text/html", []byte(page)); strings.Contains(text, secret[:shown]) {
			t.Errorf("%d characters: %q", shown, text)
		}
	}
}

// TestSecretsElsewhere has secrets that Hide adds, in addresses of redirections, in pages
// that are no answers, and in errors of the transport.
func TestSecretsElsewhere(t *testing.T) {
	const secret = "geheim-0123456789"
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/base/login":
			w.Header().Set("Location", "https://me:"+secret+"@login.example/"+secret+"?token="+secret+"#"+secret)
			w.WriteHeader(http.StatusFound)
		case "/base/bad":
			w.Header().Set("Location", "http://ho st/?token=unknown-"+secret)
			w.WriteHeader(http.StatusFound)
		case "/base/page":
			io.WriteString(w, "<!DOCTYPE html><title>Sign in</title><a href='/?t="+secret+"'>"+secret+"</a>")
		}
	})
	c.Hide("", secret, secret)
	for path, words := range map[string]string{
		"/login": "302 Found to https://login.example/***: another address, or a sign-in", "/bad": "Location", "/page": "answers with a page; is there a sign-in before the service? Sign in ***",
	} {
		_, err := c.Send(context.Background(), Request{Method: "GET", Path: path})
		if err == nil || errors.Is(err, track.ErrStop) || strings.Contains(err.Error(), "geheim") || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", path, err)
		}
	}
	var out struct{}
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "no JSON: "+secret) }))
	defer plain.Close()
	other, err := New("service", plain.URL)
	if err != nil {
		t.Fatal(err)
	}
	other.Hide(secret)
	if err := other.JSON(context.Background(), "GET", "/", nil, nil, &out); err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("no JSON: %v", err)
	}
	for _, address := range []string{"me:geheim@host", "ftp://me:geheim@host/?t=geheim", "host?geheim=geheim", "https:me:geheim@host", "mailto:geheim"} {
		if _, err := New("service", address); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: %v", address, err)
		}
	}
	u, _ := url.Parse("http://me:geheim@ho:123/a?t=geheim")
	if got := (&Client{Base: u}).Address(); got != "http://ho:123/a" {
		t.Errorf("shown as %s", got)
	}
	text := other.clean(`proxyconnect tcp: invalid proxy address "http://me:other@ho st:1/": lookup https://a.example/b?sig=xyz: no such host`)
	if strings.Contains(text, "other") || strings.Contains(text, "xyz") || !strings.Contains(text, "https://a.example/b") {
		t.Error(text)
	}
}
