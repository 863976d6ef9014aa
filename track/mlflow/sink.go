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
	images              bool   // the tag loggedImages is set
	root                string // path of the run's files at the server
	noArtifacts         error
	failed              int // consecutive failures with the same file
}

var _ track.Sink = (*Sink)(nil)

const api = "/api/2.0/mlflow/"

// idTag is the tag for RunInfo.ID, by which search finds a run.
const idTag = "euryale.run_id"

type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// runInfo is the server's description of a run.
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

// Open creates the run, or resumes the existing one.
func (s *Sink) Open(ctx context.Context, run track.RunInfo) (track.Remote, error) {
	s.http.Repeat(httpsend.Always)
	defer s.http.Repeat(httpsend.Never)
	found, err := s.begin(ctx, run)
	if code(err) == invalid { // such as an invalid name of an experiment
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

// findRoot finds the path of the run's files.
func (s *Sink) findRoot(uri string) {
	s.root = "/" + s.experimentID + "/" + s.runID + "/artifacts"
	if uri == "" {
		return
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "mlflow-artifacts" || u.Host != "" && u.Host != s.http.Base.Host {
		s.noArtifacts = fmt.Errorf("mlflow: the server does not accept files, clients must write them to %s; start it with --serve-artifacts", redacted(uri))
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

// Address is the server's address, for messages.
func (s *Sink) Address() string { return s.http.Address() }

// Close closes the connections.
func (s *Sink) Close(context.Context) error {
	s.http.Close()
	return nil
}

// Error codes of the server.
const (
	invalid = "INVALID_PARAMETER_VALUE"
	missing = "RESOURCE_DOES_NOT_EXIST"
	exists  = "RESOURCE_ALREADY_EXISTS"
)

// code returns the server's error code, "" if there is none.
func code(err error) string {
	var status *httpsend.StatusError
	if !errors.As(err, &status) {
		return ""
	}
	return errorCode(status.Body)
}

// explain adds a hint to an error.
func (s *Sink) explain(err error) error {
	var status *httpsend.StatusError
	if errors.As(err, &status) && (status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden) {
		return fmt.Errorf("%w; credentials come from %s and %s, or %s", err, userVariable, passwordVariable, tokenVariable)
	}
	return err
}
