package mlflow

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/euryale-ml/euryale/track"
)

// Limits of the server.
const (
	maxAll     = 1000 // in a request, of all kinds together
	maxMetrics = 1000
	maxParams  = 100
	maxTags    = 100
	maxKey     = 250
	maxParam   = 6000 // characters of a value
	maxTag     = 5000
)

// metric is a value of a step.
type metric struct {
	Key       string `json:"key"`
	Value     number `json:"value"`
	Timestamp int64  `json:"timestamp"` // milliseconds
	Step      int    `json:"step"`
}

// number is a value, in JSON a string if it is not finite, as the server requires.
type number float64

// MarshalJSON writes the number.
func (n number) MarshalJSON() ([]byte, error) {
	switch f := float64(n); {
	case math.IsNaN(f):
		return []byte(`"NaN"`), nil
	case math.IsInf(f, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(f, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return json.Marshal(f)
	}
}

// batch is a request of runs/log-batch.
type batch struct {
	metrics []metric
	params  []tag
	tags    []tag
}

func (b *batch) size() int { return len(b.metrics) + len(b.params) + len(b.tags) }

// add adds a record to the batch; false: it does not fit, or is of another kind.
func (b *batch) add(r track.Record) bool {
	switch r.Kind {
	case track.MetricsRecord:
		if n := len(r.Values); len(b.metrics)+n > maxMetrics || b.size()+n > maxAll {
			return false
		}
		for _, name := range slices.Sorted(maps.Keys(r.Values)) {
			b.metrics = append(b.metrics, metric{key(name), number(r.Values[name]), r.Time.UnixMilli(), r.Step})
		}
		return true
	case track.ParamsRecord:
		if n := len(r.Params); len(b.params)+n > maxParams || b.size()+n > maxAll {
			return false
		}
		have := map[string]bool{}
		for _, p := range b.params {
			have[p.Key] = true
		}
		params, tags := b.params, b.tags
		for _, name := range slices.Sorted(maps.Keys(r.Params)) {
			p := tag{key(name), cut(text(r.Params[name]), maxParam)}
			if strings.HasPrefix(name, "summary.") { // which changes when a run resumes; a param must not change
				tags = append(tags, tag{p.Key, cut(p.Value, maxTag)})
				continue
			}
			if have[p.Key] {
				return false // the server refuses duplicate keys in a request
			}
			have[p.Key] = true
			params = append(params, p)
		}
		if len(tags) > maxTags {
			return false
		}
		b.params, b.tags = params, tags
		return true
	case track.TagsRecord:
		if n := len(r.Tags); len(b.tags)+n > maxTags || b.size()+n > maxAll {
			return false
		}
		for _, name := range r.Tags {
			if t := (tag{key(name), "true"}); !slices.Contains(b.tags, t) {
				b.tags = append(b.tags, t)
			}
		}
		return true
	}
	return false
}

// parts splits a record so that each part fits into a request. Settings whose names give
// the same key are in different parts, since the server refuses duplicate keys.
func parts(r track.Record) (list []track.Record) {
	switch r.Kind {
	case track.MetricsRecord:
		for names := range slices.Chunk(slices.Sorted(maps.Keys(r.Values)), maxMetrics) {
			part := r
			part.Values = map[string]float64{}
			for _, name := range names {
				part.Values[name] = r.Values[name]
			}
			list = append(list, part)
		}
	case track.ParamsRecord:
		part, keys := r, map[string]bool{}
		part.Params = map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(r.Params)) {
			if len(part.Params) == maxParams || keys[key(name)] {
				list = append(list, part)
				part.Params, keys = map[string]any{}, map[string]bool{}
			}
			part.Params[name], keys[key(name)] = r.Params[name], true
		}
		list = append(list, part)
	case track.TagsRecord:
		for names := range slices.Chunk(r.Tags, maxTags) {
			part := r
			part.Tags = names
			list = append(list, part)
		}
	}
	return list
}

// logBatch sends a batch. A setting that has changed since the run began, which the server
// refuses, becomes a tag with the name prefixed by "now.".
func (s *Sink) logBatch(ctx context.Context, b batch) error {
	err := s.send(ctx, b)
	if len(b.params) == 0 || code(err) != invalid {
		return err
	}
	rest := batch{metrics: b.metrics, tags: b.tags}
	for _, p := range b.params {
		err := s.send(ctx, batch{params: []tag{p}})
		if code(err) == invalid {
			rest.tags = append(rest.tags, tag{key("now." + p.Key), cut(p.Value, maxTag)})
		} else if err != nil {
			return err
		}
	}
	return s.send(ctx, rest)
}

func (s *Sink) send(ctx context.Context, b batch) error {
	if b.size() == 0 {
		return nil
	}
	in := struct {
		Metrics []metric `json:"metrics,omitempty"`
		Params  []tag    `json:"params,omitempty"`
		Tags    []tag    `json:"tags,omitempty"`
		RunID   string   `json:"run_id"` // last, so that a truncated request is rejected as a whole
	}{b.metrics, b.params, b.tags, s.runID}
	return s.http.JSON(ctx, http.MethodPost, api+"runs/log-batch", nil, in, nil)
}

// key converts a name to the characters and the length that the server accepts: other
// characters become their code points, so that different names stay different.
func key(name string) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("_-.:/ ", r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "_%x", r)
		}
	}
	clean := b.String()
	if len(clean) > maxKey {
		clean = clean[:maxKey]
	}
	if clean = strings.Trim(path.Clean(clean), "/. "); clean == "" { // the server accepts only clean paths
		return "_"
	}
	return clean
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "?")
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// text formats a setting.
func text(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}

// errorCode reads the server's error code.
func errorCode(body []byte) string {
	var told struct {
		Code string `json:"error_code"`
	}
	if json.Unmarshal(body, &told) != nil {
		return ""
	}
	return told.Code
}
