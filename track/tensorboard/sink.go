package tensorboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/euryale-ml/euryale/internal/appendfile"
	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/internal/smallfile"
	"github.com/euryale-ml/euryale/internal/wire"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/track"
)

// Sink writes a run as event files. The zero value is ready.
type Sink struct {
	file *os.File
	path string         // of file
	end  appendfile.End // end of its complete records
	run  track.RunInfo

	written written
	params  map[string]any
}

// written is an index of the contents of the run's files, so that nothing is written twice.
type written struct {
	steps   map[string]int64 // the last step of each tag
	texts   map[text]bool
	session bool    // the start of the session
	ended   float64 // the time of the last end of the session; 0: none
}

// text is a text with its time; a tag may have several.
type text struct {
	tag, text string
	time      float64
}

var _ track.Sink = (*Sink)(nil)

// Open begins a new file. Earlier files of the run are kept, and their contents are not
// written again.
func (s *Sink) Open(_ context.Context, run track.RunInfo) (track.Remote, error) {
	s.close()
	s.run, s.params = run, map[string]any{}
	if err := s.begin(); err != nil {
		return track.Remote{}, fmt.Errorf("tensorboard: %w", err)
	}
	return track.Remote{ID: run.ID}, nil
}

// begin creates a new file, in order after the existing ones.
func (s *Sink) begin() error {
	dir := run.Folder(s.run.Dir).Path(run.EventsDir)
	if err := atomicfile.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	newest, err := s.recall(dir)
	if err != nil {
		return err
	}
	f, err := create(dir, max(time.Now().Unix(), newest+1))
	if err != nil {
		return err
	}
	s.file, s.path, s.end = f, f.Name(), appendfile.End{}
	data := appendEvent(nil, wire.Message(nil).Double(eventTime, seconds(time.Now())).Text(eventVersion, "brain.Event:2"))
	if len(s.params) > 0 && !s.written.session { // the file with it was removed
		data = append(data, s.startSession(s.run.Created)...)
	}
	err = s.end.Append(f, data)
	if err == nil {
		err = errors.Join(f.Sync(), atomicfile.SyncDir(dir))
	}
	if err != nil {
		s.close()
		os.Remove(f.Name()) // else each further attempt would leave one
		return err
	}
	s.written.session = s.written.session || len(s.params) > 0
	return nil
}

// prefix begins the name of every event file; seconds since 1970 follow, and TensorBoard
// reads a run's files in their order.
const prefix = "events.out.tfevents."

// create creates an event file named after a time.
func create(dir string, began int64) (f *os.File, err error) {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "euryale"
	}
	for n := range 10000 {
		name := fmt.Sprintf("%s%010d.%s.%d.%d", prefix, began, clean(host), os.Getpid(), n)
		f, err = os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return f, err
}

// recall indexes the contents of the run's earlier files, and returns the time of the newest.
func (s *Sink) recall(dir string) (newest int64, err error) {
	s.written = written{steps: map[string]int64{}, texts: map[text]bool{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		rest, found := strings.CutPrefix(e.Name(), prefix)
		if !found || !e.Type().IsRegular() {
			continue
		}
		values, err := ReadFile(filepath.Join(dir, e.Name()))
		if err != nil && !errors.Is(err, ErrFile) {
			return 0, err
		}
		for _, v := range values {
			s.written.note(v)
		}
		digits, _, _ := strings.Cut(rest, ".")
		if began, err := strconv.ParseInt(digits, 10, 64); err == nil {
			newest = max(newest, began)
		}
	}
	return newest, nil
}

// note records that a file has a value.
func (w *written) note(v Value) {
	switch {
	case v.Tag == sessionStartTag: // TensorBoard uses the first one
		w.session = true
	case v.Tag == sessionEndTag:
		w.ended = v.Time
	case v.Plugin == "text":
		w.texts[text{v.Tag, v.Text, v.Time}] = true
	case w.later(v.Tag, v.Step):
		w.steps[v.Tag] = v.Step
	}
}

// later reports whether a step is greater than those of a tag.
func (w *written) later(tag string, step int64) bool {
	last, ok := w.steps[tag]
	return !ok || step > last
}

// clean replaces characters of a host's name that may not be allowed in a file's name by "_".
func clean(host string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, host)
}

func seconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }

// Deliver appends records to the file and syncs it. A record whose write failed is not done:
// when the same records are delivered again, only those not in the file are written.
func (s *Sink) Deliver(_ context.Context, records []track.Record) (int, error) {
	done, err := s.append(records)
	if done > 0 && s.file != nil {
		if serr := s.file.Sync(); serr != nil {
			return 0, fmt.Errorf("tensorboard: %w", errors.Join(serr, err))
		}
	}
	return done, err
}

// append writes records, and returns how many of them need no further call.
func (s *Sink) append(records []track.Record) (done int, err error) {
	for i, r := range records {
		if err := s.ready(); err != nil {
			return i, fmt.Errorf("tensorboard: %w", err)
		}
		events, err := s.record(r)
		if err != nil {
			return i + 1, &track.Refusal{Records: 1, Err: err}
		}
		if err := s.write(events); err != nil {
			return i, fmt.Errorf("tensorboard: %w", err)
		}
	}
	return len(records), nil
}

// ready creates a new file if the current one was removed, or ends in an incomplete record
// that cannot be cut off, after which no record would be read.
func (s *Sink) ready() error {
	if s.file != nil && s.end.Torn() && s.file.Truncate(s.end.At) != nil {
		s.close()
	}
	if s.file != nil {
		if _, err := os.Lstat(s.path); errors.Is(err, fs.ErrNotExist) {
			s.close()
		}
	}
	if s.file != nil {
		return nil
	}
	if _, err := os.Stat(s.run.Dir); err != nil {
		return err // the run's folder was removed, and must not be created again
	}
	return s.begin()
}

// Close ends the file.
func (s *Sink) Close(context.Context) error {
	if s.file == nil {
		return nil
	}
	return errors.Join(s.file.Sync(), s.close())
}

func (s *Sink) close() error {
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	return f.Close()
}

// events are encoded events, and the changes to written once they are in the file.
type events struct {
	data  []byte
	notes []func()
}

func (e *events) add(event wire.Message, note func()) {
	e.data, e.notes = appendEvent(e.data, event), append(e.notes, note)
}

// write puts all events into the file, or none.
func (s *Sink) write(e events) error {
	if err := s.end.Append(s.file, e.data); err != nil {
		return err
	}
	for _, note := range e.notes {
		note()
	}
	return nil
}

// record encodes the part of a record that is not in the files.
func (s *Sink) record(r track.Record) (e events, err error) {
	w := &s.written
	switch r.Kind {
	case track.MetricsRecord:
		for _, name := range sorted(r.Values) {
			if w.later(name, int64(r.Step)) {
				v := wire.Message(nil).Text(valueTag, name).Float(valueSimple, float32(r.Values[name])).Bytes(valueMetadata, metadata("scalars", nil, 1))
				e.add(event(r.Time, r.Step, v), func() { w.steps[name] = int64(r.Step) })
			}
		}
	case track.TextRecord:
		if r.Name == "config" { // unchanged, not as Markdown
			r.Text = "    " + strings.ReplaceAll(strings.TrimRight(r.Text, "\n"), "\n", "\n    ")
		}
		s.addText(&e, r, r.Name, r.Text)
	case track.TagsRecord:
		s.addText(&e, r, "tags", strings.Join(r.Tags, ", "))
	case track.ImageRecord:
		v, err := imageValue(r.Name, r.Path)
		if err != nil {
			return e, err
		}
		if w.later(r.Name, int64(r.Step)) {
			e.add(event(r.Time, r.Step, v), func() { w.steps[r.Name] = int64(r.Step) })
		}
	case track.ParamsRecord:
		for name, v := range r.Params {
			s.params[name] = v
		}
		if !w.session {
			e.data, e.notes = s.startSession(r.Time), []func(){func() { w.session = true }}
		}
	case track.FinishRecord:
		// TensorBoard uses the first one, and an interrupted run may resume.
		if r.Status != "interrupted" && w.ended != seconds(r.Time) {
			e.data, e.notes = endSession(r.Time, r.Status), []func(){func() { w.ended = seconds(r.Time) }}
		}
	}
	return e, nil // files are in the run's folder already
}

// addText encodes a text unless a file has it.
func (s *Sink) addText(e *events, r track.Record, name, words string) {
	of := text{textTag(name), strings.ToValidUTF8(words, "?"), seconds(r.Time)}
	if texts := s.written.texts; !texts[of] {
		e.add(event(r.Time, r.Step, textValue(of.tag, of.text)), func() { texts[of] = true })
	}
}

// event encodes a Summary of one value.
func event(at time.Time, step int, value wire.Message) wire.Message {
	return wire.Message(nil).Double(eventTime, seconds(at)).Int(eventStep, int64(step)).
		Bytes(eventSummary, wire.Message(nil).Bytes(1, value))
}

// metadata encodes a SummaryMetadata. class: 0 unknown, 1 scalars, 2 tensors.
func metadata(plugin string, content []byte, class int) wire.Message {
	p := wire.Message(nil).Text(1, plugin)
	if content != nil {
		p = p.Bytes(2, content)
	}
	return wire.Message(nil).Bytes(1, p).Int(4, int64(class))
}

// Types of a TensorProto.
const stringTensor = 7

// textTag is the tag under which TensorBoard shows a text.
func textTag(name string) string { return name + "/text_summary" }

func textValue(tag, text string) wire.Message {
	tensor := wire.Message(nil).Int(1, stringTensor).
		Bytes(2, wire.Message(nil).Bytes(2, wire.Message(nil).Int(1, 1))). // the shape [1]
		Text(8, text)
	return wire.Message(nil).Text(valueTag, tag).Bytes(valueTensor, tensor).Bytes(valueMetadata, metadata("text", []byte{}, 2))
}

// maxImage is the largest picture file that is copied into the event file.
const maxImage = 64 << 20

func imageValue(name, path string) (wire.Message, error) {
	data, err := smallfile.Read(path, maxImage)
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

// finite reports whether a number can be displayed.
