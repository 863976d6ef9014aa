package track_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/track"
)

// rogue does what trackers must not do.
type rogue struct {
	track.Memory
	metrics func(step int) error
	finish  func(ctx context.Context) error
}

func (r *rogue) Metrics(step int, at time.Time, values map[string]float64) error {
	if r.metrics != nil {
		if err := r.metrics(step); err != nil {
			return err
		}
	}
	return r.Memory.Metrics(step, at, values)
}

func (r *rogue) Finish(ctx context.Context, status string) error {
	if r.finish != nil {
		return r.finish(ctx)
	}
	return r.Memory.Finish(ctx, status)
}

var now = time.Unix(1e9, 0)

func send(t *testing.T, tr track.Tracker, n int) {
	t.Helper()
	values := map[string]float64{}
	for i := range n {
		values["train/loss"] = float64(i) // the same map each time, as a caller may do
		if err := tr.Metrics(i+1, now, values); err != nil {
			t.Fatal(err)
		}
	}
}

func finish(t *testing.T, tr track.Tracker) {
	t.Helper()
	if err := tr.Finish(t.Context(), "finished"); err != nil {
		t.Fatal(err)
	}
}

// TestGuardPassesOn sends everything in order.
func TestGuardPassesOn(t *testing.T) {
	var m track.Memory
	g := track.NewGuard("memory", &m, track.GuardOptions{})
	params := map[string]any{"optim.lr": 0.1}
	g.Params(params)
	params["optim.lr"] = 0.2
	send(t, g, 10000)
	g.Text("name", "text")
	g.Image("figure", 3, "figure.png")
	g.File("weights", "best.safetensors")
	tags := []string{"a", "b"}
	g.Tags(tags...)
	tags[0] = "changed"
	finish(t, g)
	k := m.Snapshot()
	if len(k.Points) != 10000 || k.Params["optim.lr"] != 0.1 || k.Texts["name"] != "text" || k.Images["figure"] != "figure.png" ||
		k.Files["weights"] != "best.safetensors" || strings.Join(k.Tags, " ") != "a b" || k.Status != "finished" {
		t.Errorf("%d points, and %+v", len(k.Points), g.Summary())
	}
	for i, p := range k.Points {
		if p.Step != i+1 || p.Values["train/loss"] != float64(i) || !p.Time.Equal(now) {
			t.Fatalf("point %d is %+v", i, p)
		}
	}
	if s := g.Summary(); !s.OK() || s.Sent != 10006 || s.String() != "memory: 10006 sent" {
		t.Errorf("summary %+v: %s", s, s)
	}
	send(t, g, 1)
	finish(t, g)
	if s := g.Summary(); s.Dropped != 1 || s.OK() {
		t.Errorf("after a call that came too late: %s", s)
	}
}

// TestGuardHangs calls a tracker that never returns from its third call.
func TestGuardHangs(t *testing.T) {
	hangs, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	r := &rogue{metrics: func(step int) error {
		if step == 3 {
			close(hangs)
			<-release
		}
		return nil
	}}
	g := track.NewGuard("hangs", r, track.GuardOptions{Queue: 100, Timeout: 30 * time.Millisecond})
	began := time.Now()
	send(t, g, 10000)
	if took := time.Since(began); took > time.Minute {
		t.Errorf("10,000 metrics took %v", took)
	}
	<-hangs
	began = time.Now()
	finish(t, g)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("Finish took %v", took)
	}
	s := g.Summary()
	if s.Finished || s.OK() || s.Sent != 2 || s.Unsent < 97 || s.Unsent > 100 || s.Sent+s.Dropped+s.Unsent+1 != 10000 { // and 1 hangs
		t.Errorf("summary %+v", s)
	}
	if text := s.String(); !strings.Contains(text, "not sent in time") || !strings.Contains(text, "not finished") ||
		!strings.Contains(text, "a call has not returned after ") {
		t.Errorf("summary %q", text)
	}
}

// TestGuardFails counts errors and panics and continues after them.
func TestGuardFails(t *testing.T) {
	gone := errors.New("no route to the server")
	r := &rogue{metrics: func(step int) error {
		switch step % 4 {
		case 1:
			return gone
		case 2:
			panic("index out of range")
		}
		return nil
	}}
	g := track.NewGuard("fails", r, track.GuardOptions{})
	send(t, g, 40)
	finish(t, g)
	s := g.Summary()
	if s.Failed != 10 || s.Panics != 10 || s.Sent != 21 || !s.Finished || !errors.Is(s.FirstError, gone) {
		t.Errorf("summary %+v", s)
	}
	if text := s.String(); text != "fails: 21 sent, 10 failed, 10 panicked, first error: no route to the server" {
		t.Errorf("summary %q", text)
	}
	if n := len(r.Snapshot().Points); n != 20 {
		t.Errorf("%d points came through", n)
	}
}

// TestGuardFinish bounds a Finish that hangs, and one that panics.
func TestGuardFinish(t *testing.T) {
	hangs := &rogue{finish: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
	g := track.NewGuard("hangs", hangs, track.GuardOptions{Timeout: 20 * time.Millisecond})
	send(t, g, 2)
	for g.Summary().Sent < 2 {
		time.Sleep(time.Millisecond)
	}
	finish(t, g)
	if s := g.Summary(); s.Sent != 2 || s.OK() {
		t.Errorf("summary %+v", s)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	g = track.NewGuard("cancelled", hangs, track.GuardOptions{Timeout: time.Hour})
	if err := g.Finish(cancelled, "interrupted"); err != nil {
		t.Error(err)
	}
	panics := &rogue{finish: func(context.Context) error { panic("no") }}
	g = track.NewGuard("panics", panics, track.GuardOptions{})
	finish(t, g)
	if s := g.Summary(); s.Panics != 1 || !s.Finished || s.FirstError.Error() != "panic: no" {
		t.Errorf("summary %+v", s)
	}
}

// TestMulti tells all of them, whatever one says.
func TestMulti(t *testing.T) {
	gone := errors.New("gone")
	bad := &rogue{metrics: func(int) error { return gone }, finish: func(context.Context) error { return gone }}
	var good track.Memory
	m := track.Multi{bad, &good}
	values := map[string]float64{"test/loss": 1}
	errs := []error{
		m.Params(map[string]any{"a": 1}), m.Text("t", "x"), m.Image("i", 1, "i.png"), m.File("f", "f"), m.Tags("tag"),
		m.Metrics(1, now, values), m.Finish(t.Context(), "failed"),
	}
	for i, err := range errs {
		if (i >= 5) != errors.Is(err, gone) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	k := good.Snapshot()
	if len(k.Points) != 1 || k.Params["a"] != 1 || k.Texts["t"] != "x" || k.Images["i"] != "i.png" || k.Files["f"] != "f" || len(k.Tags) != 1 || k.Status != "failed" {
		t.Errorf("the good one was told %+v", k)
	}
}

// TestMultiPanics has a tracker that panics in every call: each call of the Multi returns
// that as an error, and the other gets everything.
func TestMultiPanics(t *testing.T) {
	var good track.Memory
	m := track.Multi{panics{}, nil, &good}
	for name, err := range map[string]error{
		"Params": m.Params(map[string]any{"a": 1}), "Text": m.Text("t", "x"), "Image": m.Image("i", 1, "i.png"), "File": m.File("f", "f"),
		"Tags": m.Tags("tag"), "Metrics": m.Metrics(1, now, map[string]float64{"test/loss": 1}), "Finish": m.Finish(t.Context(), "failed"),
	} {
		if err == nil || !strings.Contains(err.Error(), "panic: boom") || !strings.Contains(err.Error(), "nil pointer") {
			t.Errorf("%s: %v", name, err)
		}
	}
	k := good.Snapshot()
	if len(k.Points) != 1 || k.Params["a"] != 1 || k.Texts["t"] != "x" || k.Images["i"] != "i.png" || k.Files["f"] != "f" || len(k.Tags) != 1 || k.Status != "failed" {
		t.Errorf("the good one got %+v", k)
	}
}

// panics is a Tracker of which every call panics.
type panics struct{}

func (panics) Params(map[string]any) error                      { panic("boom") }
func (panics) Metrics(int, time.Time, map[string]float64) error { panic("boom") }
func (panics) Text(string, string) error                        { panic("boom") }
func (panics) Image(string, int, string) error                  { panic("boom") }
func (panics) File(string, string) error                        { panic("boom") }
func (panics) Tags(...string) error                             { panic("boom") }
func (panics) Finish(context.Context, string) error             { panic("boom") }
