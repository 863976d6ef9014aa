package transforms

import (
	"fmt"
	"math"
)

// choose sets the function that converts rows of samples to RGB, as Pillow's modes and
// its convert("RGB") do.
func (t *tiffFile) choose() error {
	if t.bits < 1 || t.bits > 64 || t.samples < 1 || t.samples > 6 {
		return fmt.Errorf("%d samples of %d bits a pixel are not supported", t.samples, t.bits)
	}
	integer := t.format == 1 || t.format == 4
	bytewise := t.bits == 8 || t.bits == 16 && integer
	switch p := t.photometric; {
	case p < 2 && t.samples == 1 && t.bits <= 4 && t.bits != 3 && integer:
		t.put = t.putFew(t.greys())
	case p < 2 && t.bits == 8 && t.samples <= 2:
		t.put = t.putGrey
	case p < 2 && t.bits >= 16 && t.samples == 1 && t.wide() != nil:
		t.put = t.putWide
	case p == 2 && bytewise && t.samples >= 3, p == 6 && t.compression == 7 && t.samples == 3:
		t.put = t.putRGB
	case p == 3 && t.bits <= 8 && integer && (t.samples == 1 || t.samples == 2 && t.bits == 8):
		return t.choosePalette()
	case p == 5 && bytewise && t.samples >= 4:
		t.put = t.putCMYK
	default:
		return fmt.Errorf("a pixel of %d samples of %d bits (%s, %s) is not supported; convert it to 8-bit RGB",
			t.samples, t.bits, named(tiffColours, p), named(tiffFormats, t.format))
	}
	return t.checkCompression()
}

var (
	tiffColours = map[int]string{-1: "no colour space", 0: "grey", 1: "grey", 2: "RGB", 3: "palette", 4: "mask", 5: "CMYK", 6: "YCbCr", 8: "CIELab", 32803: "raw sensor data", 34892: "raw sensor data"}
	tiffFormats = map[int]string{1: "unsigned", 2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}
)

func named(names map[int]string, n int) string {
	if s, ok := names[n]; ok {
		return s
	}
	return fmt.Sprintf("kind %d", n)
}

// sample is sample i of a row in 8 bits: of 16 bits the upper 8.
func (t *tiffFile) sample(row []byte, i int) uint8 {
	if t.bits == 8 {
		return row[i]
	}
	return uint8(t.order.Uint16(row[2*i:]) >> 8)
}

// greys are the levels of 1, 2 or 4 bits.
func (t *tiffFile) greys() (levels [256][3]uint8) {
	most := 1<<t.bits - 1
	for v := range most + 1 {
		level := uint8(v * 255 / most)
		if t.photometric == 0 {
			level = 255 - level
		}
		levels[v] = [3]uint8{level, level, level}
	}
	return levels
}

func (t *tiffFile) choosePalette() error {
	colours := t.numbers(tagColours)
	n := len(colours) / 3
	if n < 1 || n > 256 {
		return fmt.Errorf("a palette of %d colours", n)
	}
	var table [256][3]uint8
	for i := range n {
		for c := range 3 {
			table[i][c] = uint8(colours[c*n+i] >> 8)
		}
	}
	t.put = t.putFew(table)
	return t.checkCompression()
}

// putFew looks up samples of at most 8 bits.
func (t *tiffFile) putFew(table [256][3]uint8) func(dst, row []byte) {
	mask := byte(1<<t.bits - 1)
	return func(dst, row []byte) {
		for x := range len(dst) / 3 {
			bit := x * t.bits * t.samples
			v := row[bit/8] >> (8 - t.bits - bit%8) & mask
			copy(dst[3*x:], table[v][:])
		}
	}
}

func (t *tiffFile) putGrey(dst, row []byte) {
	for x := range len(dst) / 3 {
		v := row[x*t.samples]
		if t.photometric == 0 {
			v = 255 - v
		}
		dst[3*x], dst[3*x+1], dst[3*x+2] = v, v, v
	}
}

// wide returns a function that reads one sample of more than 8 bits; nil if they are not
// supported.
func (t *tiffFile) wide() func(b []byte) float64 {
	switch [2]int{t.format, t.bits} {
	case [2]int{1, 16}:
		return func(b []byte) float64 { return float64(t.order.Uint16(b)) }
	case [2]int{2, 16}:
		return func(b []byte) float64 { return float64(int16(t.order.Uint16(b))) }
	case [2]int{1, 32}, [2]int{2, 32}: // Pillow's are all signed
		return func(b []byte) float64 { return float64(int32(t.order.Uint32(b))) }
	case [2]int{3, 32}:
		return func(b []byte) float64 { return float64(math.Float32frombits(t.order.Uint32(b))) }
	case [2]int{3, 64}:
		return func(b []byte) float64 { return math.Float64frombits(t.order.Uint64(b)) }
	}
	return nil
}

// putWide cuts levels to 0 … 255, as Pillow does: they are not scaled.
func (t *tiffFile) putWide(dst, row []byte) {
	read, size := t.wide(), t.bits/8
	for x := range len(dst) / 3 {
		v := clipGrey(read(row[x*size:]))
		dst[3*x], dst[3*x+1], dst[3*x+2] = v, v, v
	}
}

func clipGrey(v float64) uint8 {
	if !(v > 0) { // or NaN
		return 0
	}
	return uint8(min(v, 255))
}

// putRGB drops further samples, after dividing by alpha if the colours are multiplied
// with it.
func (t *tiffFile) putRGB(dst, row []byte) {
	for x := range len(dst) / 3 {
		d := dst[3*x : 3*x+3]
		for c := range d {
			d[c] = t.sample(row, x*t.samples+c)
		}
		if t.extra != 1 || t.samples < 4 || t.bits != 8 {
			continue
		}
		if a := int(row[x*t.samples+3]); a < 255 {
			for c, v := range d {
				d[c] = uint8(min(int(v)*255/max(a, 1), 255))
				if a == 0 {
					d[c] = 0
				}
			}
		}
	}
}

func (t *tiffFile) putCMYK(dst, row []byte) {
	var inks [4]uint8
	for x := range len(dst) / 3 {
		for c := range inks {
			inks[c] = t.sample(row, x*t.samples+c)
		}
		fromCMYK(dst[3*x:3*x+3], inks[:])
	}
}
