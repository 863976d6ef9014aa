package transforms

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"io"
	"os"
)

// Errors of the decoder; test with errors.Is.
var (
	// ErrDecode: the bytes are not a complete image of a known format.
	ErrDecode = errors.New("cannot decode image")
	// ErrTooLarge: an image has more than MaxPixels pixels by its header, or its
	// file more than 1 GiB.
	ErrTooLarge = errors.New("image too large")
)

// MaxPixels is the largest number of pixels that Decode accepts: 100 million. Before
// memory is allocated, the size in the header is compared with it, and with the
// length of the file.
const MaxPixels = 100_000_000

const maxFileBytes = 1 << 30

// DecodeFile decodes an image file; see Decode. Errors name the file.
func DecodeFile(path string) (*RGB, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("transforms: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("transforms: %w", err)
	}
	data, err := readAll(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("transforms: %s: %w", path, err)
	}
	img, err := DecodeBytes(data)
	if err != nil {
		return nil, fmt.Errorf("transforms: %s: %w", path, err)
	}
	return img, nil
}

// Decode reads an image of at most 1 GiB from r; see DecodeBytes.
func Decode(r io.Reader) (*RGB, error) {
	data, err := readAll(r, 0)
	if err != nil {
		return nil, fmt.Errorf("transforms: %w", err)
	}
	img, err := DecodeBytes(data)
	if err != nil {
		return nil, fmt.Errorf("transforms: %w", err)
	}
	return img, nil
}

// readAll reads at most 1 GiB. size is the expected number of bytes, which may be wrong:
// devices have none, and files may grow.
func readAll(r io.Reader, size int64) ([]byte, error) {
	if size > maxFileBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, size)
	}
	var b bytes.Buffer
	b.Grow(int(size) + bytes.MinRead)
	n, err := b.ReadFrom(io.LimitReader(r, maxFileBytes+1))
	if err != nil {
		return nil, err
	}
	if n > maxFileBytes {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, maxFileBytes)
	}
	return b.Bytes(), nil
}

// A format is recognised by the first bytes of a file.
type format struct {
	name   string
	magic  string // '?' stands for any byte
	dense  int    // most pixels that a byte of a file can hold; guards against decompression bombs
	size   func(data []byte) (w, h int, err error)
	decode func(data []byte) (*RGB, error)
}

var formats = append([]format{
	{"JPEG", "\xff\xd8\xff", 1024, jpegSize, decodeJPEG},
	{"PNG", "\x89PNG\r\n\x1a\n", 8256, pngSize, decodePNG},
	{"GIF", "GIF8?a", 4096, gifSize, decodeGIF},
	{"BMP", "BM", 128, bmpSize, decodeBMP},
	{"TIFF", "II\x2a\x00", 32768, tiffSize, decodeTIFF},
	{"TIFF", "MM\x00\x2a", 32768, tiffSize, decodeTIFF},
	{"TIFF", "II\x2b\x00", 32768, tiffSize, decodeTIFF},
	{"TIFF", "MM\x00\x2b", 32768, tiffSize, decodeTIFF},
	{"WebP", "RIFF????WEBPVP8", 32768, webpSize, decodeWebP},
}, pnmFormats()...)

func (f *format) matches(data []byte) bool {
	if len(data) < len(f.magic) {
		return false
	}
	for i := range len(f.magic) {
		if f.magic[i] != '?' && f.magic[i] != data[i] {
			return false
		}
	}
	return true
}

// DecodeBytes decodes a JPEG, PNG, GIF or WebP (of an animation the first frame),
// TIFF (the first page), BMP or PNM image, recognised by its content, into RGB as
// Pillow's convert("RGB") does: alpha is dropped, grey repeated, colours of 16 bits
// cut to 8, palettes looked up, CMYK converted to RGB, grey levels above 255 (of 16
// bits, 32 bits or floating point) cut to 255. JPEG's chroma is interpolated as
// libjpeg does, lossy WebP's as libwebp does. Bytes after the image are ignored,
// and so is EXIF's orientation, but that of a TIFF is applied. Errors wrap ErrDecode
// or ErrTooLarge; for a file of another format they name the format if it is known.
func DecodeBytes(data []byte) (img *RGB, err error) {
	defer func() { // decoders may panic on damaged files
		if p := recover(); p != nil {
			img, err = nil, fmt.Errorf("%w: %v", ErrDecode, p)
		}
	}()
	for i := range formats {
		if f := &formats[i]; f.matches(data) {
			return f.read(data)
		}
	}
	return nil, notDecoded(data)
}

func (f *format) read(data []byte) (*RGB, error) {
	w, h, err := f.size(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %s header: %w", ErrDecode, f.name, err)
	}
	if w < 1 || h < 1 {
		return nil, fmt.Errorf("%w: %s of %d×%d pixels", ErrDecode, f.name, w, h)
	}
	if w > MaxPixels/h {
		return nil, fmt.Errorf("%w: %s of %d×%d pixels, at most %d are read", ErrTooLarge, f.name, w, h, MaxPixels)
	}
	if w*h/f.dense > len(data)+1024 {
		return nil, fmt.Errorf("%w: %s of %d×%d pixels in %d bytes", ErrDecode, f.name, w, h, len(data))
	}
	img, err := f.decode(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDecode, f.name, err)
	}
	return img, nil
}

// rgbPalette drops alpha; indices past the palette are black.
func rgbPalette(p color.Palette) *[256][3]uint8 {
	var t [256][3]uint8
	for i, c := range p {
		if i < len(t) {
			t[i] = opaque(c)
		}
	}
	return &t
}

// opaque drops a colour's alpha. Colours that are not premultiplied keep all bits.
func opaque(c color.Color) [3]uint8 {
	switch c := c.(type) {
	case color.NRGBA:
		return [3]uint8{c.R, c.G, c.B}
	case color.NRGBA64:
		return [3]uint8{uint8(c.R >> 8), uint8(c.G >> 8), uint8(c.B >> 8)}
	}
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	return [3]uint8{n.R, n.G, n.B}
}
