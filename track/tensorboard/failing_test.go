package tensorboard

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/track"
	"github.com/euryale-ml/euryale/viz"
)

var then = time.Unix(1700000000, 0)

// start opens a Sink in a run's folder.
func start(t *testing.T, dir string) *Sink {
	t.Helper()
	s := &Sink{}
	if _, err := s.Open(context.Background(), track.RunInfo{Dir: dir, ID: "x", Name: "n", Created: then}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

// all are a record of every kind that is written.
func all(t *testing.T, dir string) []track.Record {
	t.Helper()
	picture := filepath.Join(dir, "a.png")
	if err := viz.WritePNG(picture, image.NewRGBA(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return []track.Record{
		{Seq: 1, Kind: track.ParamsRecord, Time: then, Params: map[string]any{"optim.lr": 0.1}},
		{Seq: 2, Kind: track.TextRecord, Time: then, Name: "note", Text: "x"},
		{Seq: 3, Kind: track.TagsRecord, Time: then, Tags: []string{"a", "b"}},
		{Seq: 4, Kind: track.TextRecord, Time: then.Add(time.Second), Name: "note", Text: "y"},
		{Seq: 5, Kind: track.MetricsRecord, Time: then, Step: 1, Values: map[string]float64{"train/loss": 1, "train/lr": 2}},
		{Seq: 6, Kind: track.ImageRecord, Time: then, Step: 1, Name: "a", Path: picture},
		{Seq: 7, Kind: track.MetricsRecord, Time: then, Step: 2, Values: map[string]float64{"train/loss": 1}},
		{Seq: 8, Kind: track.FinishRecord, Time: then, Status: "finished"},
	}
}

// wantAll are the tags that those records have in the files.
var wantAll = []string{
	experimentTag, sessionStartTag, "note/text_summary", "tags/text_summary", "note/text_summary", "train/loss 1", "train/lr 1", "a 1", "train/loss 2", sessionEndTag,
}

// held are the tags of a run's files, in the order of their names, with their steps.
func held(t *testing.T, dir string) (list []string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, run.EventsDir, "*"))
	for _, f := range files {
		values, err := ReadFile(f)
		if err != nil {
			t.Error(err)
		}
		for _, v := range values {
			text := v.Tag
			if v.Step > 0 {
				text += fmt.Sprint(" ", v.Step)
			}
			list = append(list, text)
		}
	}
	return list
}

func reading(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestFailedWrite fails to write each record: it is written when it comes again, and
// nothing is written twice.
func TestFailedWrite(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	good := s.file
	for records := all(t, dir); len(records) > 0; records = records[1:] {
		s.file = reading(t, s.path) // as on a full disk
		if n, err := s.Deliver(context.Background(), records); n != 0 || err == nil {
			t.Fatalf("%s: %d done, %v", records[0].Kind, n, err)
		}
		s.file = good
		if n, err := s.Deliver(context.Background(), records[:1]); n != 1 || err != nil {
			t.Fatalf("%s: %d done, %v", records[0].Kind, n, err)
		}
	}
	if got := held(t, dir); !slices.Equal(got, wantAll) {
		t.Errorf("%q\nwant %q", got, wantAll)
	}
}

// TestShortWrite leaves a part of a record in the file, which cannot be cut off: in the
// same file once it can, else behind it in another.
func TestShortWrite(t *testing.T) {
	for _, forGood := range []bool{false, true} {
		dir := t.TempDir()
		s := start(t, dir)
		good, records := s.file, all(t, dir)
		if n, err := s.Deliver(context.Background(), records[:5]); n != 5 || err != nil {
			t.Fatal(n, err)
		}
		s.file = reading(t, s.path)
		if n, err := s.Deliver(context.Background(), records[5:]); n != 0 || err == nil {
			t.Fatal(n, err)
		}
		if _, err := good.WriteAt([]byte{9, 0, 0, 0, 0, 0, 0, 0, 1}, s.end.At); err != nil {
			t.Fatal(err)
		}
		if !forGood {
			s.file = good
		}
		if n, err := s.Deliver(context.Background(), records[5:]); n != 3 || err != nil {
			t.Fatal(n, err)
		}
		if got := held(t, dir); !slices.Equal(got, wantAll) {
			t.Errorf("for good: %v: %q\nwant %q", forGood, got, wantAll)
		}
	}
}

// TestSentAgain has a process that ended between a delivery and the note of it, and one
// that was killed within a record: the next session gets the same records.
func TestSentAgain(t *testing.T) {
	for _, cut := range []int64{0, 1, 20, 200} {
		dir := t.TempDir()
		s, records := start(t, dir), all(t, dir)
		if n, err := s.Deliver(context.Background(), records); n != len(records) || err != nil {
			t.Fatal(n, err)
		}
		if n, err := s.Deliver(context.Background(), records); n != len(records) || err != nil { // as after a sync that failed
			t.Fatal(n, err)
		}
		s.Close(context.Background())
		if err := os.Truncate(s.path, s.end.At-cut); err != nil {
			t.Fatal(err)
		}
		again := start(t, dir)
		if n, err := again.Deliver(context.Background(), records); n != len(records) || err != nil {
			t.Fatal(n, err)
		}
		if got := held(t, dir); !slices.Equal(got, wantAll) {
			t.Errorf("%d bytes cut off: %q\nwant %q", cut, got, wantAll)
		}
	}
}

// TestRemoved takes the file away, or its folder, or the run's.
func TestRemoved(t *testing.T) {
	for name, what := range map[string]func(s *Sink) string{
		"file": func(s *Sink) string { return s.path }, "folder": func(s *Sink) string { return filepath.Dir(s.path) },
	} {
		dir := t.TempDir()
		s, records := start(t, dir), all(t, dir)
		if n, err := s.Deliver(context.Background(), records[:5]); n != 5 || err != nil {
			t.Fatal(n, err)
		}
		if err := os.RemoveAll(what(s)); err != nil {
			t.Skip(err) // a system that keeps open files
		}
		if n, err := s.Deliver(context.Background(), records[5:]); n != 3 || err != nil {
			t.Fatalf("%s: %d, %v", name, n, err)
		}
		if got, want := held(t, dir), append([]string{experimentTag, sessionStartTag}, wantAll[7:]...); !slices.Equal(got, want) {
			t.Errorf("%s: %q\nwant %q", name, got, want)
		}
	}
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s, records := start(t, dir), all(t, dir)
	moved := dir + "-moved"
	if err := os.Rename(dir, moved); err != nil {
		t.Skip(err)
	}
	if n, err := s.Deliver(context.Background(), records); n != 0 || err == nil {
		t.Errorf("the run is gone: %d, %v", n, err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of a run that was moved is made again: %v", err)
	}
}

// TestOpenFails tries to begin where no file can be made: no try leaves anything.
func TestOpenFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, run.EventsDir), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := &Sink{}
	for range 3 {
		if _, err := s.Open(context.Background(), track.RunInfo{Dir: dir}); err == nil {
			t.Error("opened")
		}
	}
	if n, err := s.Deliver(context.Background(), []track.Record{{Seq: 1, Kind: track.TagsRecord, Tags: []string{"a"}}}); n != 0 || err == nil {
		t.Errorf("%d, %v", n, err)
	}
}
