package neptunetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

func (s *Server) create(w http.ResponseWriter, r *http.Request, body []byte) {
	var in struct {
		Project string `json:"projectIdentifier"`
		Parent  string `json:"parentId"`
		Type    string `json:"type"`
		Version string `json:"cliVersion"`
		Custom  string `json:"customId"`
	}
	if err := json.Unmarshal(body, &in); err != nil || in.Project != projectID || in.Parent != projectID || in.Type != "run" || in.Version == "" || len(in.Custom) > 36 {
		s.complain("a run: %s", body)
	}
	for _, run := range s.runs {
		if in.Custom != "" && run.CustomID == in.Custom {
			s.tell(w, run)
			return
		}
	}
	run := &Run{
		ID: fmt.Sprintf("00000000-0000-0000-0001-%012d", len(s.runs)+1), ShortID: "PETS-" + strconv.Itoa(len(s.runs)+1), CustomID: in.Custom,
		Fields: map[string]any{}, Series: map[string][]Point{}, Files: map[string][]byte{},
	}
	s.runs[run.ID] = run
	s.tell(w, run)
}

func (s *Server) tell(w http.ResponseWriter, run *Run) {
	answer(w, http.StatusOK, map[string]any{
		"id": run.ID, "shortId": run.ShortID, "organizationId": "00000000-0000-0000-0000-000000000001", "organizationName": "ws", "projectId": projectID,
		"projectName": "pets", "parentId": projectID, "type": "run", "trashed": false, "customId": run.CustomID,
	})
}

// find returns the run that a query names.
func (s *Server) find(w http.ResponseWriter, r *http.Request, key string) *Run {
	run := s.runs[r.URL.Query().Get(key)]
	if run == nil {
		answer(w, http.StatusNotFound, map[string]string{"title": "no run", "errorType": "EXPERIMENT_NOT_FOUND"})
	}
	return run
}

func (s *Server) getRun(w http.ResponseWriter, r *http.Request, _ []byte) {
	if run := s.find(w, r, "experimentId"); run != nil {
		s.tell(w, run)
	}
}

func (s *Server) attributes(w http.ResponseWriter, r *http.Request, _ []byte) {
	if run := s.find(w, r, "experimentId"); run != nil {
		answer(w, http.StatusOK, map[string]any{"experimentId": run.ID, "type": "run", "attributes": []any{map[string]string{"name": "sys/id", "type": "string"}}})
	}
}

func (s *Server) ping(w http.ResponseWriter, r *http.Request, body []byte) {
	run := s.find(w, r, "experimentId")
	if run == nil {
		return
	}
	if len(body) > 0 {
		s.complain("a ping with a body")
	}
	run.Pings++
	w.WriteHeader(http.StatusOK)
}

// value is an operation's argument.
type value struct {
	Value   json.RawMessage `json:"value"`
	Values  []string        `json:"values"`
	Entries []struct {
		Value *float64 `json:"value"`
		Step  *float64 `json:"step"`
		MS    int64    `json:"timestampMilliseconds"`
	} `json:"entries"`
}

func (s *Server) operations(w http.ResponseWriter, r *http.Request, body []byte) {
	run := s.find(w, r, "experimentId")
	if run == nil {
		return
	}
	var ops []map[string]json.RawMessage
	if err := json.Unmarshal(body, &ops); err != nil || len(ops) == 0 || len(ops) > 1000 {
		s.complain("%d operations: %v", len(ops), err)
	}
	errors := []any{}
	for _, op := range ops {
		var path string
		if json.Unmarshal(op["path"], &path) != nil || path == "" || len(op) != 2 {
			s.complain("an operation: %v", op)
			continue
		}
		for kind, raw := range op {
			if kind == "path" {
				continue
			}
			if err := s.apply(run, path, kind, raw); err != nil {
				errors = append(errors, map[string]string{"errorDescription": err.Error()})
			}
		}
	}
	answer(w, http.StatusOK, errors)
}

// apply executes an operation.
func (s *Server) apply(run *Run, path, kind string, raw json.RawMessage) error {
	var v value
	if err := json.Unmarshal(raw, &v); err != nil {
		s.complain("%s %s: %s: %v", kind, path, raw, err)
		return nil
	}
	var err error
	switch kind {
	case "assignBool":
		var to bool
		err = json.Unmarshal(v.Value, &to)
		run.Fields[path] = to
	case "assignString":
		var to string
		err = json.Unmarshal(v.Value, &to)
		run.Fields[path] = to
	case "assignFloat":
		var to float64
		err = json.Unmarshal(v.Value, &to)
		run.Fields[path] = to
	case "assignInt":
		var to int64
		err = json.Unmarshal(v.Value, &to)
		run.Fields[path] = to
	case "insertStrings":
		run.Tags = append(run.Tags, v.Values...)
	case "logFloats":
		for _, e := range v.Entries {
			if e.Value == nil || e.Step == nil || e.MS < 1e12 {
				s.complain("%s: a value %+v", path, e)
				continue
			}
			all := run.Series[path]
			if s.Strict && len(all) > 0 && all[len(all)-1].Step >= *e.Step {
				return fmt.Errorf("the step must be strictly increasing for series attribute: %s; invalid point: %v", path, *e.Step)
			}
			run.Series[path] = append(all, Point{*e.Value, *e.Step, e.MS})
		}
	default:
		s.complain("the operation %s of %s", kind, path)
	}
	if err != nil {
		s.complain("%s %s: %s: %v", kind, path, raw, err)
	}
	return nil
}

func (s *Server) upload(w http.ResponseWriter, r *http.Request, body []byte) {
	run := s.find(w, r, "experimentIdentifier")
	if run == nil {
		return
	}
	if len(body) > 5242880 {
		s.complain("%d bytes in one part", len(body))
	}
	s.keep(run, r.URL.Query().Get("attribute"), r.URL.Query().Get("ext"), body)
	answer(w, http.StatusOK, map[string]any{"errors": []any{}})
}

func (s *Server) keep(run *Run, attribute, ext string, data []byte) {
	if attribute == "" {
		s.complain("a file without a name")
	}
	if ext != "" {
		attribute += "." + ext
	}
	run.Files[attribute] = data
}

func (s *Server) uploadStart(w http.ResponseWriter, r *http.Request, _ []byte) {
	q := r.URL.Query()
	if s.find(w, r, "experimentIdentifier") == nil {
		return
	}
	total, err := strconv.ParseInt(q.Get("totalLength"), 10, 64)
	if err != nil || total <= 5242880 {
		s.complain("parts of %s bytes", q.Get("totalLength"))
	}
	id := "up-" + strconv.Itoa(len(s.uploads)+1)
	s.uploads[id] = &partial{run: q.Get("experimentIdentifier"), attribute: q.Get("attribute"), ext: q.Get("ext"), total: total}
	answer(w, http.StatusOK, map[string]any{"uploadId": id, "errors": []any{}})
}

func (s *Server) uploadPart(w http.ResponseWriter, r *http.Request, body []byte) {
	q := r.URL.Query()
	up := s.uploads[q.Get("uploadId")]
	if up == nil || up.run != q.Get("experimentIdentifier") || up.attribute != q.Get("attribute") {
		s.complain("a part of no upload: %s", r.URL.RawQuery)
		answer(w, http.StatusBadRequest, map[string]string{"title": "no such upload"})
		return
	}
	at := int64(len(up.data))
	if want := fmt.Sprintf("bytes=%d-%d/%d", at, at+int64(len(body))-1, up.total); r.Header.Get("X-Range") != want {
		s.complain("X-Range %q, want %q", r.Header.Get("X-Range"), want)
	}
	if q.Get("uploadPartIdx") != strconv.FormatInt(at/5242880, 10) {
		s.complain("part %s at %d", q.Get("uploadPartIdx"), at)
	}
	up.data = append(up.data, body...)
	answer(w, http.StatusOK, map[string]any{"errors": []any{}})
}

func (s *Server) uploadFinish(w http.ResponseWriter, r *http.Request, _ []byte) {
	up, run := s.uploads[r.URL.Query().Get("uploadId")], s.find(w, r, "experimentIdentifier")
	if run == nil {
		return
	}
	if up == nil || int64(len(up.data)) != up.total {
		s.complain("an upload is ended too early: %s", r.URL.RawQuery)
	} else {
		s.keep(run, up.attribute, up.ext, up.data)
	}
	answer(w, http.StatusOK, map[string]any{"errors": []any{}})
}
