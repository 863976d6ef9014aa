package mlflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// server is as much of an MLflow server as the Sink uses, with its limits and its ways.
type server struct {
	*httptest.Server
	t  *testing.T
	mu sync.Mutex

	experiments map[string]string // id by name
	deleted     map[string]bool   // names
	runs        map[string]*serverRun
	artifactURI string // a run's, with %s for the run; "": mlflow-artifacts
	user, pass  string // "": everybody
	token       string
	anyRun      bool                                              // does not know filters
	before      func(w http.ResponseWriter, r *http.Request) bool // true: has answered
	requests    int
}

type serverRun struct {
	name, status string
	end          int64
	tags, params map[string]string
	metrics      map[metric]int // and how often each was sent
	files        map[string]string
}

func newServer(t *testing.T) *server {
	s := &server{t: t, experiments: map[string]string{}, deleted: map[string]bool{}, runs: map[string]*serverRun{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func refuse(w http.ResponseWriter, status int, word, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error_code": word, "message": message})
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if s.before != nil && s.before(w, r) {
		return
	}
	user, pass, _ := r.BasicAuth()
	if s.user != "" && (user != s.user || pass != s.pass) || s.token != "" && r.Header.Get("Authorization") != "Bearer "+s.token {
		http.Error(w, "You are not authenticated.", http.StatusUnauthorized)
		return
	}
	const artifacts = "/api/2.0/mlflow-artifacts/artifacts/"
	if rest, ok := strings.CutPrefix(r.URL.Path, artifacts); ok && r.Method == http.MethodPut {
		parts := strings.SplitN(rest, "/", 4)
		run := s.runs[parts[1]]
		if len(parts) != 4 || run == nil || parts[2] != "artifacts" {
			refuse(w, 400, "INVALID_PARAMETER_VALUE", "no such run")
			return
		}
		data, err := io.ReadAll(r.Body)
		if err != nil || int64(len(data)) != r.ContentLength {
			s.t.Errorf("%s: %d bytes, %d announced, %v", r.URL.Path, len(data), r.ContentLength, err)
		}
		run.files[parts[3]] = string(data)
		return
	}
	body, _ := io.ReadAll(r.Body)
	if r.Method == http.MethodPost && !bytes.HasSuffix(bytes.TrimSpace(body), []byte("}")) {
		s.t.Errorf("%s: %s", r.URL.Path, body)
	}
	s.call(w, r, strings.TrimPrefix(r.URL.Path, api), body)
}

func (s *server) call(w http.ResponseWriter, r *http.Request, call string, body []byte) {
	var in struct {
		Name       string   `json:"name"`
		Experiment string   `json:"experiment_id"`
		RunName    string   `json:"run_name"`
		RunID      string   `json:"run_id"`
		Status     string   `json:"status"`
		End        int64    `json:"end_time"`
		Filter     string   `json:"filter"`
		Metrics    []metric `json:"metrics"`
		Params     []tag    `json:"params"`
		Tags       []tag    `json:"tags"`
	}
	if r.Method == http.MethodPost {
		if err := json.Unmarshal(body, &in); err != nil {
			s.t.Errorf("%s: %v: %s", call, err, body)
		}
	}
	answer := func(v any) { json.NewEncoder(w).Encode(v) }
	run := s.runs[in.RunID]
	if strings.HasPrefix(call, "runs/") && in.RunID != "" && run == nil {
		refuse(w, 404, "RESOURCE_DOES_NOT_EXIST", "no run "+in.RunID)
		return
	}
	switch r.Method + " " + call {
	case "GET experiments/get-by-name":
		name := r.URL.Query().Get("experiment_name")
		id := s.experiments[name]
		if id == "" {
			refuse(w, 404, "RESOURCE_DOES_NOT_EXIST", "no experiment "+name)
			return
		}
		stage := "active"
		if s.deleted[name] {
			stage = "deleted"
		}
		answer(map[string]any{"experiment": map[string]string{"experiment_id": id, "lifecycle_stage": stage}})
	case "POST experiments/create":
		if s.experiments[in.Name] != "" {
			refuse(w, 400, "RESOURCE_ALREADY_EXISTS", in.Name)
			return
		}
		s.experiments[in.Name] = fmt.Sprint(len(s.experiments) + 1)
		answer(map[string]string{"experiment_id": s.experiments[in.Name]})
	case "POST runs/create":
		id := fmt.Sprintf("%032x", len(s.runs)+1)
		s.runs[id] = &serverRun{name: in.RunName, status: "RUNNING", tags: map[string]string{}, params: map[string]string{}, metrics: map[metric]int{}, files: map[string]string{}}
		for _, t := range in.Tags {
			s.runs[id].tags[t.Key] = t.Value
		}
		answer(map[string]any{"run": s.info(id, in.Experiment)})
	case "GET runs/get":
		id := r.URL.Query().Get("run_id")
		if s.runs[id] == nil {
			refuse(w, 404, "RESOURCE_DOES_NOT_EXIST", "no run "+id)
			return
		}
		answer(map[string]any{"run": s.info(id, "1")})
	case "POST runs/search":
		found := []any{}
		for id, run := range s.runs {
			if s.anyRun || in.Filter == "tags.`"+idTag+"` = '"+run.tags[idTag]+"'" {
				found = append(found, s.info(id, "1"))
			}
		}
		answer(map[string]any{"runs": found})
	case "POST runs/update":
		run.status, run.end = in.Status, in.End
		answer(map[string]any{})
	case "POST runs/log-batch":
		s.logBatch(w, run, in.Metrics, in.Params, in.Tags, body)
	default:
		s.t.Errorf("a call of %s %s", r.Method, call)
		refuse(w, 404, "ENDPOINT_NOT_FOUND", call)
	}
}

func (s *server) info(id, experiment string) map[string]any {
	uri := "mlflow-artifacts:/" + experiment + "/" + id + "/artifacts"
	if s.artifactURI != "" {
		uri = fmt.Sprintf(s.artifactURI, id)
	}
	tags := []tag{}
	for name, value := range s.runs[id].tags {
		tags = append(tags, tag{name, value})
	}
	return map[string]any{"data": map[string]any{"tags": tags}, "info": map[string]string{"run_id": id, "experiment_id": experiment, "artifact_uri": uri, "lifecycle_stage": "active"}}
}

func (s *server) logBatch(w http.ResponseWriter, run *serverRun, metrics []metric, params, tags []tag, body []byte) {
	if at := bytes.Index(body, []byte(`"run_id"`)); at < 0 || bytes.ContainsAny(body[at:], "[{") {
		s.t.Errorf("run_id is not last: %s", body)
	}
	if len(metrics) > 1000 || len(params) > 100 || len(tags) > 100 || len(metrics)+len(params)+len(tags) > 1000 {
		refuse(w, 400, "INVALID_PARAMETER_VALUE", "too many")
		return
	}
	seen := map[string]bool{}
	for _, p := range params {
		if old, ok := run.params[p.Key]; len(p.Key) > 250 || len([]rune(p.Value)) > 6000 || seen[p.Key] || ok && old != p.Value {
			refuse(w, 400, "INVALID_PARAMETER_VALUE", "param "+p.Key)
			return
		}
		seen[p.Key] = true
	}
	for _, p := range params {
		run.params[p.Key] = p.Value
	}
	for _, t := range tags {
		run.tags[t.Key] = t.Value
	}
	for _, m := range metrics {
		run.metrics[m]++
	}
	w.Write([]byte("{}"))
}
