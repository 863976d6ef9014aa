package tensorboard

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
)

// ErrFile is wrapped by errors about files that are no event files.
var ErrFile = errors.New("not a good event file")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the checksum of event files: CRC-32C, turned and shifted so that checksums of
// data that holds checksums stay good.
func masked(data []byte) uint32 {
	c := crc32.Checksum(data, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// appendEvent appends an event as a record: its length and data, each with a checksum.
func appendEvent(to []byte, event message) []byte {
	head := binary.LittleEndian.AppendUint64(nil, uint64(len(event)))
	to = append(to, head...)
	to = binary.LittleEndian.AppendUint32(to, masked(head))
	to = append(to, event...)
	return binary.LittleEndian.AppendUint32(to, masked(event))
}

// Value is a value of an event, as ReadFile gives it.
type Value struct {
	Tag    string
	Step   int64
	Time   float64 // seconds since 1970
	Plugin string  // such as "scalars", "text", "hparams"
	Scalar float64 // of a scalar
	PNG    []byte  // of an image
	Text   string  // of a text
	Config []byte  // of a plugin: its content
}

// ReadFile reads an event file, up to a record that a kill has torn. Damage before the
// last record is ErrFile, with what stands before it.
func ReadFile(path string) (values []Value, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(f)
	for at, left := int64(0), info.Size(); ; {
		event, size, err := readEvent(r, left)
		if err == nil && event != nil {
			var got []Value
			if got, err = eventValues(event); err == nil {
				values = append(values, got...)
				at, left = at+size, left-size
				continue
			}
		}
		if err != nil {
			return values, fmt.Errorf("tensorboard: %w: %s at byte %d: %w", ErrFile, path, at, err)
		}
		return values, nil
	}
}

// readEvent reads a record of at most left bytes; nil at the end, or where the last
// record is torn.
func readEvent(r io.Reader, left int64) (event message, size int64, err error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, 0, nil
	}
	n := binary.LittleEndian.Uint64(head[:8])
	if masked(head[:8]) != binary.LittleEndian.Uint32(head[8:]) {
		return nil, 0, errors.New("the checksum of a length is wrong")
	}
	if n > uint64(max(0, left-16)) {
		return nil, 0, nil
	}
	data := make([]byte, n+4)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, 0, nil
	}
	if masked(data[:n]) != binary.LittleEndian.Uint32(data[n:]) {
		return nil, 0, errors.New("the checksum of an event is wrong")
	}
	return data[:n:n], int64(n) + 16, nil
}

var errMessage = errors.New("an event cannot be decoded")

// Field numbers of the messages.
const (
	eventTime, eventStep, eventVersion, eventSummary = 1, 2, 3, 5

	valueTag, valueSimple, valueImage, valueTensor, valueMetadata = 1, 2, 4, 8, 9
)

func eventValues(event message) (values []Value, err error) {
	fields, ok := event.fields()
	if !ok {
		return nil, errMessage
	}
	var at Value
	for _, f := range fields {
		switch {
		case f.number == eventTime && f.kind == fixed64:
			at.Time = math.Float64frombits(f.value)
		case f.number == eventStep && f.kind == varintType:
			at.Step = int64(f.value)
		}
	}
	for _, f := range fields {
		if f.number != eventSummary || f.kind != bytesType {
			continue
		}
		all, ok := message(f.bytes).fields()
		if !ok {
			return nil, errMessage
		}
		for _, one := range all {
			v := at
			if one.number != 1 || one.kind != bytesType || !v.read(one.bytes) {
				return nil, errMessage
			}
			values = append(values, v)
		}
	}
	return values, nil
}

// read fills v from a Summary.Value.
func (v *Value) read(m message) bool {
	fields, ok := m.fields()
	if !ok {
		return false
	}
	for _, f := range fields {
		switch {
		case f.number == valueTag && f.kind == bytesType:
			v.Tag = string(f.bytes)
		case f.number == valueSimple && f.kind == fixed32:
			v.Scalar = float64(math.Float32frombits(uint32(f.value)))
			if v.Plugin == "" {
				v.Plugin = "scalars"
			}
		case f.number == valueImage && f.kind == bytesType:
			v.PNG, v.Plugin = inner(f.bytes, 4), "images"
		case f.number == valueTensor && f.kind == bytesType:
			v.Text = string(inner(f.bytes, 8))
		case f.number == valueMetadata && f.kind == bytesType:
			if plugin := message(inner(f.bytes, 1)); len(plugin) > 0 {
				v.Plugin, v.Config = string(inner(plugin, 1)), inner(plugin, 2)
			}
		}
	}
	return true
}

// inner is the first bytes field of a number in a message.
func inner(m message, number int) []byte {
	fields, _ := m.fields()
	for _, f := range fields {
		if f.number == number && f.kind == bytesType {
			return f.bytes
		}
	}
	return nil
}
