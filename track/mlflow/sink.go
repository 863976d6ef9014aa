package mlflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/euryale-ml/euryale/internal/httpsend"
	"github.com/euryale-ml/euryale/track"
)

// Sink sends a run to a server. Make one with New.
type Sink struct {
	http       *httpsend.Client
	experiment string
	user       string // who runs it

	experimentID, runID string
	images              bool   // the tag that makes the page show pictures is set
	root                string // path of the run's files at the server
	noArtifacts         error
	failed              int // times in a row that the server could not take the same file
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
	Data struct {
		Tags []tag `json:"tags"`
	} `json:"data"`
}

// Open makes the run, or goes on with the one that was made before.
func (s *Sink) Open(ctx context.Context, run track.RunInfo) (track.Remote, error) {
	s.http.Repeat(httpsend.Always)
	defer s.http.Repeat(httpsend.Never)
	found, err := s.begin(ctx, run)
	if code(err) == invalid { // such as a name of an experiment that the server does not like
		err = fmt.Errorf("%w: %w", track.ErrStop, err)
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
	if err != nil || u.Scheme != "mlflow-artifacts" || u.Host != "" && u.Host != s.http.Base.Host {
		s.noArtifacts = fmt.Errorf("mlflow: the server does not take files itself, they belong to %s; start it with --serve-artifacts", redacted(uri))
		return
	}
	if u.Path != "" {
		s.root = u.EscapedPath()
	}
}

// redacted is an address without user, password and query, where secrets may be.
func redacted(address string) string {
	if u, err := url.Parse(address); err == nil && u.Scheme != "" && u.Opaque == "" {
		return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	}
	return "another place"
}

// Address is where the run is sent, for messages.
func (s *Sink) Address() string { return s.http.Address() }

// Close gives the connections back.
func (s *Sink) Close(context.Context) error {
	s.http.Close()
	return nil
}

// Words of the server for errors.
const (
	invalid = "INVALID_PARAMETER_VALUE"
	missing = "RESOURCE_DOES_NOT_EXIST"
	exists  = "RESOURCE_ALREADY_EXISTS"
)

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
