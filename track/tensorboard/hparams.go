package tensorboard

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/euryale-ml/euryale/internal/wire"
	"github.com/euryale-ml/euryale/metrics"
)

// Names of the table of hyperparameters, which are values without data.
const (
	experimentTag   = "_hparams_/experiment"
	sessionStartTag = "_hparams_/session_start_info"
	sessionEndTag   = "_hparams_/session_end_info"
)

// noData is the tensor that such a value has: a float tensor of the shape [0].
var noData = []byte{0x08, 0x01, 0x12, 0x04, 0x12, 0x02, 0x08, 0x00}

// shownMetrics are the columns of the table beside the settings.
var shownMetrics = []string{"test/accuracy", "test/balanced_accuracy", "test/loss", "train/accuracy", "train/loss"}

// Kinds of settings, in experiments.
const (
	stringParam = 1
	boolParam   = 2
	floatParam  = 3
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// hparam is a value of the table without data.
func hparam(at time.Time, tag string, content wire.Message) wire.Message {
	return event(at, 0, wire.Message(nil).Text(valueTag, tag).Bytes(valueTensor, noData).Bytes(valueMetadata, metadata("hparams", content, 0)))
}

// startSession encodes the settings, and which settings and metrics are columns.
func (s *Sink) startSession(at time.Time) []byte {
	created := seconds(cmp.Or(s.run.Created, at))
	experiment := wire.Message(nil).Double(3, created)
	start := wire.Message(nil)
	for _, name := range sorted(s.params) {
		kind, value := paramOf(s.params[name])
		experiment = experiment.Bytes(4, wire.Message(nil).Text(1, name).Int(4, int64(kind)))
		start = start.Bytes(1, wire.Message(nil).Text(1, name).Bytes(2, value))
	}
	for _, tag := range shownMetrics {
		experiment = experiment.Bytes(5, wire.Message(nil).Bytes(1, wire.Message(nil).Text(2, tag)))
	}
	start = start.Text(4, s.run.Name).Double(5, seconds(at))
	data := appendEvent(nil, hparam(at, experimentTag, wire.Message(nil).Bytes(2, experiment)))
	return appendEvent(data, hparam(at, sessionStartTag, wire.Message(nil).Bytes(3, start)))
}

// paramOf encodes a setting as google.protobuf.Value.
func paramOf(v any) (kind int, value wire.Message) {
	number := func(f float64) (int, wire.Message) {
		if !metrics.Finite(f) {
			return stringParam, wire.Message(nil).Text(3, fmt.Sprint(f))
		}
		return floatParam, wire.Message(nil).Double(2, f)
	}
	switch v := v.(type) {
	case bool:
		on := byte(0)
		if v {
			on = 1
		}
		return boolParam, append(wire.Message(nil).Key(4, wire.Varint), on)
	case float64:
		return number(v)
	case int:
		return number(float64(v))
	case int64:
		return number(float64(v))
	case uint64:
		return number(float64(v))
	case string:
		return stringParam, wire.Message(nil).Text(3, v)
	}
	return stringParam, wire.Message(nil).Text(3, fmt.Sprint(v))
}

// endSession encodes how the run ended.
func endSession(at time.Time, status string) []byte {
	const success, failure = 1, 2
	code := int64(failure)
	if status == "finished" {
		code = success
	}
	end := wire.Message(nil).Int(1, code).Double(2, seconds(at))
	return appendEvent(nil, hparam(at, sessionEndTag, wire.Message(nil).Bytes(4, end)))
}
