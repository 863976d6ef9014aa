package mlflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/euryale-ml/euryale/internal/httpsend"
	"github.com/euryale-ml/euryale/track"
)

// Sink sends a run to a server. Make one with New.
type Sink struct {
	http       *httpsend.Client
	experiment string

	experimentID, runID string
	images              bool   // the tag that makes the page show pictures is set
	root                string // path of the run's files at the server
	noArtifacts         error
}

var _ track.Sink = (*Sink)(nil)

const api = "/api/2.0/mlflow/"

// idTag holds RunInfo.ID, by which a run is found whose making was not acknowledged.
const idTag = "euryale.run_id"

type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// runInfo is what the server tells of a run.
type runInfo struct {
	Info struct {
		RunID          string `json:"run_id"`
		ExperimentID   string `json:"experiment_id"`
		ArtifactURI    string `json:"artifact_uri"`
		LifecycleStage string `json:"lifecycle_stage"`
	} `json:"info"`
}

// Open makes the run, or goes on with the one that was made before.
func (s *Sink) Open(ctx context.Context, run track.RunInfo) (track.Remote, error) {
	if err := s.findExperiment(ctx); err != nil {
		return track.Remote{}, s.explain(err)
	}
	found, err := s.find(ctx, run)
	if err == nil && found == nil {
		found, err = s.create(ctx, run)
	} else if err == nil {
		err = s.update(ctx, "RUNNING", time.Time{}, found.Info.RunID)
	}
	if err != nil {
		return track.Remote{}, s.explain(err)
	}
	s.runID, s.experimentID, s.noArtifacts = found.Info.RunID, found.Info.ExperimentID, nil
	s.findRoot(found.Info.ArtifactURI)
	page := *s.http.Base
	page.User = nil
	page.Fragment = "/experiments/" + s.experimentID + "/runs/" + s.runID
	return track.Remote{ID: s.runID, URL: strings.Replace(page.String(), "#", "/#", 1), Has: map[string]string{"experiment": s.experimentID}}, nil
}

// findRoot finds where the run's files go.
func (s *Sink) findRoot(uri string) {
	s.root = "/" + s.experimentID + "/" + s.runID + "/artifacts"
	if uri == "" {
		return
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "mlflow-artifacts" {
		s.noArtifacts = fmt.Errorf("mlflow: the server does not take files itself, they belong to %s; start it with --serve-artifacts", redacted(uri))
		return
	}
	if u.Host == "" && u.Path != "" {
		s.root = u.EscapedPath()
	}
}

// redacted is an address without a password.
func redacted(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Redacted()
	}
	return "another place"
}

// findExperiment finds the experiment by its name, or makes it.
func (s *Sink) findExperiment(ctx context.Context) error {
	var got struct {
		Experiment struct {
			ID    string `json:"experiment_id"`
			Stage string `json:"lifecycle_stage"`
		} `json:"experiment"`
	}
	byName := func() error {
		return s.http.JSON(ctx, http.MethodGet, api+"experiments/get-by-name", url.Values{"experiment_name": {s.experiment}}, nil, &got)
	}
	err := byName()
	if code(err) == "RESOURCE_DOES_NOT_EXIST" {
		var made struct {
			ID string `json:"experiment_id"`
		}
		err = s.http.JSON(ctx, http.MethodPost, api+"experiments/create", nil, map[string]any{"name": s.experiment}, &made)
		if err == nil && made.ID != "" {
			s.experimentID = made.ID
			return nil
		}
		if code(err) == "RESOURCE_ALREADY_EXISTS" { // another run made it meanwhile
			err = byName()
		}
	}
	switch {
	case err != nil:
		return err
	case got.Experiment.Stage == "deleted":
		return fmt.Errorf("%w: mlflow: the experiment %q is deleted; restore it or take another name", track.ErrStop, s.experiment)
	case got.Experiment.ID == "":
		return errors.New("mlflow: the server's answer names no experiment; is it an MLflow server?")
	}
	s.experimentID = got.Experiment.ID
	return nil
}

// find looks for the run that was made before; nil: none was.
func (s *Sink) find(ctx context.Context, run track.RunInfo) (*runInfo, error) {
	if run.Remote.ID != "" {
		var got struct {
			Run runInfo `json:"run"`
		}
		err := s.http.JSON(ctx, http.MethodGet, api+"runs/get", url.Values{"run_id": {run.Remote.ID}}, nil, &got)
		if code(err) == "RESOURCE_DOES_NOT_EXIST" || err == nil && got.Run.Info.LifecycleStage == "deleted" {
			return nil, fmt.Errorf("%w: mlflow: the run %s is no longer at the server", track.ErrStop, run.Remote.ID)
		}
		return &got.Run, err
	}
	var got struct {
		Runs []runInfo `json:"runs"`
	}
	in := map[string]any{
		"experiment_ids": []string{s.experimentID}, "filter": "tags.`" + idTag + "` = '" + run.ID + "'", "max_results": 1,
	}
	if err := s.http.JSON(ctx, http.MethodPost, api+"runs/search", nil, in, &got); err != nil || len(got.Runs) == 0 {
		return nil, err
	}
	return &got.Runs[0], nil
}

func (s *Sink) create(ctx context.Context, run track.RunInfo) (*runInfo, error) {
	var got struct {
		Run runInfo `json:"run"`
	}
	in := map[string]any{
		"experiment_id": s.experimentID, "run_name": cut(run.Name, maxTag), "start_time": run.Created.UnixMilli(),
		"tags": []tag{{"mlflow.runName", cut(run.Name, maxTag)}, {"mlflow.source.name", "euryale"}, {"mlflow.source.type", "LOCAL"}, {idTag, run.ID}},
	}
	if err := s.http.JSON(ctx, http.MethodPost, api+"runs/create", nil, in, &got); err != nil {
		return nil, err
	}
	if got.Run.Info.RunID == "" {
		return nil, errors.New("mlflow: the server's answer names no run; is it an MLflow server?")
	}
	return &got.Run, nil
}

// update sets the status, and the time of the end if there is one.
func (s *Sink) update(ctx context.Context, status string, end time.Time, runID string) error {
	in := struct {
		Status string `json:"status"`
		End    int64  `json:"end_time,omitempty"`
		RunID  string `json:"run_id"` // last: a message that the server cuts then fails
	}{Status: status, RunID: runID}
	if !end.IsZero() {
		in.End = end.UnixMilli()
	}
	return s.http.JSON(ctx, http.MethodPost, api+"runs/update", nil, in, nil)
}

// Close gives the connections back.
func (s *Sink) Close(context.Context) error {
	s.http.Close()
	return nil
}

// code is the server's word for an error, "" if it has none.
func code(err error) string {
	var status *httpsend.StatusError
	if !errors.As(err, &status) {
		return ""
	}
	return errorCode(status.Body)
}

// explain adds what a person can do about an error.
func (s *Sink) explain(err error) error {
	var status *httpsend.StatusError
	if errors.As(err, &status) && (status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden) {
		return fmt.Errorf("%w; credentials come from %s and %s, or %s", err, userVariable, passwordVariable, tokenVariable)
	}
	return err
}

// statuses are the server's words for those of a run.
var statuses = map[string]string{"finished": "FINISHED", "interrupted": "KILLED", "failed": "FAILED"}

// Deliver sends records in order: metrics, settings and tags that follow each other in
// one request.
func (s *Sink) Deliver(ctx context.Context, records []track.Record) (done int, err error) {
	refused := &track.Refusal{}
	for done < len(records) {
		n, err := s.some(ctx, records[done:])
		var status *httpsend.StatusError
		switch {
		case err == nil:
		case s.noArtifacts != nil && errors.Is(err, s.noArtifacts), errors.Is(err, errUnsendable),
			errors.As(err, &status) && !errors.Is(err, track.ErrStop) && !passes(err):
			if n > 1 { // one by one, to find what is refused
				if n, err = s.singly(ctx, records[done:done+n], refused); err != nil {
					return done + n, s.explain(err)
				}
				break
			}
			refused.Records++
			refused.Err = err
		default:
			return done, s.explain(err)
		}
		done += n
	}
	if refused.Records > 0 {
		return done, refused
	}
	return done, nil
}

// passes reports whether an error may pass.
func passes(err error) bool {
	var retry *track.Retry
	return errors.As(err, &retry)
}

// singly sends each record by itself and notes those that are refused.
func (s *Sink) singly(ctx context.Context, records []track.Record, refused *track.Refusal) (done int, err error) {
	for i := range records {
		if _, err := s.some(ctx, records[i:i+1]); err != nil {
			var status *httpsend.StatusError
			if passes(err) || errors.Is(err, track.ErrStop) || !errors.As(err, &status) && !errors.Is(err, errUnsendable) {
				return i, err
			}
			refused.Records++
			refused.Err = err
		}
	}
	return len(records), nil
}

// some sends the first records, as many as fit into a request, and says how many.
func (s *Sink) some(ctx context.Context, records []track.Record) (n int, err error) {
	var b batch
	for n < len(records) && b.add(records[n]) {
		n++
	}
	if n > 0 {
		return n, s.logBatch(ctx, b)
	}
	r := records[0]
	switch r.Kind {
	case track.MetricsRecord, track.ParamsRecord, track.TagsRecord: // too large for one request
		for _, part := range parts(r) {
			var b batch
			b.add(part)
			if err := s.logBatch(ctx, b); err != nil {
				return 1, err
			}
		}
		return 1, nil
	case track.TextRecord:
		return 1, s.put(ctx, textPath(r.Name), strings.NewReader(r.Text), int64(len(r.Text)))
	case track.FileRecord:
		return 1, s.putFile(ctx, artifactPath(r.Name), r.Path)
	case track.ImageRecord:
		return 1, s.image(ctx, r)
	case track.FinishRecord:
		status := statuses[r.Status]
		if status == "" {
			status = "FAILED"
		}
		return 1, s.update(ctx, status, r.Time, s.runID)
	}
	return 1, fmt.Errorf("%w: a record of the kind %q", errUnsendable, r.Kind)
}

// errUnsendable is wrapped by errors about records that can be sent nowhere.
var errUnsendable = errors.New("mlflow: this cannot be sent")

// step is a step as the server's names have it.
func step(n int) string { return strconv.Itoa(n) }
