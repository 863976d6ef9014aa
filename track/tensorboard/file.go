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

	"github.com/euryale-ml/euryale/internal/wire"
)

// ErrFile is wrapped by errors about files that are not valid event files.
var ErrFile = errors.New("not a good event file")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the checksum of event files: CRC-32C, rotated and offset, since checksums of data
// that contains its own checksums are weak otherwise.
func masked(data []byte) uint32 {
	c := crc32.Checksum(data, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// appendEvent appends an event as a record: its length and data, each with a checksum.
func appendEvent(to []byte, event wire.Message) []byte {
	head := binary.LittleEndian.AppendUint64(nil, uint64(len(event)))
	to = append(to, head...)
	to = binary.LittleEndian.AppendUint32(to, masked(head))
	to = append(to, event...)
	return binary.LittleEndian.AppendUint32(to, masked(event))
}

// Value is a value of an event, as returned by ReadFile.
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

// ReadFile reads an event file, up to an incomplete last record, which a kill may leave. For
// damage before it, it returns the values before the damage and ErrFile.
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

// readEvent reads a record of at most left bytes; nil at the end, or if the last record is
// incomplete.
func readEvent(r io.Reader, left int64) (event wire.Message, size int64, err error) {
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

func eventValues(event wire.Message) (values []Value, err error) {
	fields, ok := event.Fields()
	if !ok {
		return nil, errMessage
	}
	var at Value
	for _, f := range fields {
		switch {
		case f.Number == eventTime && f.Kind == wire.Fixed64:
			at.Time = math.Float64frombits(f.Value)
		case f.Number == eventStep && f.Kind == wire.Varint:
			at.Step = int64(f.Value)
		}
	}
	for _, f := range fields {
		if f.Number != eventSummary || f.Kind != wire.Length {
			continue
		}
		all, ok := wire.Message(f.Bytes).Fields()
		if !ok {
			return nil, errMessage
		}
		for _, one := range all {
			v := at
			if one.Number != 1 || one.Kind != wire.Length || !v.read(one.Bytes) {
				return nil, errMessage
			}
			values = append(values, v)
		}
	}
	return values, nil
}

// read fills v from a Summary.Value.
func (v *Value) read(m wire.Message) bool {
	fields, ok := m.Fields()
	if !ok {
		return false
	}
	for _, f := range fields {
		switch {
		case f.Number == valueTag && f.Kind == wire.Length:
			v.Tag = string(f.Bytes)
		case f.Number == valueSimple && f.Kind == wire.Fixed32:
			v.Scalar = float64(math.Float32frombits(uint32(f.Value)))
			if v.Plugin == "" {
				v.Plugin = "scalars"
			}
		case f.Number == valueImage && f.Kind == wire.Length:
			v.PNG, v.Plugin = inner(f.Bytes, 4), "images"
		case f.Number == valueTensor && f.Kind == wire.Length:
			v.Text = string(inner(f.Bytes, 8))
		case f.Number == valueMetadata && f.Kind == wire.Length:
			if plugin := wire.Message(inner(f.Bytes, 1)); len(plugin) > 0 {
				v.Plugin, v.Config = string(inner(plugin, 1)), inner(plugin, 2)
			}
		}
	}
	return true
}

// inner returns the first bytes field with a number in a wire.Message.
func inner(m wire.Message, number int) []byte {
	fields, _ := m.Fields()
	for _, f := range fields {
		if f.Number == number && f.Kind == wire.Length {
			return f.Bytes
		}
	}
	return nil
}
