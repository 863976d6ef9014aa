package track

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// jsonRecord is a Record in an outbox's file.
type jsonRecord struct {
	Seq    int64              `json:"seq"`
	Kind   string             `json:"kind"`
	Time   time.Time          `json:"time"`
	Step   int                `json:"step,omitempty"`
	Name   string             `json:"name,omitempty"`
	Text   string             `json:"text,omitempty"`
	Path   string             `json:"path,omitempty"`
	Values map[string]float64 `json:"values,omitempty"`
	Params map[string]any     `json:"params,omitempty"`
	Tags   []string           `json:"tags,omitempty"`
	Status string             `json:"status,omitempty"`
}

// MarshalJSON writes the record in the format of an outbox's file.
func (r Record) MarshalJSON() ([]byte, error) {
	j := jsonRecord(r)
	if r.Params != nil {
		j.Params = map[string]any{}
		for name, v := range r.Params {
			if f, ok := v.(float64); ok {
				v = Float(f)
			}
			j.Params[name] = v
		}
	}
	return json.Marshal(j)
}

// Float is a number that has a decimal point in JSON, so that float64 and int64 remain
// distinct.
type Float float64

// MarshalJSON writes 1 as 1.0.
func (f Float) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(float64(f))
	if err == nil && !bytes.ContainsAny(text, ".eE") {
		text = append(text, ".0"...)
	}
	return text, err
}

// number reads a number of Params: int64 without a point, else float64.
func number(n json.Number) (any, error) {
	if !strings.ContainsAny(n.String(), ".eE") {
		return n.Int64()
	}
	return n.Float64()
}

// UnmarshalJSON reads a record of an outbox.
func (r *Record) UnmarshalJSON(data []byte) error {
	var j jsonRecord
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&j); err != nil {
		return err
	}
	for name, v := range j.Params {
		if n, ok := v.(json.Number); ok {
			var err error
			if j.Params[name], err = number(n); err != nil {
				return err
			}
		}
	}
	switch j.Kind {
	case ParamsRecord, MetricsRecord, TextRecord, ImageRecord, FileRecord, TagsRecord, FinishRecord:
	default:
		return fmt.Errorf("unknown kind %q", j.Kind)
	}
	if j.Seq < 1 || j.Step < 0 {
		return fmt.Errorf("seq %d, step %d", j.Seq, j.Step)
	}
	*r = Record(j)
	return nil
}

// known is an index of an outbox's records, so that a resumed run does not record them
// again.
type known struct {
	steps  map[string]int // the last step of each metric and image
	params map[string]string
	texts  map[string]string
	tags   map[string]bool
	ended  string // the status at the end, if no step came after it
}

func newKnown() *known {
	return &known{steps: map[string]int{}, params: map[string]string{}, texts: map[string]string{}, tags: map[string]bool{}}
}

// addNew removes known values from r and adds the others to the index; false: none is left.
func (k *known) addNew(r *Record) bool {
	switch r.Kind {
	case MetricsRecord:
		keep := map[string]float64{}
		for name, v := range r.Values {
			if k.later(name, r.Step) {
				keep[name] = v
			}
		}
		r.Values = keep
		if len(keep) > 0 {
			k.ended = ""
		}
		return len(keep) > 0
	case FinishRecord:
		k.ended = r.Status
	case ParamsRecord:
		keep := map[string]any{}
		for name, v := range r.Params {
			if text := fmt.Sprint(v); k.params[name] != text || text == "" && !has(k.params, name) {
				keep[name], k.params[name] = v, text
			}
		}
		r.Params = keep
		return len(keep) > 0
	case TagsRecord:
		var keep []string
		for _, tag := range r.Tags {
			if !k.tags[tag] {
				k.tags[tag] = true
				keep = append(keep, tag)
			}
		}
		r.Tags = keep
		return len(keep) > 0
	case TextRecord:
		if has(k.texts, r.Name) && k.texts[r.Name] == r.Text {
			return false
		}
		k.texts[r.Name] = r.Text
	case ImageRecord:
		return k.later("image "+r.Name, r.Step)
	}
	return true
}

// later records a step unless the same or a later one is known.
func (k *known) later(name string, step int) bool {
	if last, ok := k.steps[name]; ok && step <= last {
		return false
	}
	k.steps[name] = step
	return true
}

func has(m map[string]string, key string) bool {
	_, ok := m[key]
	return ok
}
