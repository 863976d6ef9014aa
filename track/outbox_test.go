package track

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/internal/filelock"
	"github.com/euryale-ml/euryale/run"
)

// fakeSink keeps what it is sent, under a script of errors.
type fakeSink struct {
	mu      sync.Mutex
	opens   []RunInfo
	got     []Record
	calls   int
	script  func(call int, records []Record) (int, error) // nil: takes all
	opening func(call int) error
	closed  int
}

func (s *fakeSink) Open(_ context.Context, run RunInfo) (Remote, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opens = append(s.opens, run)
	if s.opening != nil {
		if err := s.opening(len(s.opens)); err != nil {
			return Remote{}, err
		}
	}
	return Remote{ID: "R-1", URL: "http://here/R-1", Has: map[string]string{"project": "p"}}, nil
}

func (s *fakeSink) Deliver(ctx context.Context, records []Record) (int, error) {
	s.mu.Lock()
	s.calls++
	call, script := s.calls, s.script
	s.mu.Unlock()
	n, err := len(records), error(nil)
	if script != nil {
		n, err = script(call, records)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, records[:n]...)
	return n, err
}

func (s *fakeSink) Close(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed++
	return nil
}

// steps are the steps of the metrics that were sent, in order.
func (s *fakeSink) steps() (list []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.got {
		if r.Kind == MetricsRecord {
			list = append(list, r.Step)
		}
	}
	return list
}

func openTest(t *testing.T, dir string, s Sink, change func(*OutboxOptions)) *Outbox {
	t.Helper()
	o := OutboxOptions{Dir: dir, Service: "fake", Name: "a run", Interval: time.Millisecond, MinRetry: time.Millisecond, MaxRetry: 4 * time.Millisecond}
	if change != nil {
		change(&o)
	}
	b, err := OpenOutbox(s, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func tell(b *Outbox, first, last int) {
	for i := first; i <= last; i++ {
		b.Metrics(i, time.Unix(int64(i), 0), map[string]float64{"train/loss": 1 / float64(i)})
	}
}

func upTo(n int) (list []int) {
	for i := 1; i <= n; i++ {
		list = append(list, i)
	}
	return list
}

// await waits until something holds, which it must some time.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited a minute until %s", what)
		}
	}
}

// openHolding is openTest with an outbox that holds the steps 1 to last from a session
// before: its first delivery is of all of them, however fast the test runs.
func openHolding(t *testing.T, last int, s Sink, change func(*OutboxOptions)) *Outbox {
	t.Helper()
	dir := t.TempDir()
	b := openTest(t, dir, &fakeSink{opening: func(int) error { return ErrStop }}, nil)
	tell(b, 1, last)
	b.Close()
	return openTest(t, dir, s, change)
}

func flush(t *testing.T, b *Outbox) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := b.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestOutboxSendsAll(t *testing.T) {
	dir := t.TempDir()
	picture := filepath.Join(dir, "figures", "a.png")
	os.MkdirAll(filepath.Dir(picture), 0o755)
	os.WriteFile(picture, []byte("png"), 0o644)
	var s fakeSink
	b := openTest(t, dir, &s, nil)
	b.Params(map[string]any{"optim.lr": 0.1, "name": "x", "list": []string{"a", "b"}, "bad": math.NaN()})
	b.Params(map[string]any{"optim.lr": 0.1, "name": "y"})
	b.Tags("one", "two")
	b.Tags("two")
	b.Text("config", "seed: 1")
	b.Text("config", "seed: 1")
	b.Metrics(1, time.Now(), map[string]float64{"train/loss": math.NaN(), "train/lr": 0.1})
	b.Metrics(1, time.Now(), map[string]float64{"train/lr": 0.2})
	b.Metrics(2, time.Now(), map[string]float64{"train/loss": math.Inf(1)})
	b.Image("figures/a", 1, picture)
	b.File("gone", filepath.Join(dir, "gone"))
	b.Finish(context.Background(), "finished")
	if s.closed != 1 || len(s.opens) != 1 || s.opens[0].Name != "a run" || len(s.opens[0].ID) != 32 {
		t.Errorf("opened with %+v, closed %d times", s.opens, s.closed)
	}
	kinds := ""
	for i, r := range s.got {
		kinds += r.Kind + " "
		if want := int64(i + 1); r.Seq != want && i < 6 {
			t.Errorf("record %d has Seq %d", i, r.Seq)
		}
	}
	if kinds != "params params tags text metrics image finish " {
		t.Errorf("sent %s", kinds)
	}
	if p := s.got[0].Params; p["optim.lr"] != 0.1 || p["list"] != "a,b" || p["bad"] != "NaN" {
		t.Errorf("params %v", p)
	}
	if len(s.got[1].Params) != 1 || s.got[1].Params["name"] != "y" || len(s.got[4].Values) != 1 || s.got[5].Path != picture {
		t.Errorf("%+v", s.got)
	}
	d := b.Delivery()
	if d.Sent != 7 || d.Refused != 1 || d.NonFinite != 2 || d.Left != 0 || d.URL != "http://here/R-1" || d.OK() {
		t.Errorf("%+v", d)
	}
	if !strings.Contains(d.String(), "7 sent, 1 refused, 2 values not finite") || !strings.Contains(d.String(), "gone") {
		t.Error(d)
	}
	b.Metrics(9, time.Now(), map[string]float64{"x": 1})
	if b.Delivery().Dropped != 1 {
		t.Error("a call after Finish was not counted")
	}
}

// TestOutboxErrors has a service that fails in every way and then works.
func TestOutboxErrors(t *testing.T) {
	var notes []string
	var mu sync.Mutex
	s := &fakeSink{
		opening: func(call int) error {
			if call == 1 {
				return errors.New("no route")
			}
			return nil
		},
		script: func(call int, records []Record) (int, error) {
			switch call {
			case 1:
				return 0, &Retry{After: 5 * time.Millisecond, Err: errors.New("429")}
			case 2:
				return 1, errors.New("cut off") // the first arrived
			case 3:
				return 2, &Refusal{Records: 1, Err: errors.New("400")}
			}
			return len(records), nil
		}}
	b := openHolding(t, 50, s, func(o *OutboxOptions) {
		o.Notify = func(m string) {
			mu.Lock()
			defer mu.Unlock()
			notes = append(notes, m)
		}
	})
	b.Finish(context.Background(), "finished")
	if got := s.steps(); !slices.Equal(got, upTo(50)) {
		t.Errorf("steps %v", got)
	}
	d := b.Delivery()
	if d.Sent != 50 || d.Refused != 1 || d.Left != 0 || len(s.opens) != 2 {
		t.Errorf("%+v, opened %d times", d, len(s.opens))
	}
	if len(notes) == 0 || !strings.Contains(notes[0], "no route") || !strings.Contains(notes[0], "training continues") {
		t.Errorf("told %q", notes)
	}
}

// TestOutboxStops has a service that refuses for good, hangs, or panics: the end of the
// run comes in time, and what is left is sent when the outbox is opened again.
func TestOutboxStops(t *testing.T) {
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) }) // after the parallel tests
	for name, script := range map[string]func(int, []Record) (int, error){
		"stop":   func(int, []Record) (int, error) { return 0, fmt.Errorf("%w: 402", ErrStop) },
		"panic":  func(int, []Record) (int, error) { panic("a bug") },
		"hang":   func(int, []Record) (int, error) { <-hang; return 0, errors.New("hung") },
		"down":   func(int, []Record) (int, error) { return 0, &Retry{Err: errors.New("refused")} },
		"asleep": func(int, []Record) (int, error) { return 0, &Retry{After: time.Hour, Err: errors.New("503")} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := &fakeSink{script: script}
			b := openTest(t, dir, s, func(o *OutboxOptions) { o.Patience = 50 * time.Millisecond })
			tell(b, 1, 20)
			await(t, "the service was called", func() bool { return b.Delivery().Err != nil })
			b.Finish(context.Background(), "interrupted")
			d := b.Delivery()
			if d.Sent != 0 || d.Left != 21 || d.OK() || d.Err == nil {
				t.Fatalf("%+v", d)
			}
			var works fakeSink
			again := openTest(t, dir, &works, nil)
			flush(t, again)
			if got := works.steps(); !slices.Equal(got, upTo(20)) || works.opens[0].Remote.ID != "R-1" {
				t.Errorf("later: steps %v, %+v", got, works.opens)
			}
			again.Close()
			var none fakeSink
			flush(t, openTest(t, dir, &none, nil))
			if len(none.got)+len(none.opens) > 0 {
				t.Errorf("a third time: %+v", none.got)
			}
		})
	}
}

// TestOutboxResumes kills a run after any byte of its outbox and resumes it.
func TestOutboxResumes(t *testing.T) {
	dir := t.TempDir()
	down := &fakeSink{script: func(int, []Record) (int, error) { return 0, errors.New("down") }}
	b := openTest(t, dir, down, nil)
	tell(b, 1, 4)
	b.Params(map[string]any{"a": 1})
	b.Close()
	path := filepath.Join(dir, run.OutboxDir, "fake", recordsFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut <= len(whole); cut += 7 {
		if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		os.WriteFile(filepath.Join(dir, run.OutboxDir, "fake", stateFile),
			[]byte(`{"format":1,"id":"0123456789abcdef0123456789abcdef","created":"2026-01-02T03:04:05Z","remote":{},"done":0}`), 0o644)
		var s fakeSink
		b := openTest(t, dir, &s, nil)
		lines := []run.Line{
			run.Point{Step: 1, Loss: 1}.Line(time.Time{}), run.Point{Step: 2, Loss: 1}.Line(time.Time{}),
			run.Point{Step: 3, Loss: 1}.Line(time.Time{}),
		}
		if err := b.Replay(lines); err != nil {
			t.Fatal(err)
		}
		tell(b, 3, 6)
		flush(t, b)
		b.Close()
		seen := map[int]int{}
		for _, r := range s.got {
			if _, ok := r.Values["train/loss"]; ok {
				seen[r.Step]++
			}
		}
		for step := 1; step <= 6; step++ {
			if seen[step] != 1 {
				t.Fatalf("cut at %d: step %d was sent %d times", cut, step, seen[step])
			}
		}
	}
}

// TestOutboxAcknowledged keeps a second session from sending what the first one did.
func TestOutboxAcknowledged(t *testing.T) {
	dir := t.TempDir()
	var first, second fakeSink
	b := openTest(t, dir, &first, nil)
	tell(b, 1, 5)
	flush(t, b)
	b.Close()
	b = openTest(t, dir, &second, nil)
	tell(b, 1, 8)
	b.Finish(context.Background(), "finished")
	if !slices.Equal(first.steps(), upTo(5)) || !slices.Equal(second.steps(), []int{6, 7, 8}) {
		t.Errorf("%v, then %v", first.steps(), second.steps())
	}
	if first.opens[0].ID != second.opens[0].ID || second.opens[0].Remote.Has["project"] != "p" {
		t.Errorf("%+v, then %+v", first.opens, second.opens)
	}
}

// TestOutboxFullDisk breaks the file under the outbox.
func TestOutboxFullDisk(t *testing.T) {
	hold := make(chan struct{})
	s := &fakeSink{script: func(call int, r []Record) (int, error) {
		<-hold
		return len(r), nil
	}}
	b := openTest(t, t.TempDir(), s, func(o *OutboxOptions) { o.Queue = 10 })
	tell(b, 1, 3)
	for b.Delivery().Left > 0 && len(pendingOf(b)) > 0 {
		time.Sleep(time.Millisecond) // until the file has them
	}
	b.disk.Lock()
	b.journal.file.Close() // from here on every write fails
	b.disk.Unlock()
	tell(b, 4, 40)
	close(hold)
	flush(t, b)
	d := b.Delivery()
	if d.Sent+d.Dropped != 40 || d.Dropped == 0 || d.Sent < 13 || d.Left != 0 || d.Err == nil {
		t.Errorf("%+v", d)
	}
	got := s.steps()
	if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Errorf("steps %v", got)
	}
}

func pendingOf(b *Outbox) []Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pending
}

func TestOutboxErrorsAtOpening(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenOutbox(&fakeSink{}, OutboxOptions{Dir: dir, Service: "a/b"}); !errors.Is(err, ErrOutbox) {
		t.Errorf("a bad name: %v", err)
	}
	openTest(t, dir, &fakeSink{}, nil)
	if _, err := OpenOutbox(&fakeSink{}, OutboxOptions{Dir: dir, Service: "fake"}); !errors.Is(err, filelock.ErrLocked) || !errors.Is(err, ErrOutbox) {
		t.Errorf("twice: %v", err)
	}
	file := filepath.Join(dir, "file")
	os.WriteFile(file, nil, 0o644)
	if _, err := OpenOutbox(&fakeSink{}, OutboxOptions{Dir: file, Service: "fake"}); !errors.Is(err, ErrOutbox) {
		t.Errorf("in a file: %v", err)
	}
	for _, text := range []string{"", "{", "[]", `{"format":99,"id":"x"}`, `{"format":1,"id":"x","done":-1}`} {
		dir := t.TempDir()
		os.MkdirAll(filepath.Join(dir, run.OutboxDir, "fake"), 0o755)
		os.WriteFile(filepath.Join(dir, run.OutboxDir, "fake", stateFile), []byte(text), 0o644)
		if _, err := OpenOutbox(&fakeSink{}, OutboxOptions{Dir: dir, Service: "fake"}); !errors.Is(err, ErrOutbox) {
			t.Errorf("state %q: %v", text, err)
		}
	}
}

// FuzzOutbox opens any records and any state.
func FuzzOutbox(f *testing.F) {
	f.Add([]byte("{\"seq\":1,\"kind\":\"metrics\",\"step\":1,\"values\":{\"a\":1}}\n{\"seq\":2,\"ki"), []byte(`{"format":1,"id":"x"}`))
	f.Add([]byte("\n\n[]\n{\"seq\":-1}\n"), []byte(`{"format":1,"id":"x","done":9223372036854775807}`))
	f.Fuzz(func(t *testing.T, records, state []byte) {
		dir := t.TempDir()
		folder := filepath.Join(dir, run.OutboxDir, "fake")
		os.MkdirAll(folder, 0o755)
		os.WriteFile(filepath.Join(folder, recordsFile), records, 0o644)
		os.WriteFile(filepath.Join(folder, stateFile), state, 0o644)
		var s fakeSink
		b, err := OpenOutbox(&s, OutboxOptions{Dir: dir, Service: "fake"})
		if err != nil {
			return
		}
		flush(t, b)
		b.Close()
		last := int64(0)
		for _, r := range s.got {
			if r.Seq <= last {
				t.Errorf("Seq %d after %d", r.Seq, last)
			}
			last = r.Seq
		}
	})
}

// TestOutboxDamagedLine damages each line of an outbox in turn, of which two records were
// sent: with the run's log of metrics each other step is sent once, in order. Without one,
// the good records are.
func TestOutboxDamagedLine(t *testing.T) {
	for bad := range 6 {
		for _, logged := range []bool{false, true} {
			dir := t.TempDir()
			stops := &fakeSink{script: func(int, []Record) (int, error) { return 2, ErrStop }}
			b := openTest(t, dir, &fakeSink{opening: func(int) error { return ErrStop }}, nil)
			tell(b, 1, 6)
			b.Close()
			b = openTest(t, dir, stops, nil)
			flush(t, b)
			b.Close()
			path := filepath.Join(dir, run.OutboxDir, "fake", recordsFile)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.SplitAfter(string(data), "\n")
			lines[bad] = strings.Repeat("\x00", len(lines[bad])-1) + "\n"
			if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o644); err != nil {
				t.Fatal(err)
			}
			var noted atomic.Int32
			if logged {
				os.WriteFile(filepath.Join(dir, run.LinesFile), nil, 0o644)
			}
			var s fakeSink
			b = openTest(t, dir, &s, func(o *OutboxOptions) { o.Notify = func(string) { noted.Add(1) } })
			var all []run.Line
			for step := 1; step <= 6; step++ {
				all = append(all, run.Point{Step: step, Loss: 1, Accuracy: math.NaN(), BalancedAccuracy: math.NaN(), LR: math.NaN()}.Line(time.Time{}))
			}
			if err := b.Replay(all); err != nil {
				t.Fatal(err)
			}
			flush(t, b)
			b.Close()
			want := []int{3, 4, 5, 6}
			if !logged && bad >= 2 && bad < 5 {
				want = slices.DeleteFunc(want, func(step int) bool { return step == bad+1 })
			}
			if got := s.steps(); !slices.Equal(got, want) || (noted.Load() > 0) != (logged && bad >= 2) {
				t.Errorf("line %d, with a log: %v: steps %v, want %v; %d notices", bad+1, logged, got, want, noted.Load())
			}
		}
	}
}
