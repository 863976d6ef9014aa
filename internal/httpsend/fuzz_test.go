package httpsend

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzMessage makes messages of answers that repeat a secret anywhere.
func FuzzMessage(f *testing.F) {
	const secret = "geheim-0123456789/abc"
	f.Add([]byte(`{"message":"`), []byte(`"}`), "application/json", "5")
	f.Add([]byte("<html><a href='http://x/?t="), []byte("'>x"), "text/html", "Wed, 21 Oct 2026 07:28:00 GMT")
	f.Add([]byte(strings.Repeat("x", maxMessage-5)), []byte("\xff\xfe"), "", "-1")
	f.Add([]byte("http://me:a@b:"), []byte("@c"), "text/plain", "1e9")
	c := &Client{Name: "service", Base: &url.URL{Scheme: "http", Host: "host"}, Secrets: []string{secret}}
	f.Fuzz(func(t *testing.T, before, after []byte, kind, retry string) {
		body := append(append(append([]byte{}, before...), secret...), after...)
		answer := &http.Response{StatusCode: 503, Header: http.Header{"Content-Type": {kind}, "Retry-After": {retry}}}
		err := c.status(Request{Method: "GET", Path: "/"}, answer, body)
		if text := err.Error(); !utf8.ValidString(text) || len([]rune(text)) > maxMessage+200 || strings.ContainsAny(text, "\r\n") {
			t.Errorf("%q", text)
		}
		for i := 0; i+10 <= len(secret); i++ {
			part := secret[i : i+10]
			if strings.Contains(err.Error(), part) && !strings.Contains(string(before), part) && !strings.Contains(string(after), part) {
				t.Fatalf("%q is in %v", part, err)
			}
		}
	})
}
