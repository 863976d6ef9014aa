package transforms

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
)

// pngSize reads the header only: errors in other chunks are found by decodePNG.
func pngSize(data []byte) (w, h int, err error) {
	c, err := png.DecodeConfig(bytes.NewReader(data))
	if err == nil {
		return c.Width, c.Height, nil
	}
	if len(data) < 33 || string(data[12:16]) != "IHDR" || crc32.ChecksumIEEE(data[12:29]) != binary.BigEndian.Uint32(data[29:]) {
		return 0, 0, err
	}
	return int(binary.BigEndian.Uint32(data[16:])), int(binary.BigEndian.Uint32(data[20:])), nil
}

// decodeRepaired decodes a PNG that has faults; why is Go's error for it.
func decodeRepaired(data []byte, why error) (image.Image, error) {
	repaired, err := repairPNG(data)
	if err == nil {
		if m, e := png.Decode(repaired); e == nil {
			return m, nil
		}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("it is truncated: %w", why)
	}
	return nil, fmt.Errorf("it is damaged: %w", why)
}

// decodePNG decodes a PNG as Pillow does. Grey levels of 16 bits are not scaled
// but cut to 255, as in its convert("RGB") of mode I;16.
func decodePNG(data []byte) (*RGB, error) {
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		if m, err = decodeRepaired(data, err); err != nil {
			return nil, err
		}
	}
	clip := func(d, s []uint8) {
		v := s[1]
		if s[0] > 0 {
			v = 255
		}
		d[0], d[1], d[2] = v, v, v
	}
	const greyOnly = 0 // the colour type
	switch m := m.(type) {
	case *image.Gray16:
		return fromBytes(m.Rect.Dx(), m.Rect.Dy(), m.Pix, m.Stride, 2, clip), nil
	case *image.NRGBA64: // a grey level may be transparent
		if data[25] == greyOnly {
			return fromBytes(m.Rect.Dx(), m.Rect.Dy(), m.Pix, m.Stride, 8, clip), nil
		}
	}
	return FromImage(m), nil
}
