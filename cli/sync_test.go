package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/internal/filelock"
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

// withService makes a service known as neptune for the test.
func withService(t *testing.T) *service {
	s := &service{}
	before := sinks["neptune"]
	sinks["neptune"] = func(c config.Config, _ string, env func(string) string) (track.Sink, string, error) {
		if env("EURYALE_TEST_TOKEN") == "" {
			return nil, "", errors.New("no token: EURYALE_TEST_TOKEN is not set")
		}
		return s, "the service of " + c.Name, nil
	}
	t.Cleanup(func() {
		if sinks["neptune"] = before; before == nil {
			delete(sinks, "neptune")
		}
	})
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
	run("-out", "kept", "-set", "track=neptune").wants(t, Done, []string{"test accuracy"},
		[]string{"EURYALE_TEST_TOKEN is not set", "the run is kept for", "sync kept", "left"})
	run("sync", "kept").wants(t, Failed, nil, []string{"EURYALE_TEST_TOKEN is not set"})
	t.Setenv("EURYALE_TEST_TOKEN", "t0ken")
	run("sync", "kept").wants(t, Done, []string{"kept: neptune: ", "http://service/R-1"}, nil)
	complete(t, s)
	before := len(s.got)
	run("sync", "kept").wants(t, Done, []string{"neptune: 0 sent"}, nil)
	if len(s.got) != before {
		t.Errorf("a second sync sent %+v", s.got[before:])
	}

	// A run without trackers is sent whole; a moved run too.
	*s = service{}
	run("-out", "plain").wants(t, Done, nil, nil)
	os.Rename("plain", "moved")
	run("sync", "moved").wants(t, Usage, nil, []string{"moved has no tracker"})
	run("sync", "-track", "neptune", "moved").wants(t, Done, []string{"moved: neptune"}, nil)
	complete(t, s)

	// A run that sends while it trains.
	*s = service{}
	run("-out", "online", "-set", "track=neptune").wants(t, Done, nil, []string{"the service of", "http://service/R-1"})
	complete(t, s)

	// A tracker that comes with -resume gets the history, and each step once.
	*s = service{}
	run("-out", "later", "-set", "train.max_steps=3").wants(t, Done, nil, nil)
	run("-out", "later", "-resume", "-set", "train.max_steps=0", "-set", "track=neptune").wants(t, Done, nil, nil)
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
	call("-track", "nepptune", "run").wants(t, Failed, nil, []string{"no such tracker", "neptune"})
	call("-set", "optim.lr=1", "run").wants(t, Usage, nil, []string{"-set optim.lr"})
	call("-set", "mlflow.nothing=1", "run").wants(t, Usage, nil, []string{"mlflow.nothing"})
	l, err := filelock.Acquire(filepath.Join("run", run.LockFile))
	if err != nil {
		t.Fatal(err)
	}
	call("-track", "neptune", "run").wants(t, Failed, nil, []string{"run is in use: it is still training, without neptune; sync it when that has ended"})
	l.Release()
	other, err := run.Folder("run").ClaimSync(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	call("-track", "neptune", "run").wants(t, Failed, nil, []string{"run is in use: another sync of it is at work"})
	other.Release()
	call("-track", "neptune", "run").wants(t, Done, []string{"run: neptune: "}, nil)
	if o := call("-h"); o.code != Done || !strings.Contains(o.out, "-track") {
		t.Errorf("-h: %+v", o)
	}
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
	sinks["neptune"] = func(config.Config, string, func(string) string) (track.Sink, string, error) {
		return &hanging{called: cancel}, "", nil
	}
	runCommand(context.Background(), TrainCommand([]byte(tinyRecipe)), "", "-out", "run").wants(t, Done, nil, nil)
	runCommand(ctx, RunSync, "", "-track", "neptune", "run").wants(t, Stopped, nil,
		[]string{"run: neptune: 0 sent, ", " left (no answer yet from http://server.example after "})
}
