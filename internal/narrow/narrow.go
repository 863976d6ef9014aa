// Package narrow sends records to a service that accepts or refuses each request as a unit: a
// refused request is halved until only the refused records are left out.
package narrow

import (
	"fmt"
	"maps"
	"slices"

	"github.com/euryale-ml/euryale/track"
)

// Send sends records in their order with send, which sends all or none. If own reports that
// its error is about the records themselves, they are sent in halves, down to single values.
// Send returns the number of leading records that are done, and adds to refused those that
// the service refused completely or in part. Any other error of send ends it.
func Send(records []track.Record, send func([]track.Record) error, own func(error) bool, refused *track.Refusal) (done int, err error) {
	if len(records) == 0 {
		return 0, nil
	}
	err = send(records)
	if err == nil {
		return len(records), nil
	}
	if !own(err) {
		return 0, err
	}
	if len(records) == 1 {
		return single(records[0], err, send, own, refused)
	}
	half := len(records) / 2
	if done, err = Send(records[:half], send, own, refused); err != nil {
		return done, err
	}
	rest, err := Send(records[half:], send, own, refused)
	return done + rest, err
}

// single sends the values of a record that was refused.
func single(r track.Record, why error, send func([]track.Record) error, own func(error) bool, refused *track.Refusal) (done int, err error) {
	parts := &track.Refusal{}
	if first, second, ok := halves(r); ok {
		for _, half := range []track.Record{first, second} {
			if _, err := Send([]track.Record{half}, send, own, parts); err != nil {
				return 0, err
			}
		}
	} else {
		Add(parts, r, why)
	}
	if parts.Records > 0 { // count the record once, not each of its values
		refused.Records++
		if refused.Err == nil {
			refused.Err = parts.Err
		}
	}
	return 1, nil
}

// Add counts a record as refused. The first error is kept, with the record's name.
func Add(refused *track.Refusal, r track.Record, why error) {
	refused.Records++
	if refused.Err == nil {
		refused.Err = fmt.Errorf("%s: %w", Name(r), why)
	}
}

// Ended is the result of a Sink's Deliver: the refusals, the error after them, or both.
func Ended(done int, refused *track.Refusal, err error) (int, error) {
	if refused.Records == 0 {
		return done, err
	}
	refused.Then = err
	return done, refused
}

// halves splits a record with several values in two.
func halves(r track.Record) (first, second track.Record, ok bool) {
	first, second = r, r
	switch {
	case r.Kind == track.MetricsRecord && len(r.Values) > 1:
		first.Values, second.Values = split(r.Values)
	case r.Kind == track.ParamsRecord && len(r.Params) > 1:
		first.Params, second.Params = split(r.Params)
	case r.Kind == track.TagsRecord && len(r.Tags) > 1:
		first.Tags, second.Tags = r.Tags[:len(r.Tags)/2], r.Tags[len(r.Tags)/2:]
	default:
		return r, r, false
	}
	return first, second, true
}

func split[V any](m map[string]V) (first, second map[string]V) {
	names := slices.Sorted(maps.Keys(m))
	first, second = map[string]V{}, map[string]V{}
	for i, name := range names {
		if i < len(names)/2 {
			first[name] = m[name]
		} else {
			second[name] = m[name]
		}
	}
	return first, second
}

// Name is the name of a record in messages.
func Name(r track.Record) string {
	switch r.Kind {
	case track.MetricsRecord:
		return fmt.Sprintf("%s of step %d", some(r.Values), r.Step)
	case track.ParamsRecord:
		return "the setting " + some(r.Params)
	case track.TagsRecord:
		return fmt.Sprintf("the tags %.60q", r.Tags)
	case track.FinishRecord:
		return "the status " + r.Status
	}
	return fmt.Sprintf("the %s %q", r.Kind, r.Name)
}

// some names the first of a record's values and the number of the others.
func some[V any](m map[string]V) string {
	names := slices.Sorted(maps.Keys(m))
	switch len(names) {
	case 0:
		return "nothing"
	case 1:
		return names[0]
	}
	return fmt.Sprintf("%s and %d others", names[0], len(names)-1)
}
