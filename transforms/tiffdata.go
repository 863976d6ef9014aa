package transforms

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"math/bits"

	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"
)

var tiffCompressions = map[int]string{
	2: "CCITT run lengths", 6: "old JPEG", 32809: "ThunderScan", 32946: "deflate", 34661: "JBIG", 34712: "JPEG 2000", 34887: "LERC",
	34925: "LZMA", 50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}

// checkCompression names what cannot be read.
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

// readTile converts a strip or a tile, whose first pixel is (x, y), of which only
// what lies in the picture counts.
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
	return nil
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// interleave puts the samples of a plane to their places in a row of pixels.
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

// adobePlain is the segment APP14 that marks four components as inks, untransformed.
const adobePlain = "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"

// readJPEG decodes a strip or tile that is a JPEG stream, whose tables may be
// common to all.
func (t *tiffFile) readJPEG(out *RGB, i, x, y int) error {
	stream := t.raw(i)
	if tables := t.tags[tagJPEGTables].raw; len(tables) > 4 && len(stream) > 2 {
		stream = append(append([]byte{}, tables[:len(tables)-2]...), stream[2:]...) // without EOI, without SOI
	}
	if t.samples == 4 && len(stream) > 2 { // what Go needs to decode four components
		stream = append(append([]byte{0xff, 0xd8}, adobePlain...), stream[2:]...)
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(stream))
	if err != nil {
		return err
	}
	if c.Width > t.tileW || c.Height > t.tileH || c.Width > MaxPixels/c.Height || c.Width*c.Height/maxJPEGRate > len(stream)+1024 {
		return fmt.Errorf("a JPEG of %d×%d pixels", c.Width, c.Height)
	}
	m, err := jpeg.Decode(bytes.NewReader(stream))
	if err != nil {
		return err
	}
	part, err := t.fromJPEG(m)
	if err != nil {
		return err
	}
	if n := min(t.tileW, t.w-x); part.W < n || part.H < min(t.tileH, t.h-y) {
		return fmt.Errorf("a JPEG of %d×%d pixels", part.W, part.H)
	}
	for k := range min(t.tileH, t.h-y) {
		copy(out.row(y + k)[3*x:], part.row(k)[:3*min(t.tileW, t.w-x)])
	}
	return nil
}

// fromJPEG converts what Go decoded: the colours are those that the TIFF names,
// not those that a JPEG file of its own would have.
func (t *tiffFile) fromJPEG(m image.Image) (*RGB, error) {
	switch m := m.(type) {
	case *image.Gray:
		if t.samples == 1 && t.photometric == 1 {
			return FromImage(m), nil
		}
	case *image.YCbCr:
		if t.samples == 3 && t.photometric == 6 {
			return fromYCbCr(m), nil
		}
		if t.samples == 3 && m.SubsampleRatio == image.YCbCrSubsampleRatio444 { // the planes are red, green and blue
			return upsample(m, func(dst, r, g, b []uint8) {
				for x := range r {
					dst[3*x], dst[3*x+1], dst[3*x+2] = r[x], g[x], b[x]
				}
			}), nil
		}
	case *image.RGBA: // Go found it to be RGB by itself
		if t.samples == 3 {
			return FromImage(m), nil
		}
	case *image.CMYK: // Go takes the samples for inverted inks
		for i, v := range m.Pix {
			m.Pix[i] = 255 - v
		}
		if t.photometric == 5 {
			return FromImage(m), nil
		}
		if t.photometric == 2 {
			return fromBytes(m.Rect.Dx(), m.Rect.Dy(), m.Pix, m.Stride, 4, func(d, s []uint8) { copy(d, s[:3]) }), nil
		}
	}
	return nil, fmt.Errorf("JPEG compression of %s in %d samples is not supported", named(tiffColours, t.photometric), t.samples)
}

// turned reports whether the orientation swaps rows and columns.
func (t *tiffFile) turned() bool {
	o := t.number(tagOrientation, 1)
	return o >= 5 && o <= 8
}

// turn brings a page into its orientation, as Pillow does for TIFF alone.
func (t *tiffFile) turn(img *RGB) *RGB {
	o := t.number(tagOrientation, 1)
	if o < 2 || o > 8 {
		return img
	}
	out := NewRGB(img.W, img.H)
	if t.turned() {
		out = NewRGB(img.H, img.W)
	}
	for y := range out.H {
		for x := range out.W {
			sx, sy := x, y
			if t.turned() {
				sx, sy = y, x
			}
			if o == 2 || o == 3 || o == 7 || o == 8 {
				sx = img.W - 1 - sx
			}
			if o == 3 || o == 4 || o == 6 || o == 7 {
				sy = img.H - 1 - sy
			}
			copy(out.row(y)[3*x:3*x+3], img.row(sy)[3*sx:])
		}
	}
	return out
}
