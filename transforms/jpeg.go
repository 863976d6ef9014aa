package transforms

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
)

// Markers of JPEG (ITU-T T.81, table B.1).
const (
	markerSOF0 = 0xc0
	markerDHT  = 0xc4
	markerSOF9 = 0xc9
	markerRST0 = 0xd0
	markerRST7 = 0xd7
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerDQT  = 0xdb
	markerDRI  = 0xdd
	markerApp0 = 0xe0
	markerAppE = 0xee
)

// jpegParts are the settings in the segments before a scan.
type jpegParts struct {
	frame     byte // marker of the frame, 0 before it
	precision int
	w, h      int
	parts     []jpegComponent
	adobe     bool
	quantized [16]bool
	huffman   [2][16]*jpegCodes // of DC and AC
	restart   int               // MCUs in an interval, 0: none
}

type jpegComponent struct{ id, h, v, table byte }

// jpegSegment is the next segment of data from at on: its marker, its content, its
// start and its end. Bytes between segments are ignored, as libjpeg does.
func jpegSegment(data []byte, at int) (marker byte, body []byte, start, end int, err error) {
	for ; ; at++ {
		i := bytes.IndexByte(data[min(at, len(data)):], 0xff)
		if i < 0 || at+i+1 >= len(data) {
			return 0, nil, 0, 0, io.ErrUnexpectedEOF
		}
		at += i
		if marker = data[at+1]; marker != 0 && marker != 0xff {
			break
		}
	}
	if marker >= markerRST0 && marker <= markerEOI || marker == 1 {
		return marker, nil, at, at + 2, nil
	}
	if at+4 > len(data) {
		return 0, nil, 0, 0, io.ErrUnexpectedEOF
	}
	n := int(binary.BigEndian.Uint16(data[at+2:]))
	if n < 2 {
		return 0, nil, 0, 0, fmt.Errorf("a segment %#x of %d bytes", marker, n)
	}
	if at+2+n > len(data) {
		return 0, nil, 0, 0, io.ErrUnexpectedEOF
	}
	return marker, data[at+4 : at+2+n], at, at + 2 + n, nil
}

// add reads a segment.
func (j *jpegParts) add(marker byte, body []byte) error {
	short := fmt.Errorf("a segment %#x is short", marker)
	switch {
	case marker >= markerSOF0 && marker <= 0xcf && marker != markerDHT && marker != 0xc8 && marker != 0xcc:
		if len(body) < 6 || len(body) < 6+3*int(body[5]) {
			return short
		}
		j.frame, j.precision = marker, int(body[0])
		j.h, j.w = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
		j.parts = j.parts[:0]
		for c := body[6 : 6+3*int(body[5])]; len(c) > 0; c = c[3:] {
			j.parts = append(j.parts, jpegComponent{c[0], c[1] >> 4, c[1] & 15, c[2]})
		}
	case marker == markerDHT:
		return j.addCodes(body)
	case marker == markerDQT:
		for len(body) > 0 {
			n := 65 + 64*int(body[0]>>4&1)
			if len(body) < n {
				return short
			}
			j.quantized[body[0]&15] = true
			body = body[n:]
		}
	case marker == markerDRI:
		if len(body) < 2 {
			return short
		}
		j.restart = int(binary.BigEndian.Uint16(body))
	case marker == markerAppE:
		j.adobe = j.adobe || len(body) >= 12 && string(body[:5]) == "Adobe"
	}
	return nil
}

// readJPEGHeader reads all segments before the first scan. at is where the scan's
// segment begins.
func readJPEGHeader(data []byte) (j *jpegParts, at int, err error) {
	j = &jpegParts{}
	for end := 2; ; {
		marker, body, start, next, err := jpegSegment(data, end)
		if err != nil {
			return j, 0, err
		}
		if marker == markerEOI {
			return j, 0, errors.New("it holds no picture")
		}
		if marker == markerSOS {
			return j, start, j.check()
		}
		if err := j.add(marker, body); err != nil {
			return j, 0, err
		}
		end = next
	}
}

// check is an error if the kind of JPEG is not supported.
func (j *jpegParts) check() error {
	switch f := j.frame; {
	case f == 0:
		return errors.New("it has no frame header")
	case f >= markerSOF9:
		return errors.New("arithmetic coding is not supported; save it with Huffman coding, for example with: jpegtran x.jpg > y.jpg")
	case f == 0xc3:
		return errors.New("lossless JPEG is not supported; convert it to PNG")
	case f >= 0xc5:
		return errors.New("hierarchical JPEG is not supported; convert it to PNG")
	case j.precision != 8:
		return fmt.Errorf("%d bits a sample are not supported; save it with 8", j.precision)
	}
	for _, c := range j.parts {
		if !j.quantized[c.table&15] {
			return fmt.Errorf("it has no quantization table %d", c.table)
		}
	}
	return nil
}

func jpegSize(data []byte) (w, h int, err error) {
	j, _, err := readJPEGHeader(data)
	return j.w, j.h, err
}

// decodeJPEG decodes a JPEG. The usual Huffman tables and the mark of CMYK, which Go
// needs and libjpeg does not, are added. If restart markers are wrong or missing the
// picture is libjpeg's: see repairRestarts.
func decodeJPEG(data []byte) (*RGB, error) {
	j, at, err := readJPEGHeader(data)
	if err != nil {
		return nil, err
	}
	var missing []byte
	if j.huffman[0][0] == nil && j.huffman[1][0] == nil {
		missing = append(missing, usualHuffman()...) // a copy
	}
	if len(j.parts) == 4 && !j.adobe {
		missing = append(missing, adobePlain...)
	}
	if len(missing) > 0 {
		data = append(append(append([]byte{}, data[:at]...), missing...), data[at:]...)
	}
	m, err := jpeg.Decode(bytes.NewReader(data))
	if err == nil {
		return FromImage(m), nil
	}
	if repaired, e := repairRestarts(data); e == nil {
		if m, e := jpeg.Decode(bytes.NewReader(repaired)); e == nil {
			return FromImage(m), nil
		}
	}
	var unsupported jpeg.UnsupportedError
	if errors.As(err, &unsupported) { // such as one chroma sample for three pixels
		return nil, fmt.Errorf("%w; save it again with usual settings", err)
	}
	if j.frame == 0xc2 && j.restart > 0 { // Go counts the blocks of a finer component differently
		return nil, fmt.Errorf("restart markers in progressive JPEG of subsampled colours are not supported, or its data are damaged: %w; "+
			"save it again, for example with: jpegtran -restart 0 x.jpg > y.jpg", err)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || !bytes.Contains(data[at:], []byte{0xff, markerEOI}) {
		return nil, fmt.Errorf("it is truncated: %w", err)
	}
	return nil, fmt.Errorf("its data are damaged: %w", err)
}
