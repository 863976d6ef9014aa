package mlflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/euryale-ml/euryale/internal/httpsend"
	"github.com/euryale-ml/euryale/track"
)

// begin creates the run, or finds the existing one and sets its status to running.
func (s *Sink) begin(ctx context.Context, run track.RunInfo) (*runInfo, error) {
	found, err := s.known(ctx, run.Remote.ID)
	if err == nil && found == nil {
		if err = s.findExperiment(ctx); err == nil {
			found, err = s.search(ctx, run.ID)
		}
		if err == nil && found == nil {
			made, err := s.create(ctx, run)
			if !track.IsRetryable(err) {
				return made, err
			}
			// The run may exist although its creation was not acknowledged.
			var serr error
			if found, serr = s.search(ctx, run.ID); serr != nil {
				return nil, err
			} else if found == nil {
				return s.create(ctx, run)
			}
		}
	}
	if err != nil {
		return nil, err
	}
	return found, s.update(ctx, "RUNNING", time.Time{}, found.Info.RunID)
}

// findExperiment finds the experiment by its name, or creates it.
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
	if code(err) == missing {
		var made struct {
			ID string `json:"experiment_id"`
		}
		err = s.http.JSON(ctx, http.MethodPost, api+"experiments/create", nil, map[string]any{"name": s.experiment}, &made)
		if err == nil && made.ID != "" {
			s.experimentID = made.ID
			return nil
		}
		if code(err) == exists { // another run created it meanwhile
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

// known gets the run with an identifier; nil: there is no identifier yet.
func (s *Sink) known(ctx context.Context, id string) (*runInfo, error) {
	if id == "" {
		return nil, nil
	}
	var got struct {
		Run runInfo `json:"run"`
	}
	err := s.http.JSON(ctx, http.MethodGet, api+"runs/get", url.Values{"run_id": {id}}, nil, &got)
	switch {
	case code(err) == missing || err == nil && got.Run.Info.LifecycleStage == "deleted":
		return nil, s.errGone(id)
	case err == nil && got.Run.Info.RunID == "":
		return nil, errNoRun
	}
	return &got.Run, err
}

// errNoRun is returned for an answer without the requested run.
var errNoRun = errors.New("mlflow: the server's answer names no run; is it an MLflow server?")

func (s *Sink) errGone(id string) error {
	return fmt.Errorf("%w: mlflow: the server no longer has the run %s", track.ErrStop, id)
}

// withoutSearch lists the status codes of servers that do not support search.
var withoutSearch = []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}

// search looks for a run whose creation was not acknowledged; nil: there is none. Servers
// that do not support the filter return other runs.
func (s *Sink) search(ctx context.Context, id string) (*runInfo, error) {
	var got struct {
		Runs []runInfo `json:"runs"`
	}
	in := map[string]any{
		"experiment_ids": []string{s.experimentID}, "filter": "tags.`" + idTag + "` = '" + id + "'", "max_results": 1,
	}
	err := s.http.JSON(ctx, http.MethodPost, api+"runs/search", nil, in, &got)
	var status *httpsend.StatusError
	if errors.As(err, &status) && slices.Contains(withoutSearch, status.Status) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for i, r := range got.Runs {
		if id != "" && r.Info.RunID != "" && slices.Contains(r.Data.Tags, tag{idTag, id}) {
			return &got.Runs[i], nil
		}
	}
	return nil, nil
}

func (s *Sink) create(ctx context.Context, run track.RunInfo) (*runInfo, error) {
	var got struct {
		Run runInfo `json:"run"`
	}
	name := cut(run.Name, maxTag)
	tags := []tag{{"mlflow.runName", name}, {"mlflow.source.name", "euryale"}, {"mlflow.source.type", "LOCAL"}, {idTag, run.ID}}
	if s.user != "" {
		tags = append(tags, tag{"mlflow.user", s.user})
	}
	s.http.Repeat(httpsend.Untaken) // a second request that is accepted would create another run
	defer s.http.Repeat(httpsend.Always)
	in := map[string]any{"experiment_id": s.experimentID, "run_name": name, "start_time": run.Created.UnixMilli(), "tags": tags}
	if err := s.http.JSON(ctx, http.MethodPost, api+"runs/create", nil, in, &got); err != nil {
		return nil, err
	}
	if got.Run.Info.RunID == "" {
		return nil, errNoRun
	}
	return &got.Run, nil
}

// update sets the status, and the time of the end if there is one.
func (s *Sink) update(ctx context.Context, status string, end time.Time, runID string) error {
	in := struct {
		Status string `json:"status"`
		End    int64  `json:"end_time,omitempty"`
		RunID  string `json:"run_id"` // last, so that a truncated request is rejected as a whole
	}{Status: status, RunID: runID}
	if !end.IsZero() {
		in.End = end.UnixMilli()
	}
	return s.http.JSON(ctx, http.MethodPost, api+"runs/update", nil, in, nil)
}
