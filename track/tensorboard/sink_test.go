package tensorboard_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/track"
	"github.com/euryale-ml/euryale/track/tensorboard"
	"github.com/euryale-ml/euryale/viz"
)

// at is the time of the records.
var at = time.Unix(1700000000, 500e6)

func metrics(step int, values map[string]float64) track.Record {
	return track.Record{Kind: track.MetricsRecord, Step: step, Time: at, Values: values}
}

// deliver writes records in a session of their own.
func deliver(t *testing.T, dir string, records ...track.Record) {
	t.Helper()
	var s tensorboard.Sink
	if _, err := s.Open(context.Background(), track.RunInfo{Dir: dir, Name: "a run", ID: "0123", Created: at}); err != nil {
		t.Fatal(err)
	}
	n, err := s.Deliver(context.Background(), records)
	if err != nil || n != len(records) {
		t.Fatalf("%d delivered, %v", n, err)
	}
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// read reads all values of a run.
func read(t *testing.T, dir string) (all []tensorboard.Value) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, run.EventsDir, "events.out.tfevents.*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("event files %v, %v", files, err)
	}
	for _, f := range files {
		values, err := tensorboard.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, values...)
	}
	return all
}

func TestSink(t *testing.T) {
	dir := t.TempDir()
	picture := filepath.Join(dir, "a.png")
	if err := viz.WritePNG(picture, image.NewRGBA(image.Rect(0, 0, 5, 3))); err != nil {
		t.Fatal(err)
	}
	deliver(t, dir,
		track.Record{Kind: track.ParamsRecord, Time: at, Params: map[string]any{"optim.lr": 0.1, "model.name": "vgg16", "data.shuffle": false, "odd": math.Inf(1)}},
		track.Record{Kind: track.TagsRecord, Time: at, Tags: []string{"a", "b"}},
		track.Record{Kind: track.TextRecord, Time: at, Name: "config", Text: "seed: 42\nname: x"},
		metrics(1, map[string]float64{"train/loss": 2.5, "train/lr": 0.1}),
		track.Record{Kind: track.ImageRecord, Time: at, Step: 1, Name: "figures/a", Path: picture},
		metrics(2, map[string]float64{"train/loss": 2.25}),
		track.Record{Kind: track.FileRecord, Time: at, Name: "weights", Path: picture},
		track.Record{Kind: track.FinishRecord, Time: at, Status: "interrupted"})
	deliver(t, dir, // sent again in part, as after a kill, and on
		metrics(2, map[string]float64{"train/loss": 2.25, "test/loss": 2}),
		track.Record{Kind: track.ImageRecord, Time: at, Step: 1, Name: "figures/a", Path: picture},
		track.Record{Kind: track.ParamsRecord, Time: at, Params: map[string]any{"optim.lr": 0.2}},
		metrics(3, map[string]float64{"train/loss": 2}),
		track.Record{Kind: track.FinishRecord, Time: at, Status: "finished"})
	var got []string
	for _, v := range read(t, dir) {
		if v.Time != 1700000000.5 {
			t.Errorf("%s at %v", v.Tag, v.Time)
		}
		switch v.Plugin {
		case "scalars":
			got = append(got, fmt.Sprintf("%s %d %g", v.Tag, v.Step, v.Scalar))
		case "images":
			got = append(got, fmt.Sprintf("%s %d %v", v.Tag, v.Step, strings.HasPrefix(string(v.PNG), "\x89PNG")))
		case "text":
			got = append(got, fmt.Sprintf("%s %q", v.Tag, v.Text))
		default:
			got = append(got, v.Plugin+" "+v.Tag)
		}
	}
	want := []string{
		"hparams _hparams_/experiment", "hparams _hparams_/session_start_info", `tags/text_summary "a, b"`,
		`config/text_summary "    seed: 42\n    name: x"`, "train/loss 1 2.5", "train/lr 1 0.1", "figures/a 1 true", "train/loss 2 2.25",
		"test/loss 2 2", "train/loss 3 2", "hparams _hparams_/session_end_info",
	}
	for i := range want {
		want[i] = strings.Replace(want[i], "lr 1 0.1", fmt.Sprintf("lr 1 %g", float64(float32(0.1))), 1)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the files hold\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestOrder has sessions within a second, in a folder whose name is a pattern: TensorBoard
// reads their files by name, and each value is written once.
func TestOrder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lr [0.1]")
	for step := 1; step <= 12; step++ {
		deliver(t, dir, metrics(step-1, map[string]float64{"a": 1}), metrics(step, map[string]float64{"a": 1}))
	}
	entries, err := os.ReadDir(filepath.Join(dir, run.EventsDir)) // in the order of names
	if err != nil || len(entries) != 12 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	step := int64(0)
	for _, e := range entries {
		values, err := tensorboard.ReadFile(filepath.Join(dir, run.EventsDir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			if v.Step != step {
				t.Errorf("%s: step %d, want %d", e.Name(), v.Step, step)
			}
			step++
		}
	}
	if step != 13 {
		t.Errorf("%d steps", step)
	}
}

// TestTornAndDamaged cuts a file at every byte and changes every byte.
func TestTornAndDamaged(t *testing.T) {
	dir := t.TempDir()
	deliver(t, dir, metrics(1, map[string]float64{"a": 1}), metrics(2, map[string]float64{"a": 2}))
	files, _ := filepath.Glob(filepath.Join(dir, run.EventsDir, "*"))
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other")
	for i := range whole {
		os.WriteFile(other, whole[:i], 0o644)
		if values, err := tensorboard.ReadFile(other); err != nil || len(values) > 1 {
			t.Errorf("cut at %d: %v, %v", i, values, err)
		}
		changed := append([]byte(nil), whole...)
		changed[i] ^= 0x10
		os.WriteFile(other, changed, 0o644)
		if _, err := tensorboard.ReadFile(other); !errors.Is(err, tensorboard.ErrFile) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	os.WriteFile(files[0], whole[:len(whole)-3], 0o644) // the last record is torn: it is written again
	deliver(t, dir, metrics(1, map[string]float64{"a": 1}), metrics(2, map[string]float64{"a": 2}))
	if values := read(t, dir); len(values) != 2 || values[1].Scalar != 2 {
		t.Errorf("after a torn record: %+v", values)
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	os.WriteFile(text, []byte("no picture"), 0o644)
	var s tensorboard.Sink
	if _, err := s.Open(context.Background(), track.RunInfo{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	for _, path := range []string{text, filepath.Join(dir, "none"), dir} {
		n, err := s.Deliver(context.Background(), []track.Record{metrics(1, nil), {Kind: track.ImageRecord, Name: "a", Path: path}, metrics(2, nil)})
		var refusal *track.Refusal
		if n != 2 || !errors.As(err, &refusal) || refusal.Records != 1 || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %d, %v", path, n, err)
		}
	}
	if _, err := new(tensorboard.Sink).Open(context.Background(), track.RunInfo{Dir: text}); err == nil {
		t.Error("opened in a file")
	}
}

func record(data []byte) []byte {
	sum := func(d []byte) []byte {
		c := crc32.Checksum(d, crc32.MakeTable(crc32.Castagnoli))
		return binary.LittleEndian.AppendUint32(nil, (c>>15|c<<17)+0xa282ead8)
	}
	head := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	return append(append(append(head, sum(head)...), data...), sum(data)...)
}

func FuzzReadFile(f *testing.F) {
	f.Add([]byte("\x09\x00\x00\x00\x00\x00\xf8\x41\x40"), true)
	f.Add([]byte("\x2a\x0b\x0a\x09\x0a\x01a\x12\x00\x2a\x02\x0a\x00"), true)
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x00\x00\x00"), false)
	path := filepath.Join(f.TempDir(), "events")
	f.Fuzz(func(t *testing.T, data []byte, whole bool) {
		if whole {
			data = record(data)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		size := 0
		values, _ := tensorboard.ReadFile(path)
		for _, v := range values {
			size += len(v.Tag) + len(v.PNG) + len(v.Text) + len(v.Config)
		}
		if size > len(data) {
			t.Errorf("%d bytes of values in a file of %d", size, len(data))
		}
	})
}
