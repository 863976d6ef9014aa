package neptune_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/euryale-ml/euryale/track"
	"github.com/euryale-ml/euryale/track/neptune"
	"github.com/euryale-ml/euryale/track/neptune/neptunetest"
)

// FuzzAnswers has a server that answers one call with anything. What a delivery returns
// makes sense, and no error holds the token.
func FuzzAnswers(f *testing.F) {
	calls := []string{"/clients/config", "/oauth-token", "/projects/get", "/v1/experiments", "/operations", "/storage/file/upload", "/attributes"}
	for i, body := range []string{
		`{"applicationUrl":"://","multiPartUpload":{"enabled":true,"minChunkSize":-1,"maxChunkCount":-1,"maxSinglePartSize":1}}`,
		`{"accessToken":"a.eyJleHAiOjFlMzAwLCJpc3MiOiI6Ly8ifQ.b"}`, `{"id":"x","version":2}`, `{"id":"x","shortId":"../.."}`, `[{"errorDescription":"strictly increasing"},{}]`, `{"errors":[{}]}`, ``,
	} {
		f.Add(i, 200, body)
		f.Add(i, 413, body)
		f.Add(i, 400, body)
	}
	s := neptunetest.New()
	f.Cleanup(s.Close)
	type answer struct {
		call, body string
		status     int
	}
	var now atomic.Pointer[answer]
	s.Before = func(w http.ResponseWriter, r *http.Request) bool {
		a := now.Load()
		if a == nil || !strings.HasSuffix(r.URL.Path, a.call) {
			return false
		}
		w.WriteHeader(a.status)
		w.Write([]byte(a.body))
		return true
	}
	token := s.Token()
	f.Fuzz(func(t *testing.T, call, status int, body string) {
		if status < 200 || status > 599 || call < 0 {
			t.Skip()
		}
		now.Store(&answer{calls[call%len(calls)], body, status})
		sink, _, err := neptune.New(neptune.Options{Project: "ws/pets"}, "", func(name string) string {
			return map[string]string{"NEPTUNE_API_TOKEN": token}[name]
		})
		if err != nil {
			t.Fatal(err)
		}
		defer sink.Close(context.Background())
		_, err = sink.Open(context.Background(), track.RunInfo{Dir: t.TempDir(), Name: "x", ID: runID, Created: at})
		if err == nil {
			records := []track.Record{
				{Seq: 1, Kind: track.ParamsRecord, Time: at, Params: map[string]any{"a": 1.5, "b": "x"}}, {Seq: 2, Kind: track.TextRecord, Time: at, Name: "config", Text: "seed: 1"},
				{Seq: 3, Kind: track.MetricsRecord, Time: at, Step: 1, Values: map[string]float64{"x": 1, "y": 2}},
			}
			var n int
			n, err = sink.Deliver(context.Background(), records)
			var refusal *track.Refusal
			switch {
			case n < 0 || n > len(records), err == nil && n != len(records):
				t.Errorf("%d done, %v", n, err)
			case errors.As(err, &refusal) && (refusal.Records < 1 || refusal.Records > n || refusal.Err == nil || refusal.Then == nil && n != len(records)):
				t.Errorf("%d done, %+v", n, refusal)
			}
		}
		if err != nil && strings.Contains(err.Error(), token[:16]) {
			t.Errorf("the token is in %v", err)
		}
	})
}

// FuzzToken takes anything as a token, and anything as the address in one.
func FuzzToken(f *testing.F) {
	f.Add("", "")
	f.Add("eyJhcGlfdXJsIjoiaHR0cDovL2EifQ==", "http://a.example")
	f.Add("not base64!", "http://me:other@a.example/?x=1#y")
	f.Add("bnVsbA==", "ftp://x")
	f.Fuzz(func(t *testing.T, token, address string) {
		const key = "schluessel-0123456789"
		whole, err := json.Marshal(map[string]string{"api_address": address, "api_key": key})
		if err != nil {
			t.Fatal(err)
		}
		for _, given := range []string{token, base64.StdEncoding.EncodeToString(whole), base64.RawURLEncoding.EncodeToString(whole), string(whole)} {
			sink, _, err := neptune.New(neptune.Options{Project: "w/p", Mode: neptune.Async}, "", func(name string) string {
				return map[string]string{"NEPTUNE_API_TOKEN": given}[name]
			})
			if err == nil {
				sink.Close(context.Background())
				continue
			}
			if !errors.Is(err, neptune.ErrConfig) || strings.Contains(err.Error(), key) || given != token && strings.Contains(err.Error(), given) {
				t.Errorf("%q: %v", given, err)
			}
		}
	})
}
