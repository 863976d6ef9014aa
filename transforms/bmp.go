package transforms

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
)

// Compressions of BMP.
const (
	bmpPlain, bmpRLE8, bmpRLE4, bmpMasks, bmpAlphaMasks = 0, 1, 2, 3, 6
)

// bmpHeader is the header of a Windows or OS/2 bitmap.
type bmpHeader struct {
	w, h        int
	topDown     bool
	bits        int // per pixel
	compression int
	masks       [3]uint32 // of red, green and blue
	palette     [256][3]uint8
	pixels      []byte
}

func readBMPHeader(data []byte) (b bmpHeader, err error) {
	if len(data) < 26 {
		return b, io.ErrUnexpectedEOF
	}
	le := binary.LittleEndian
	at, size := int64(le.Uint32(data[10:])), int64(le.Uint32(data[14:]))
	head, colours, entry := data[14:], int64(0), int64(4)
	switch {
	case size == 12: // OS/2
		b.w, b.h, b.bits = int(le.Uint16(head[4:])), int(le.Uint16(head[6:])), int(le.Uint16(head[10:]))
		entry = 3
	case size >= 40 && size <= 256 && 14+size <= int64(len(data)):
		w, h := int32(le.Uint32(head[4:])), int32(le.Uint32(head[8:]))
		b.w, b.h, b.topDown = int(w), max(int(h), -int(h)), h < 0
		b.bits, b.compression, colours = int(le.Uint16(head[14:])), int(le.Uint32(head[16:])), int64(le.Uint32(head[32:]))
	case size >= 16 && size <= 256:
		return b, io.ErrUnexpectedEOF
	default:
		return b, fmt.Errorf("a header of %d bytes", size)
	}
	after := 14 + size
	if b.compression == bmpMasks || b.compression == bmpAlphaMasks {
		masks := data[min(14+40, len(data)):]
		if len(masks) < 12 {
			return b, io.ErrUnexpectedEOF
		}
		for c := range b.masks {
			b.masks[c] = le.Uint32(masks[4*c:])
		}
		if size == 40 {
			after += 12
		}
	}
	if err := b.check(); err != nil {
		return b, err
	}
	b.readPalette(data[min(after, int64(len(data))):min(max(at, after), int64(len(data)))], int(entry), int(colours))
	b.pixels = data[min(max(at, 0), int64(len(data))):]
	return b, b.checkLength(len(data))
}

// readPalette reads the colours, of 3 or 4 bytes each; 0 colours: as many as there
// are values of a pixel.
func (b *bmpHeader) readPalette(data []byte, entry, colours int) {
	if colours == 0 || colours > 256 {
		colours = 1 << min(b.bits, 8)
	}
	for i := 0; b.bits <= 8 && i < colours && len(data) >= entry; i++ {
		b.palette[i] = [3]uint8{data[2], data[1], data[0]}
		data = data[entry:]
	}
}

// checkLength is an error if pixels are missing, before memory is allocated for them.
func (b *bmpHeader) checkLength(size int) error {
	if b.compression == bmpRLE8 || b.compression == bmpRLE4 || b.w < 1 || b.h < 1 || b.w > MaxPixels/b.h {
		return nil
	}
	padding := b.rowBytes() - (b.w*b.bits+7)/8 // may be missing after the last row
	if b.rowBytes()*b.h-padding > len(b.pixels) {
		return fmt.Errorf("%d×%d pixels in %d bytes: it is truncated", b.w, b.h, size)
	}
	return nil
}

// check is an error if the kind of bitmap is not supported. It sets the default masks of
// 16-bit and 32-bit pixels without masks.
func (b *bmpHeader) check() error {
	switch key := [2]int{b.bits, b.compression}; key {
	case [2]int{1, bmpPlain}, [2]int{4, bmpPlain}, [2]int{8, bmpPlain}, [2]int{8, bmpRLE8}, [2]int{4, bmpRLE4}, [2]int{24, bmpPlain}:
	case [2]int{16, bmpPlain}:
		b.masks = [3]uint32{0x7c00, 0x3e0, 0x1f}
	case [2]int{32, bmpPlain}:
		b.masks = [3]uint32{0xff0000, 0xff00, 0xff}
	case [2]int{16, bmpMasks}, [2]int{32, bmpMasks}, [2]int{16, bmpAlphaMasks}, [2]int{32, bmpAlphaMasks}:
		for _, m := range b.masks {
			if n := bits.OnesCount32(m); n < 1 || n > 8 || bits.Len32(m)-bits.TrailingZeros32(m) != n {
				return fmt.Errorf("colours at the bits %#x are not supported", b.masks)
			}
		}
	default:
		return fmt.Errorf("%d bits a pixel with compression %d are not supported; convert it to PNG", b.bits, b.compression)
	}
	return nil
}

// rowBytes is the size of a row, which is a multiple of four bytes.
func (b *bmpHeader) rowBytes() int { return (b.w*b.bits + 31) / 32 * 4 }

func bmpSize(data []byte) (w, h int, err error) {
	b, err := readBMPHeader(data)
	return b.w, b.h, err
}

func decodeBMP(data []byte) (*RGB, error) {
	b, err := readBMPHeader(data)
	if err != nil {
		return nil, err
	}
	out := NewRGB(b.w, b.h)
	if b.compression == bmpRLE8 || b.compression == bmpRLE4 {
		return out, b.unpackRuns(out)
	}
	for y := range b.h {
		b.put(b.row(out, y), b.pixels[y*b.rowBytes():])
	}
	return out, nil
}

// row is the row of the picture at row y of the file.
func (b *bmpHeader) row(out *RGB, y int) []uint8 {
	if b.topDown {
		return out.row(y)
	}
	return out.row(b.h - 1 - y)
}

// put converts a row of pixels.
func (b *bmpHeader) put(dst, row []byte) {
	for x := range b.w {
		d := dst[3*x : 3*x+3]
		switch b.bits {
		case 24:
			d[0], d[1], d[2] = row[3*x+2], row[3*x+1], row[3*x]
		case 16:
			b.unmask(d, uint32(binary.LittleEndian.Uint16(row[2*x:])))
		case 32:
			b.unmask(d, binary.LittleEndian.Uint32(row[4*x:]))
		default:
			bit := x * b.bits
			copy(d, b.palette[row[bit/8]>>(8-b.bits-bit%8)&(1<<b.bits-1)][:])
		}
	}
}

// unmask scales the levels of a pixel to 8 bits.
func (b *bmpHeader) unmask(d []uint8, pixel uint32) {
	for c, m := range b.masks {
		shift := bits.TrailingZeros32(m)
		d[c] = uint8((pixel & m >> shift) * 255 / (m >> shift))
	}
}

// unpackRuns decodes run lengths. Skipped pixels have the first colour.
func (b *bmpHeader) unpackRuns(out *RGB) error {
	in, total := b.pixels, b.w*b.h
	at, x := 0, 0 // pixels decoded so far, and the column; a run ends with the row
	put := func(v byte, k int) {
		if b.bits == 4 {
			v = v >> (4 - 4*(k&1)) & 15
		}
		copy(b.row(out, at/b.w)[3*(at%b.w):], b.palette[v][:])
		at++
	}
	skip := func(n int) {
		for range min(n, total-at) {
			put(0, 0)
		}
	}
	for at < total && len(in) >= 2 {
		n, v := int(in[0]), in[1]
		in = in[2:]
		switch {
		case n > 0:
			n = min(n, max(b.w-x, 0), total-at)
			for k := range n {
				put(v, k)
			}
			x += n
		case v == 0:
			skip((b.w - at%b.w) % b.w)
			x = 0
		case v == 1:
			in = nil
		case v == 2:
			if len(in) < 2 {
				return io.ErrUnexpectedEOF
			}
			skip(int(in[0]) + int(in[1])*b.w)
			x, in = at%b.w, in[2:]
		default:
			n, size := min(int(v), total-at), (int(v)*b.bits+7)/8
			if len(in) < (n*b.bits+7)/8 {
				return io.ErrUnexpectedEOF
			}
			for k := range n {
				put(in[k*b.bits/8], k)
			}
			x, in = x+int(v), in[min(size+size&1, len(in)):]
		}
	}
	if at < total {
		return io.ErrUnexpectedEOF
	}
	return nil
}
