package narrow_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/internal/narrow"
	"github.com/euryale-ml/euryale/track"
)

var (
	errOwn   = errors.New("too large")
	errOther = errors.New("no connection")
)

func own(err error) bool { return errors.Is(err, errOwn) }

func metrics(step int, names ...string) track.Record {
	r := track.Record{Kind: track.MetricsRecord, Step: step, Values: map[string]float64{}}
	for _, name := range names {
		r.Values[name] = 1
	}
	return r
}

// service takes requests of at most so many values, none with a bad name, and fails at a
// call.
type service struct {
	most, fail int
	calls      int
	got        []string
}

func (s *service) send(records []track.Record) error {
	if s.calls++; s.calls == s.fail {
		return errOther
	}
	var names []string
	for _, r := range records {
		for name := range r.Values {
			names = append(names, fmt.Sprintf("%s %d", name, r.Step))
		}
		for name := range r.Params {
			names = append(names, name)
		}
		names = append(names, r.Tags...)
	}
	if len(names) > s.most || slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "bad") }) {
		return errOwn
	}
	s.got = append(s.got, names...)
	return nil
}

func TestSend(t *testing.T) {
	var ten []track.Record
	for step := 1; step <= 10; step++ {
		ten = append(ten, metrics(step, "a"))
	}
	for name, c := range map[string]struct {
		records                 []track.Record
		most, fail              int
		done, got, refused, max int
		words                   string
	}{
		"nothing":             {nil, 1, 0, 0, 0, 0, 0, ""},
		"all at once":         {ten, 10, 0, 10, 10, 0, 1, ""},
		"in halves":           {ten, 5, 0, 10, 10, 0, 3, ""},
		"one by one":          {ten, 1, 0, 10, 10, 0, 19, ""},
		"none fits":           {ten, 0, 0, 10, 0, 10, 19, "a of step 1: too large"},
		"a bad one":           {append(slices.Clone(ten), metrics(11, "bad"), metrics(12, "a")), 100, 0, 12, 11, 1, 9, "bad of step 11: too large"},
		"within a record":     {[]track.Record{metrics(1, "a", "b", "c", "d", "e")}, 2, 0, 1, 5, 0, 7, ""},
		"bad within records":  {[]track.Record{metrics(1, "a", "bad", "bad2", "c"), metrics(2, "a")}, 100, 0, 2, 3, 1, 9, "bad of step 1: too large"},
		"settings":            {[]track.Record{{Kind: track.ParamsRecord, Params: map[string]any{"a": 1, "bad": 2, "c": 3}}}, 100, 0, 1, 2, 1, 5, "the setting bad: too large"},
		"tags":                {[]track.Record{{Kind: track.TagsRecord, Tags: []string{"x", "bad", "y"}}}, 100, 0, 1, 2, 1, 5, `the tags ["bad"]`},
		"fails at first":      {ten, 5, 1, 0, 0, 0, 1, ""},
		"fails in the middle": {ten, 5, 3, 5, 5, 0, 3, ""},
		"fails in a record":   {[]track.Record{metrics(1, "a"), metrics(2, "a", "bad", "c")}, 100, 5, 1, 2, 0, 5, ""},
	} {
		s, refused := &service{most: c.most, fail: c.fail}, &track.Refusal{}
		done, err := narrow.Send(c.records, s.send, own, refused)
		if done != c.done || len(s.got) != c.got || refused.Records != c.refused || s.calls > c.max || (err != nil) != (c.fail > 0) || err != nil && !errors.Is(err, errOther) {
			t.Errorf("%s: %d done, %d got %q, %d refused, %d calls, %v", name, done, len(s.got), s.got, refused.Records, s.calls, err)
		}
		if c.words != "" && (refused.Err == nil || !strings.Contains(refused.Err.Error(), c.words) || !errors.Is(refused.Err, errOwn)) {
			t.Errorf("%s: refused by %v, want %q", name, refused.Err, c.words)
		}
	}
}

func TestEnded(t *testing.T) {
	if done, err := narrow.Ended(3, &track.Refusal{}, nil); done != 3 || err != nil {
		t.Error(done, err)
	}
	if _, err := narrow.Ended(3, &track.Refusal{}, errOther); err != errOther {
		t.Error(err)
	}
	_, err := narrow.Ended(3, &track.Refusal{Records: 1, Err: errOwn}, errOther)
	var refusal *track.Refusal
	if !errors.As(err, &refusal) || refusal.Then != errOther || !errors.Is(err, errOther) || !errors.Is(err, errOwn) {
		t.Error(err)
	}
}
