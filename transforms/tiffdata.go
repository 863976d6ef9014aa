package transforms

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"
)

var tiffCompressions = map[int]string{
	2: "CCITT run lengths", 6: "old JPEG", 32809: "ThunderScan", 32946: "deflate", 34661: "JBIG", 34712: "JPEG 2000", 34887: "LERC",
	34925: "LZMA", 50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}

// checkCompression is an error if the compression is not supported.
func (t *tiffFile) checkCompression() error {
	switch t.compression {
	case 1, 5, 8, 32773, 32946:
	case 3, 4:
		if t.bits != 1 || t.samples != 1 {
			return fmt.Errorf("fax compression of %d samples of %d bits", t.samples, t.bits)
		}
	case 7:
		if t.bits != 8 || t.planes != 1 || t.samples == 2 || t.samples > 4 {
			return fmt.Errorf("JPEG compression of %d samples of %d bits is not supported", t.samples, t.bits)
		}
	default:
		return fmt.Errorf("its compression (%s) is not supported; save it with LZW or deflate", named(tiffCompressions, t.compression))
	}
	switch p := t.number(tagPredictor, 1); {
	case p == 2 && t.bits != 8 && t.bits != 16 && t.bits != 32, p > 2:
		return fmt.Errorf("predictor %d of %d bits is not supported", p, t.bits)
	}
	return nil
}

// decodeTIFF decodes the first page, row by row.
func decodeTIFF(data []byte) (*RGB, error) {
	t, err := openTIFF(data)
	if err != nil {
		return nil, err
	}
	if err := t.readLayout(); err != nil {
		return nil, err
	}
	out := NewRGB(t.w, t.h)
	for i := range t.across() * t.down() {
		x, y := i%t.across()*t.tileW, i/t.across()*t.tileH
		if t.compression == 7 {
			err = t.readJPEG(out, i, x, y)
		} else {
			err = t.readTile(out, i, x, y)
		}
		if err != nil {
			return nil, fmt.Errorf("strip or tile %d: %w", i, err)
		}
	}
	return t.turn(out), nil
}

func (t *tiffFile) raw(i int) []byte { return t.data[t.offsets[i]:][:t.sizes[i]] }

// open decompresses strip or tile i of h rows.
func (t *tiffFile) open(i, h int) (io.Reader, error) {
	raw := t.raw(i)
	if t.number(tagFillOrder, 1) == 2 {
		turned := make([]byte, len(raw))
		for i, b := range raw {
			turned[i] = bits.Reverse8(b)
		}
		raw = turned
	}
	r := bytes.NewReader(raw)
	switch t.compression {
	case 5:
		return lzw.NewReader(r, lzw.MSB, 8), nil
	case 8, 32946:
		return zlib.NewReader(r)
	case 32773:
		return &packBits{r: r}, nil
	case 3, 4:
		kind := ccitt.Group4
		if t.compression == 3 {
			if kind = ccitt.Group3; t.number(tagFaxOptions, 0)&1 != 0 {
				return nil, fmt.Errorf("two-dimensional Group 3 fax compression is not supported")
			}
		}
		return ccitt.NewReader(r, ccitt.MSB, kind, t.tileW, h, &ccitt.Options{Invert: true, Align: t.number(tagFaxOptions, 0)&4 != 0}), nil
	}
	return r, nil
}

// readTile converts the part of a strip or a tile that is inside the picture; (x, y) is its
// first pixel.
func (t *tiffFile) readTile(out *RGB, i, x, y int) error {
	rows := t.tileH
	if t.tags[tagTileOffsets].count == 0 {
		rows = min(rows, t.h-y)
	}
	planes := make([]io.Reader, t.planes)
	for p := range planes {
		r, err := t.open(i+p*t.across()*t.down(), rows)
		if err != nil {
			return err
		}
		planes[p] = bufio.NewReader(r)
	}
	size := (t.tileW*t.samples/t.planes*t.bits + 7) / 8
	row, plane := make([]byte, size*t.planes), make([]byte, size)
	for k := range min(rows, t.h-y) {
		for p, r := range planes {
			if _, err := io.ReadFull(r, plane); err != nil {
				return fmt.Errorf("row %d: %w", k, noEOF(err))
			}
			if t.number(tagPredictor, 1) == 2 {
				t.sumUp(plane, t.samples/t.planes)
			}
			t.interleave(row, plane, p)
		}
		n := min(t.tileW, t.w-x)
		t.put(out.row(y + k)[3*x:3*(x+n)], row)
	}
	return checkSums(planes)
}

// checkSums reports a wrong checksum of deflate after the last row. A missing one is no
// error, as in libtiff.
func checkSums(planes []io.Reader) error {
	for _, r := range planes {
		if _, err := io.ReadFull(r, make([]byte, 1)); errors.Is(err, zlib.ErrChecksum) {
			return err
		}
	}
	return nil
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// interleave copies the samples of a plane to their places in a row of pixels.
func (t *tiffFile) interleave(row, plane []byte, p int) {
	if t.planes == 1 {
		copy(row, plane)
		return
	}
	for size, x := t.bits/8, 0; x < len(plane)/max(size, 1); x++ {
		copy(row[(x*t.planes+p)*size:], plane[x*size:(x+1)*size])
	}
}

// sumUp undoes the horizontal predictor.
func (t *tiffFile) sumUp(row []byte, samples int) {
	switch t.bits {
	case 8:
		for i := samples; i < len(row); i++ {
			row[i] += row[i-samples]
		}
	case 16:
		for i := samples; i < len(row)/2; i++ {
			t.order.PutUint16(row[2*i:], t.order.Uint16(row[2*i:])+t.order.Uint16(row[2*(i-samples):]))
		}
	case 32:
		for i := samples; i < len(row)/4; i++ {
			t.order.PutUint32(row[4*i:], t.order.Uint32(row[4*i:])+t.order.Uint32(row[4*(i-samples):]))
		}
	}
}

// packBits undoes Apple's run-length compression.
type packBits struct {
	r       *bytes.Reader
	literal int
	repeat  int
	value   byte
}

func (p *packBits) Read(b []byte) (n int, err error) {
	for n < len(b) {
		switch {
		case p.literal > 0:
			k, err := p.r.Read(b[n:min(n+p.literal, len(b))])
			if n += k; err != nil {
				return n, err
			}
			p.literal -= k
		case p.repeat > 0:
			b[n] = p.value
			n++
			p.repeat--
		default:
			c, err := p.r.ReadByte()
			if err != nil {
				return n, err
			}
			switch k := int(int8(c)); {
			case k >= 0:
				p.literal = k + 1
			case k > -128:
				p.repeat = 1 - k
				if p.value, err = p.r.ReadByte(); err != nil {
					return n, err
				}
			}
		}
	}
	return n, nil
}
