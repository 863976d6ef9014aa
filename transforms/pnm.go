package transforms

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// pnmHeader is the header of a Netpbm file: PBM, PGM or PPM, as text (P1 to P3) or
// binary (P4 to P6).
type pnmHeader struct {
	kind byte // '1' to '6'
	w, h int
	most int // the level of white in the file; 1 for bits
	rest []byte
}

// pnmFormats are the six kinds, with each space that may follow the kind.
func pnmFormats() (all []format) {
	for kind := '1'; kind <= '6'; kind++ {
		for _, space := range "\t\n\r #" {
			all = append(all, format{"PNM", "P" + string(kind) + string(space), 8, pnmSize, decodePNM})
		}
	}
	return all
}

func readPNMHeader(data []byte) (p pnmHeader, err error) {
	p.kind, p.rest, p.most = data[1], data[2:], 1
	numbers := []*int{&p.w, &p.h, &p.most}
	if p.kind == '1' || p.kind == '4' {
		numbers = numbers[:2]
	}
	for _, n := range numbers {
		if *n, err = p.number(); err != nil {
			return p, err
		}
		if len(p.rest) > 0 && p.rest[0] != '#' && !isPNMSpace(p.rest[0]) {
			return p, fmt.Errorf("%q follows the number %d", p.rest[0], *n)
		}
	}
	if p.most < 1 || p.most > 65535 {
		return p, fmt.Errorf("its white is %d, want 1 to 65535", p.most)
	}
	if len(p.rest) > 0 { // one space ends the header
		p.rest = p.rest[1:]
	}
	return p, nil
}

// number reads the next number, after spaces and comments.
func (p *pnmHeader) number() (n int, err error) {
	p.skipSpace()
	digits := 0
	for ; digits < len(p.rest) && p.rest[digits] >= '0' && p.rest[digits] <= '9'; digits++ {
		if n = 10*n + int(p.rest[digits]-'0'); n > math.MaxInt32 {
			return 0, errors.New("a number is too large")
		}
	}
	if digits == 0 {
		if len(p.rest) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
		return 0, fmt.Errorf("%q is not a number", p.rest[0])
	}
	p.rest = p.rest[digits:]
	return n, nil
}

func isPNMSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func (p *pnmHeader) skipSpace() {
	for len(p.rest) > 0 {
		switch c := p.rest[0]; {
		case c == '#':
			for len(p.rest) > 0 && p.rest[0] != '\n' && p.rest[0] != '\r' {
				p.rest = p.rest[1:]
			}
		case isPNMSpace(c):
			p.rest = p.rest[1:]
		default:
			return
		}
	}
}

func pnmSize(data []byte) (w, h int, err error) {
	p, err := readPNMHeader(data)
	return p.w, p.h, err
}

// decodePNM decodes a Netpbm file as Pillow does: levels are scaled to 255. Grey
// levels of more than 8 bits are scaled to 65535 and then cut to 255, as
// convert("RGB") does.
func decodePNM(data []byte) (*RGB, error) {
	p, err := readPNMHeader(data)
	if err != nil {
		return nil, err
	}
	samples := 1
	if p.kind == '3' || p.kind == '6' {
		samples = 3
	}
	read, most := p.reader(), 255.0 // most: the level of white
	if samples == 1 && p.most > 255 {
		most = 65535
	}
	out := NewRGB(p.w, p.h)
	if p.kind >= '5' && p.most <= 255 {
		return out, p.bytes(out, samples)
	}
	for y := range p.h {
		row := out.row(y)
		for i := range p.w * samples {
			v, err := read(i)
			if err != nil {
				return nil, fmt.Errorf("row %d: %w", y, err)
			}
			level := p.level(v, most)
			if samples == 3 {
				row[i] = level
				continue
			}
			row[3*i], row[3*i+1], row[3*i+2] = level, level, level
		}
	}
	return out, nil
}

// level scales a sample to most for white, and cuts it to 255.
func (p *pnmHeader) level(v int, most float64) uint8 {
	return uint8(min(most, math.RoundToEven(float64(v)/float64(p.most)*most), 255))
}

// bytes fills a picture from binary samples of a byte each.
func (p *pnmHeader) bytes(out *RGB, samples int) error {
	if len(p.rest) < p.w*p.h*samples {
		return io.ErrUnexpectedEOF
	}
	var levels [256]uint8
	for v := range levels {
		levels[v] = p.level(v, 255)
	}
	for i := range out.Pix {
		out.Pix[i] = levels[p.rest[i*samples/3]]
	}
	return nil
}

// reader returns a function that reads the next sample, which is number i of its row.
func (p *pnmHeader) reader() func(i int) (int, error) {
	switch p.kind {
	case '1':
		return func(int) (int, error) { return p.textBit() }
	case '2', '3':
		return func(int) (int, error) { return p.number() }
	case '4':
		return p.bit
	}
	return func(int) (int, error) {
		if len(p.rest) < 2 {
			return 0, io.ErrUnexpectedEOF
		}
		v := int(p.rest[0])<<8 | int(p.rest[1])
		p.rest = p.rest[2:]
		return v, nil
	}
}

// textBit reads a bit, 1 for black. Spaces between bits are optional.
func (p *pnmHeader) textBit() (int, error) {
	p.skipSpace()
	if len(p.rest) == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	b := p.rest[0]
	if b != '0' && b != '1' {
		return 0, fmt.Errorf("%q is not a bit", b)
	}
	p.rest = p.rest[1:]
	return int('1' - b), nil
}

// bit reads bit i of a row. Rows begin at a byte.
func (p *pnmHeader) bit(i int) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	v := int(^p.rest[0] >> (7 - i%8) & 1)
	if i%8 == 7 || i == p.w-1 {
		p.rest = p.rest[1:]
	}
	return v, nil
}
