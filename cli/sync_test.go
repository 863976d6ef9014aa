package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/euryale-ml/euryale/internal/filelock"
	"github.com/euryale-ml/euryale/registry"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/track"
)

// service is a tracker's service in memory.
type service struct {
	mu     sync.Mutex
	down   error
	opened []track.RunInfo
	got    []track.Record
}

func (s *service) Open(_ context.Context, run track.RunInfo) (track.Remote, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return track.Remote{}, s.down
	}
	s.opened = append(s.opened, run)
	return track.Remote{ID: "R-1", URL: "http://service/R-1"}, nil
}

func (s *service) Deliver(_ context.Context, records []track.Record) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return 0, s.down
	}
	s.got = append(s.got, records...)
	return len(records), nil
}

func (s *service) Close(context.Context) error { return nil }

func (s *service) set(down error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// count counts what was delivered by kind, metrics by their names.
func (s *service) count() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := map[string]int{}
	for _, r := range s.got {
		n[r.Kind]++
		for name := range r.Values {
			n[name]++
		}
	}
	return n
}

// ownTracker is a tracker of a program of a user's own, with settings of its own.
const ownTracker = "own-tracker"

// ownSettings are its keys.
type ownSettings struct {
	Project string  `yaml:"project" help:"where runs go"`
	Share   float64 `yaml:"share" range:"[0,1]" help:"of the values that are sent"`
}

// openOwn makes its Sink; a test gives it one.
var openOwn func(s track.Setup) (track.Sink, string, error)

func init() {
	err := track.Register(ownTracker, func(s track.Setup) (track.Sink, string, error) { return openOwn(s) },
		registry.About("keeps runs in memory"), registry.Settings(ownSettings{Project: "usual", Share: 1}))
	if err != nil {
		panic(err)
	}
}

// withService makes the service of the own tracker for the test.
func withService(t *testing.T) *service {
	s := &service{}
	openOwn = func(setup track.Setup) (track.Sink, string, error) {
		if setup.Env("EURYALE_TEST_TOKEN") == "" {
			return nil, "", errors.New("no token: EURYALE_TEST_TOKEN is not set")
		}
		return s, "the service of " + setup.Settings.(ownSettings).Project, nil
	}
	return s
}

// complete fails unless the service has the whole run: 4 steps, 2 epochs.
func complete(t *testing.T, s *service) {
	t.Helper()
	n := s.count()
	if n["train/loss"] != 4 || n["train/lr"] != 4 || n["test/accuracy"] != 2 || n["text"] != 1 || n["file"] < 1 || n["finish"] < 1 || n["image"] < 4 || n["tags"] != 1 {
		t.Errorf("the service has %v", n)
	}
}

func TestRunAndSync(t *testing.T) {
	inFolder(t)
	s := withService(t)
	c := TrainCommand([]byte(tinyRecipe))
	run := func(args ...string) outcome { return runCommand(context.Background(), c, "", args...) }

	// Without a token the run is kept.
	run("-out", "kept", "-set", "track=own-tracker").wants(t, Done, []string{"test accuracy"},
		[]string{"EURYALE_TEST_TOKEN is not set", "the records are kept for", "sync kept", "left"})
	run("sync", "kept").wants(t, Failed, nil, []string{"EURYALE_TEST_TOKEN is not set"})
	t.Setenv("EURYALE_TEST_TOKEN", "t0ken")
	run("sync", "kept").wants(t, Done, []string{"kept: own-tracker: ", "http://service/R-1"}, nil)
	complete(t, s)
	before := len(s.got)
	run("sync", "kept").wants(t, Done, []string{"own-tracker: 0 sent"}, nil)
	if len(s.got) != before {
		t.Errorf("a second sync sent %+v", s.got[before:])
	}

	// A run without trackers is sent whole; a moved run too.
	*s = service{}
	run("-out", "plain").wants(t, Done, nil, nil)
	os.Rename("plain", "moved")
	run("sync", "moved").wants(t, Usage, nil, []string{"moved has no tracker"})
	run("sync", "-track", ownTracker, "moved").wants(t, Done, []string{"moved: own-tracker"}, nil)
	complete(t, s)

	// A run that sends while it trains.
	*s = service{}
	run("-out", "online", "-set", "track=own-tracker", "-set", "own-tracker.project=pets").wants(t, Done, nil, []string{"the service of pets", "http://service/R-1"})
	complete(t, s)

	// A tracker that comes with -resume gets the history, and each step once.
	*s = service{}
	run("-out", "later", "-set", "train.max_steps=3").wants(t, Done, nil, nil)
	run("-out", "later", "-resume", "-set", "train.max_steps=0", "-set", "track=own-tracker").wants(t, Done, nil, nil)
	if n := s.count(); n["train/loss"] != 4 || n["test/loss"] != 3 {
		t.Errorf("after resuming with a tracker: %v", n)
	}
	s.set(fmt.Errorf("%w: gone", track.ErrStop))
	run("-out", "later", "-resume", "-set", "train.epochs=3").wants(t, Done, nil, nil)
	s.set(nil)
	run("sync", "later").wants(t, Done, nil, nil)
	var steps []int
	for _, r := range s.got {
		if _, ok := r.Values["train/loss"]; ok {
			steps = append(steps, r.Step)
		}
	}
	if !slices.Equal(steps, []int{1, 2, 3, 4, 5, 6}) || s.opened[0].ID != s.opened[len(s.opened)-1].ID {
		t.Errorf("steps %v, opened %+v", steps, s.opened)
	}
}

func TestSyncErrors(t *testing.T) {
	inFolder(t)
	withService(t)
	t.Setenv("EURYALE_TEST_TOKEN", "t0ken")
	call := func(args ...string) outcome { return runCommand(context.Background(), RunSync, "", args...) }
	call().wants(t, Usage, nil, []string{"which runs"})
	call("nowhere").wants(t, Usage, nil, []string{"nowhere is no run"})
	os.Mkdir("empty", 0o755)
	call("empty").wants(t, Failed, nil, []string{"empty is no run"})
	runCommand(context.Background(), TrainCommand([]byte(tinyRecipe)), "", "-out", "run").wants(t, Done, nil, nil)
	call("-track", "own-trakcer", "run").wants(t, Failed, nil, []string{"unknown tracker", "own-tracker"})
	call("-set", "optim.lr=1", "run").wants(t, Usage, nil, []string{"-set optim.lr"})
	call("-set", "mlflow.nothing=1", "run").wants(t, Usage, nil, []string{"mlflow.nothing"})
	l, err := filelock.Acquire(filepath.Join("run", run.LockFile))
	if err != nil {
		t.Fatal(err)
	}
	call("-track", ownTracker, "run").wants(t, Failed, nil, []string{"run is in use: it is still training, without own-tracker; sync it when that has ended"})
	l.Release()
	other, err := run.Folder("run").ClaimSync(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	call("-track", ownTracker, "run").wants(t, Failed, nil, []string{"run is in use: another sync of it is running"})
	other.Release()
	call("-track", ownTracker, "run").wants(t, Done, []string{"run: own-tracker: "}, nil)
	call("-h").wants(t, Done, []string{"-track", "own-tracker    keeps runs in memory", "mlflow         sends to an MLflow server"}, nil)
	call("-set", "own-tracker.share=2", "run").wants(t, Usage, nil, []string{"own-tracker.share = 2: want a number, 0 to 1"})
}

// hanging is a service that takes connections and never answers.
type hanging struct {
	service
	called func()
}

func (h *hanging) Open(ctx context.Context, _ track.RunInfo) (track.Remote, error) {
	h.called()
	<-ctx.Done()
	return track.Remote{}, ctx.Err()
}

func (*hanging) Address() string { return "http://server.example" }

// TestSyncHangs interrupts a sync with a server that never answers: the line has its
// address, how long it was waited for, and what is left.
func TestSyncHangs(t *testing.T) {
	inFolder(t)
	withService(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	openOwn = func(track.Setup) (track.Sink, string, error) {
		return &hanging{called: cancel}, "", nil
	}
	runCommand(context.Background(), TrainCommand([]byte(tinyRecipe)), "", "-out", "run").wants(t, Done, nil, nil)
	runCommand(ctx, RunSync, "", "-track", ownTracker, "run").wants(t, Stopped, nil,
		[]string{"run: own-tracker: 0 sent, ", " left (no answer yet from http://server.example after "})
}
