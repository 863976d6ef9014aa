package transforms

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"

	"golang.org/x/image/webp"
)

// webpFrame is the first picture of a WebP file and its place on the canvas.
type webpFrame struct {
	w, h  int // of the canvas
	x, y  int
	still bool   // not of an animation
	data  []byte // a WebP file of the frame alone, without alpha
}

// webpSize reads the size of the canvas.
func webpSize(data []byte) (w, h int, err error) {
	f, err := firstWebP(data)
	return f.w, f.h, err
}

// decodeWebP draws the first frame on a black canvas, without alpha, as Pillow does.
func decodeWebP(data []byte) (*RGB, error) {
	f, err := firstWebP(data)
	if err != nil {
		return nil, err
	}
	m, err := webp.Decode(bytes.NewReader(f.data))
	if err != nil {
		return nil, err
	}
	var frame *RGB
	if y, ok := m.(*image.YCbCr); ok {
		frame = fromVP8(y)
	} else {
		frame = FromImage(m)
	}
	if frame.W == f.w && frame.H == f.h {
		return frame, nil
	}
	out := NewRGB(f.w, f.h)
	for y := range frame.H {
		copy(out.row(f.y + y)[3*f.x:], frame.row(y))
	}
	return out, nil
}

// firstWebP finds the first frame: the picture of a still file, or the first of
// an animation.
func firstWebP(data []byte) (f webpFrame, err error) {
	if uint64(binary.LittleEndian.Uint32(data[4:]))+8 > uint64(len(data))+1 { // a last byte of padding may lack
		return f, errors.New("the file is truncated")
	}
	f.still = true
	for chunks := data[12:]; ; {
		id, body, rest, err := riffChunk(chunks)
		if err != nil {
			return f, err
		}
		switch id {
		case "VP8X":
			if len(body) < 10 {
				return f, errors.New("its VP8X chunk is short")
			}
			f.w, f.h = 1+uint24(body[4:]), 1+uint24(body[7:])
		case "ANMF":
			if len(body) < 16 {
				return f, errors.New("its first frame is short")
			}
			f.still, f.x, f.y = false, 2*uint24(body), 2*uint24(body[3:])
			rest = body[16:] // the frame's own chunks
		case "VP8 ", "VP8L":
			return f.withPicture(id, body)
		}
		chunks = rest
	}
}

// withPicture adds the chunk of a frame's pixels.
func (f webpFrame) withPicture(id string, body []byte) (webpFrame, error) {
	var b bytes.Buffer
	b.WriteString("RIFF")
	padded := (len(body) + 1) &^ 1
	_ = binary.Write(&b, binary.LittleEndian, uint32(padded+12))
	b.WriteString("WEBP" + id)
	_ = binary.Write(&b, binary.LittleEndian, uint32(len(body)))
	b.Write(body)
	b.Write(make([]byte, padded-len(body)))
	f.data = b.Bytes()
	c, err := webp.DecodeConfig(bytes.NewReader(f.data))
	if err != nil {
		return f, err
	}
	if f.w == 0 { // no canvas but the picture
		f.w, f.h = c.Width, c.Height
	}
	if f.still && (c.Width != f.w || c.Height != f.h) {
		return f, fmt.Errorf("a still picture of %d×%d pixels on a canvas of %d×%d", c.Width, c.Height, f.w, f.h)
	}
	if f.x+c.Width > f.w || f.y+c.Height > f.h {
		return f, fmt.Errorf("a frame of %d×%d pixels at (%d, %d) leaves the canvas of %d×%d", c.Width, c.Height, f.x, f.y, f.w, f.h)
	}
	return f, nil
}

// riffChunk splits the first chunk off.
func riffChunk(data []byte) (id string, body, rest []byte, err error) {
	if len(data) < 8 {
		return "", nil, nil, errors.New("it holds no picture")
	}
	n := uint64(binary.LittleEndian.Uint32(data[4:]))
	if n > uint64(len(data)-8) {
		return "", nil, nil, fmt.Errorf("its chunk %q is cut off", data[:4])
	}
	end := min(8+n+n%2, uint64(len(data)))
	return string(data[:4]), data[8 : 8+n], data[end:], nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
