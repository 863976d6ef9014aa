package tensorboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/euryale-ml/euryale/internal/wire"
	"github.com/euryale-ml/euryale/track"
)

// Dir is the folder of the event files in a run's folder.
const Dir = "tensorboard"

// Sink writes a run as event files. The zero value is ready.
type Sink struct {
	file    *os.File
	run     track.RunInfo
	last    map[string]int64 // the last step of each tag
	params  map[string]any
	session bool // the start of the session is written
}

var _ track.Sink = (*Sink)(nil)

// Open begins a new file: earlier ones of the run stay, and what they hold is not written
// again.
func (s *Sink) Open(_ context.Context, run track.RunInfo) (track.Remote, error) {
	s.run, s.last, s.params, s.session = run, map[string]int64{}, map[string]any{}, false
	dir := filepath.Join(run.Dir, Dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return track.Remote{}, fmt.Errorf("tensorboard: %w", err)
	}
	newest, err := s.recall(dir)
	if err != nil {
		return track.Remote{}, err
	}
	if s.file, err = create(dir, max(time.Now().Unix(), newest+1)); err != nil {
		return track.Remote{}, fmt.Errorf("tensorboard: %w", err)
	}
	first := wire.Message(nil).Double(eventTime, seconds(time.Now())).Text(eventVersion, "brain.Event:2")
	return track.Remote{ID: run.ID}, s.write(appendEvent(nil, first))
}

// prefix begins the name of every event file; then follow seconds since 1970, in whose
// order TensorBoard reads a run's files.
const prefix = "events.out.tfevents."

// create makes an event file of a time.
func create(dir string, began int64) (f *os.File, err error) {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "euryale"
	}
	for n := range 10000 {
		name := fmt.Sprintf("%s%010d.%s.%d.%d", prefix, began, clean(host), os.Getpid(), n)
		f, err = os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o644)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return f, err
}

// recall notes what the run's earlier files hold, and finds the time of the newest.
func (s *Sink) recall(dir string) (newest int64, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("tensorboard: %w", err)
	}
	for _, e := range entries {
		rest, found := strings.CutPrefix(e.Name(), prefix)
		if !found || !e.Type().IsRegular() {
			continue
		}
		values, err := ReadFile(filepath.Join(dir, e.Name()))
		if err != nil && !errors.Is(err, ErrFile) {
			return 0, fmt.Errorf("tensorboard: %w", err)
		}
		for _, v := range values {
			s.later(v.Tag, v.Step)
		}
		digits, _, _ := strings.Cut(rest, ".")
		if began, err := strconv.ParseInt(digits, 10, 64); err == nil {
			newest = max(newest, began)
		}
	}
	_, s.session = s.last[sessionStartTag] // TensorBoard takes the first
	return newest, nil
}

// later notes a tag's step, unless it has had one as late.
func (s *Sink) later(tag string, step int64) bool {
	if last, ok := s.last[tag]; ok && step <= last {
		return false
	}
	s.last[tag] = step
	return true
}

// clean leaves in a host's name what a file's name may hold.
func clean(host string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, host)
}

func seconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }

// write puts whole records into the file, or none.
func (s *Sink) write(data []byte) error {
	info, err := s.file.Stat()
	if err == nil {
		if _, err = s.file.Write(data); err != nil {
			s.file.Truncate(info.Size())
		}
	}
	if err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	return nil
}

// Deliver appends records to the file.
func (s *Sink) Deliver(_ context.Context, records []track.Record) (int, error) {
	for i, r := range records {
		data, err := s.record(r)
		if err != nil {
			return i + 1, &track.Refusal{Records: 1, Err: err}
		}
		if err := s.write(data); err != nil {
			return i, err
		}
	}
	return len(records), nil
}

// Close ends the file.
func (s *Sink) Close(context.Context) error {
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	return errors.Join(f.Sync(), f.Close())
}

// record encodes a record.
func (s *Sink) record(r track.Record) (data []byte, err error) {
	switch r.Kind {
	case track.MetricsRecord:
		for _, name := range sorted(r.Values) {
			if s.later(name, int64(r.Step)) {
				v := wire.Message(nil).Text(valueTag, name).Float(valueSimple, float32(r.Values[name])).Bytes(valueMetadata, metadata("scalars", nil, 1))
				data = appendEvent(data, event(r.Time, r.Step, v))
			}
		}
	case track.TextRecord:
		if r.Name == "config" { // as it stands, not as Markdown
			r.Text = "    " + strings.ReplaceAll(strings.TrimRight(r.Text, "\n"), "\n", "\n    ")
		}
		data = appendEvent(nil, event(r.Time, r.Step, textValue(r.Name, r.Text)))
	case track.TagsRecord:
		data = appendEvent(nil, event(r.Time, 0, textValue("tags", strings.Join(r.Tags, ", "))))
	case track.ImageRecord:
		v, err := imageValue(r.Name, r.Path)
		if err != nil || !s.later(r.Name, int64(r.Step)) {
			return nil, err
		}
		data = appendEvent(nil, event(r.Time, r.Step, v))
	case track.ParamsRecord:
		for name, v := range r.Params {
			s.params[name] = v
		}
		if !s.session {
			s.session = true
			data = s.startSession(r.Time)
		}
	case track.FinishRecord:
		if r.Status != "interrupted" { // TensorBoard takes the first: a run that goes on has its end to come
			data = endSession(r.Time, r.Status)
		}
	}
	return data, nil // files are in the run's folder already
}

// event is a Summary of one value.
func event(at time.Time, step int, value wire.Message) wire.Message {
	return wire.Message(nil).Double(eventTime, seconds(at)).Int(eventStep, int64(step)).
		Bytes(eventSummary, wire.Message(nil).Bytes(1, value))
}

// metadata is a SummaryMetadata. class: 0 unknown, 1 scalars, 2 tensors.
func metadata(plugin string, content []byte, class int) wire.Message {
	p := wire.Message(nil).Text(1, plugin)
	if content != nil {
		p = p.Bytes(2, content)
	}
	return wire.Message(nil).Bytes(1, p).Int(4, int64(class))
}

// Types of a TensorProto.
const stringTensor = 7

func textValue(name, text string) wire.Message {
	tensor := wire.Message(nil).Int(1, stringTensor).
		Bytes(2, wire.Message(nil).Bytes(2, wire.Message(nil).Int(1, 1))). // the shape [1]
		Text(8, strings.ToValidUTF8(text, "?"))
	return wire.Message(nil).Text(valueTag, name+"/text_summary").Bytes(valueTensor, tensor).Bytes(valueMetadata, metadata("text", []byte{}, 2))
}

// maxImage is the largest picture file that is copied into the event file.
const maxImage = 64 << 20

func imageValue(name, path string) (wire.Message, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	if info.Size() > maxImage {
		return nil, fmt.Errorf("tensorboard: %s has %d bytes, at most %d can be shown", path, info.Size(), maxImage)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	c, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("tensorboard: %s is no PNG: %w", path, err)
	}
	const rgb = 3
	img := wire.Message(nil).Int(1, int64(c.Height)).Int(2, int64(c.Width)).Int(3, rgb).Bytes(4, data)
	return wire.Message(nil).Text(valueTag, name).Bytes(valueImage, img).Bytes(valueMetadata, metadata("images", nil, 0)), nil
}

// finite reports whether a number can be shown.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
