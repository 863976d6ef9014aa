package neptune

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/euryale-ml/euryale/internal/httpsend"
	"github.com/euryale-ml/euryale/track"
)

// online is the Sink of the mode Async.
type online struct {
	project string // workspace/name
	http    *httpsend.Client
	session *session

	parts    uploadLimits
	run      experiment
	failed   int // consecutive failures with the same file
	pinging  sync.WaitGroup
	stopPing context.CancelFunc
}

var _ track.Sink = (*online)(nil)

// uploadLimits are the server's limits for files.
type uploadLimits struct {
	Enabled   bool  `json:"enabled"`
	MinChunk  int64 `json:"minChunkSize"`
	MaxChunks int64 `json:"maxChunkCount"`
	MaxSingle int64 `json:"maxSinglePartSize"`
}

// experiment is the server's description of a run.
type experiment struct {
	ID        string `json:"id"`
	ShortID   string `json:"shortId"`
	Workspace string `json:"organizationName"`
	Project   string `json:"projectName"`
	Trashed   bool   `json:"trashed"`
}

func newOnline(token, project string) (*online, error) {
	c, err := parseToken(token)
	if err != nil {
		return nil, err
	}
	if err := checkProject(project); err != nil {
		return nil, err
	}
	client, err := httpsend.New("neptune", c.URL)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrConfig, tokenVariable, err)
	}
	s := &session{token: token, client: client}
	client.Secrets = append(client.Secrets, token, c.Key)
	client.Authorize = s.authorize
	return &online{project: project, http: client, session: s}, nil
}

// Address is the server's address, for messages.
func (o *online) Address() string { return o.http.Address() }

const (
	backend     = "/api/backend/v1/"
	leaderboard = "/api/leaderboard/v1/"
)

// Open signs in and creates the run, or resumes the existing one.
func (o *online) Open(ctx context.Context, run track.RunInfo) (remote track.Remote, err error) {
	o.http.Repeat(httpsend.Always) // these requests may arrive twice without harm
	defer o.http.Repeat(httpsend.Never)
	var config struct {
		Application string       `json:"applicationUrl"`
		Upload      uploadLimits `json:"multiPartUpload"`
	}
	if err := o.session.get(ctx, backend+"clients/config", url.Values{"alpha": {"true"}}, &config); err != nil {
		return remote, o.explain(err)
	}
	o.parts = config.Upload
	if err := o.session.signIn(ctx); err != nil {
		return remote, o.explain(err)
	}
	var project struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		Workspace string `json:"organizationName"`
		Version   int    `json:"version"`
	}
	if err := o.call(ctx, http.MethodGet, backend+"projects/get", url.Values{"projectIdentifier": {o.project}}, nil, &project); err != nil {
		return remote, o.explain(err)
	}
	if project.ID == "" || project.Version < 2 {
		return remote, fmt.Errorf("%w: neptune: the project %s is of an old version", track.ErrStop, o.project)
	}
	fresh := run.Remote.ID == ""
	if fresh {
		err = o.create(ctx, project.ID, run.ID)
	} else if run.Remote.Has["project"] != project.ID {
		err = fmt.Errorf("%w: neptune: the run is in another project than %s", track.ErrStop, o.project)
	} else {
		o.run = experiment{ID: run.Remote.ID, ShortID: run.Remote.Has["short"]}
		err = o.known(ctx)
	}
	if err == nil && fresh {
		_, err = o.execute(ctx, start(run.Name))
	}
	if err != nil {
		return remote, o.explain(err)
	}
	o.ping(ctx)
	page := strings.TrimRight(config.Application, "/") + "/" + project.Workspace + "/" + project.Name + "/e/" + o.run.ShortID
	return track.Remote{ID: o.run.ID, URL: page, Has: map[string]string{"project": project.ID, "short": o.run.ShortID}}, nil
}

// create creates the run. Because of the custom ID a second call returns the same run.
func (o *online) create(ctx context.Context, project, id string) error {
	in := map[string]string{"projectIdentifier": project, "parentId": project, "type": "run", "cliVersion": clientVersion, "customId": id}
	q := httpsend.Request{
		Method: http.MethodPost, Path: leaderboard + "experiments",
		Header: http.Header{"Content-Type": {"application/json"}, "X-Neptune-Cliversion": {clientVersion}},
	}
	var err error
	if q.Body, err = json.Marshal(in); err != nil {
		return err
	}
	answer, err := o.send(ctx, q)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer.Body, &o.run); err != nil || o.run.ID == "" {
		return errors.New("neptune: the server's answer names no run; is it a Neptune server?")
	}
	return nil
}

// pingEvery is the interval of the messages that the run is active.
const pingEvery = 10 * time.Second

// ping reports to the server that the run is active, until Close.
func (o *online) ping(ctx context.Context) {
	ctx, o.stopPing = context.WithCancel(context.WithoutCancel(ctx))
	q := httpsend.Request{
		Method: http.MethodPost, Path: leaderboard + "attributes/ping", Query: url.Values{"experimentId": {o.run.ID}}, Body: []byte{},
	}
	o.pinging.Go(func() {
		every := time.NewTicker(pingEvery)
		defer every.Stop()
		for {
			o.send(ctx, q) // a lost one does no harm
			select {
			case <-every.C:
			case <-ctx.Done():
				return
			}
		}
	})
}

// send sends a request, once more with a new access token if the old one is refused.
func (o *online) send(ctx context.Context, q httpsend.Request) (*httpsend.Answer, error) {
	if err := o.session.fresh(ctx); err != nil {
		return nil, err
	}
	answer, err := o.http.Send(ctx, q)
	var status *httpsend.StatusError
	if errors.As(err, &status) && status.Status == http.StatusUnauthorized {
		if err := o.session.renew(ctx); err != nil {
			return nil, err
		}
		answer, err = o.http.Send(ctx, q)
	}
	return answer, err
}

// call sends JSON and reads JSON.
func (o *online) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	q := httpsend.Request{Method: method, Path: path, Query: query}
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		q.Body, q.Header = data, http.Header{"Content-Type": {"application/json"}}
	}
	answer, err := o.send(ctx, q)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(answer.Body, out); err != nil {
		return fmt.Errorf("neptune: %s %s: the answer is not the JSON that was expected; is it a Neptune server?", method, path)
	}
	return nil
}

// explain adds a hint to an error.
func (o *online) explain(err error) error {
	var status *httpsend.StatusError
	if !errors.As(err, &status) {
		return err
	}
	switch status.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%w; the token comes from %s", err, tokenVariable)
	case http.StatusNotFound:
		if !status.Own() {
			return err // from a proxy, and may be temporary
		}
		return fmt.Errorf("%w: %w; the project is %s", track.ErrStop, err, o.project)
	}
	return err
}

// Close ends the session. The protocol has no request for it.
func (o *online) Close(context.Context) error {
	if o.stopPing != nil {
		o.stopPing()
		o.pinging.Wait()
		o.stopPing = nil
	}
	o.http.Close()
	return nil
}
