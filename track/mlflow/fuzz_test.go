package mlflow

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/euryale-ml/euryale/track"
)

// FuzzAnswers has a server that answers one call with anything, and the others as MLflow
// does. What a delivery returns makes sense, and no error holds the password.
func FuzzAnswers(f *testing.F) {
	usual := map[string]string{
		"experiments/get-by-name": `{"experiment":{"experiment_id":"1","lifecycle_stage":"active"}}`, "runs/search": `{}`,
		"runs/create": `{"run":{"info":{"run_id":"r","experiment_id":"1","artifact_uri":"mlflow-artifacts:/1/r/artifacts"}}}`,
		"runs/get":    `{"run":{"info":{"run_id":"r","experiment_id":"1"}}}`,
	}
	calls := []string{"experiments/get-by-name", "experiments/create", "runs/search", "runs/create", "runs/get", "runs/log-batch", "runs/update", "artifacts"}
	for i, body := range []string{
		`{"experiment":{}}`, `{"experiment_id":""}`, `{"runs":[{"info":{"run_id":"x"},"data":{"tags":[{"key":"euryale.run_id","value":"0123"}]}}]}`,
		`{"run":{"info":{"run_id":"../x","artifact_uri":"s3://me:secret@b/?sig=secret"}}}`, `{"run":null}`,
		`{"error_code":"INVALID_PARAMETER_VALUE","message":"must be in the 'active' state"}`, `{"error_code":"RESOURCE_DOES_NOT_EXIST"}`, `--serve-artifacts`,
	} {
		f.Add(i, 200, body)
		f.Add(i, 400, body)
		f.Add(i, 413, body)
		f.Add(i, 404, body)
	}
	type answer struct {
		call, body string
		status     int
	}
	var now atomic.Pointer[answer]
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := now.Load()
		if strings.Contains(r.URL.Path, a.call) {
			w.WriteHeader(a.status)
			w.Write([]byte(a.body))
			return
		}
		for call, body := range usual {
			if strings.HasSuffix(r.URL.Path, call) {
				w.Write([]byte(body))
			}
		}
	}))
	f.Cleanup(s.Close)
	const password = "passwort-0123456789"
	f.Fuzz(func(t *testing.T, call, status int, body string) {
		if status < 200 || status > 599 || call < 0 {
			t.Skip()
		}
		now.Store(&answer{calls[call%len(calls)], body, status})
		sink, err := New(Options{URI: strings.Replace(s.URL, "://", "://me:"+password+"@", 1)}, func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		defer sink.Close(context.Background())
		_, err = sink.Open(context.Background(), track.RunInfo{Dir: t.TempDir(), Name: "x", ID: "0123", Created: at})
		if err == nil {
			records := []track.Record{
				{Seq: 1, Kind: track.ParamsRecord, Time: at, Params: map[string]any{"a": 1.5, "b": "x"}}, {Seq: 2, Kind: track.TextRecord, Time: at, Name: "config", Text: "seed: 1"},
				values(1, map[string]float64{"x": 1, "y": 2}), {Seq: 4, Kind: track.FinishRecord, Time: at, Status: "finished"},
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
		if err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("a secret is in %v", err)
		}
	})
}
