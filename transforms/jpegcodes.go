package transforms

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"math/bits"
	"sync"
)

// jpegCodes is a Huffman table: the code of each symbol.
type jpegCodes struct {
	code   [256]uint16
	length [256]uint8 // 0: the symbol has none
	zeros  byte       // the symbol whose code has only zeros
}

// addCodes reads a segment of Huffman tables.
func (j *jpegParts) addCodes(body []byte) error {
	for len(body) > 0 {
		n := 0
		if len(body) >= 17 {
			for _, k := range body[1:17] {
				n += int(k)
			}
		}
		if len(body) < 17+n || n < 1 || n > 256 || body[0]>>4 > 1 {
			return errors.New("a damaged Huffman table")
		}
		t, code, symbols := &jpegCodes{zeros: body[17]}, 0, body[17:17+n]
		for length, k := range body[1:17] {
			for range k {
				if code >= 1<<(length+1) {
					return errors.New("a damaged Huffman table")
				}
				t.code[symbols[0]], t.length[symbols[0]] = uint16(code), uint8(length+1)
				symbols = symbols[1:]
				code++
			}
			code <<= 1
		}
		j.huffman[body[0]>>4][body[0]&15] = t
		body = body[17+n:]
	}
	return nil
}

// withAllDifferences adds the symbols that repairs may need to Huffman tables: sizes
// of DC differences, and the end of an AC block. Their codes have 16 bits, so that
// the existing codes stay; if there is no room for them nothing is added.
func withAllDifferences(body []byte) (out []byte) {
	for len(body) >= 17 {
		n, room := 0, 1<<16
		for length, k := range body[1:17] {
			n, room = n+int(k), room-int(k)<<(15-length)
		}
		if len(body) < 17+n {
			break
		}
		wanted := []byte{0}
		if body[0]>>4 == 0 {
			wanted = []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
		}
		symbols := bytes.Clone(body[17 : 17+n])
		for _, s := range wanted {
			if !bytes.Contains(symbols, []byte{s}) {
				symbols = append(symbols, s)
			}
		}
		head := bytes.Clone(body[:17])
		if more := len(symbols) - n; more < room && int(head[16])+more < 256 { // the code of only ones is reserved
			head[16] += byte(more)
		} else {
			symbols = symbols[:n]
		}
		out = append(append(out, head...), symbols...)
		body = body[17+n:]
	}
	return append(out, body...)
}

// usualHuffman are the tables of ITU-T T.81, annex K.3, as segments; frames of
// motion JPEG leave them out. Go's encoder writes them.
var usualHuffman = sync.OnceValue(func() []byte {
	var file bytes.Buffer
	_ = jpeg.Encode(&file, image.NewYCbCr(image.Rect(0, 0, 8, 8), image.YCbCrSubsampleRatio444), nil)
	data := file.Bytes()
	for at := 2; ; {
		marker, _, start, end, err := jpegSegment(data, at)
		if err != nil {
			return nil
		}
		if marker == markerDHT {
			return bytes.Clone(data[start:end])
		}
		at = end
	}
})

// jpegBits writes Huffman codes, with a zero after each byte of ones.
type jpegBits struct {
	out  []byte
	acc  uint32
	have int
	lost bool // a symbol without a code was needed
}

func (b *jpegBits) put(value uint32, n int) {
	for b.acc, b.have = b.acc<<n|value&(1<<n-1), b.have+n; b.have >= 8; b.have -= 8 {
		v := byte(b.acc >> (b.have - 8))
		if b.out = append(b.out, v); v == 0xff {
			b.out = append(b.out, 0)
		}
	}
}

func (b *jpegBits) symbol(t *jpegCodes, s byte) {
	b.lost = b.lost || t.length[s] == 0
	b.put(uint32(t.code[s]), int(t.length[s]))
}

// flush fills the last byte with ones.
func (b *jpegBits) flush() {
	if b.have > 0 {
		b.put(0xff, 8-b.have)
	}
}

// difference writes a difference of DC levels.
func (b *jpegBits) difference(t *jpegCodes, d int) {
	size := bits.Len(uint(max(d, -d)))
	b.symbol(t, byte(size))
	if d < 0 {
		d--
	}
	b.put(uint32(d), size)
}

// zeroBlock writes the block that libjpeg decodes after the end of the data, which it
// continues with zero bits. It returns the block's DC difference.
func (b *jpegBits) zeroBlock(dc, ac *jpegCodes) int {
	size := int(dc.zeros)
	b.put(0, int(dc.length[dc.zeros]))
	b.put(0, min(size, 16))
	for k := 1; k < 64; k++ {
		run, n := ac.zeros>>4, int(ac.zeros&15)
		b.put(0, int(ac.length[ac.zeros]))
		if n == 0 && run != 15 {
			break
		}
		b.put(0, n)
		k += int(run)
	}
	return -(1<<size - 1)
}
