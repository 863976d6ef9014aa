package transforms

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"io"
	"os"

	"golang.org/x/image/bmp"
)

// Errors of the decoder; test with errors.Is.
var (
	// ErrDecode says that the bytes are not a whole image of a known format.
	ErrDecode = errors.New("cannot decode image")
	// ErrTooLarge says that an image claims more than MaxPixels pixels, or that
	// its file has more than 1 GiB.
	ErrTooLarge = errors.New("image too large")
)

// MaxPixels is the most pixels that Decode accepts: 100 million. It is checked
// before memory is taken for them, and so is whether the file is long enough to
// hold what its header promises.
const MaxPixels = 100_000_000

const maxFileBytes = 1 << 30

// DecodeFile decodes an image file; see Decode. Errors name the file.
func DecodeFile(path string) (*RGB, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("transforms: %w", err)
	}
	if info.Size() > maxFileBytes {
		return nil, fmt.Errorf("transforms: %s: %w: %d bytes", path, ErrTooLarge, info.Size())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("transforms: %w", err)
	}
	img, err := DecodeBytes(data)
	if err != nil {
		return nil, fmt.Errorf("transforms: %s: %w", path, err)
	}
	return img, nil
}

// Decode reads an image of at most 1 GiB from r; see DecodeBytes.
func Decode(r io.Reader) (*RGB, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("transforms: %w", err)
	}
	if len(data) > maxFileBytes {
		return nil, fmt.Errorf("transforms: %w: more than %d bytes", ErrTooLarge, maxFileBytes)
	}
	img, err := DecodeBytes(data)
	if err != nil {
		return nil, fmt.Errorf("transforms: %w", err)
	}
	return img, nil
}

// A format is known by the bytes that its files begin with.
type format struct {
	name   string
	magic  string // '?' stands for any byte
	dense  int    // most pixels that a byte of a file can hold; guards against decompression bombs
	size   func(data []byte) (w, h int, err error)
	decode func(data []byte) (*RGB, error)
}

var formats = append([]format{
	{"JPEG", "\xff\xd8\xff", 1024, sizeBy(jpeg.DecodeConfig), decodeBy(jpeg.Decode)},
	{"PNG", "\x89PNG\r\n\x1a\n", 8256, pngSize, decodePNG},
	{"GIF", "GIF8?a", 4096, sizeBy(gif.DecodeConfig), decodeGIF},
	{"BMP", "BM????\x00\x00\x00\x00", 8, sizeBy(bmp.DecodeConfig), decodeBy(bmp.Decode)},
	{"TIFF", "II\x2a\x00", 32768, tiffSize, decodeTIFF},
	{"TIFF", "MM\x00\x2a", 32768, tiffSize, decodeTIFF},
	{"TIFF", "II\x2b\x00", 32768, tiffSize, decodeTIFF},
	{"TIFF", "MM\x00\x2b", 32768, tiffSize, decodeTIFF},
	{"WebP", "RIFF????WEBPVP8", 32768, webpSize, decodeWebP},
}, pnmFormats()...)

// sizeBy and decodeBy make a format of an image package's functions.
func sizeBy(config func(io.Reader) (image.Config, error)) func([]byte) (w, h int, err error) {
	return func(data []byte) (w, h int, err error) {
		c, err := config(bytes.NewReader(data))
		return c.Width, c.Height, err
	}
}

func decodeBy(decode func(io.Reader) (image.Image, error)) func([]byte) (*RGB, error) {
	return func(data []byte) (*RGB, error) {
		m, err := decode(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		return FromImage(m), nil
	}
}

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
// cut to 8, palettes looked up, CMYK turned to RGB, grey levels above 255 (of 16
// bits, 32 bits or floating point) cut to 255. JPEG's chroma is interpolated as
// libjpeg does, lossy WebP's as libwebp does. Bytes after the image are ignored,
// and so is EXIF's orientation, but that of a TIFF is applied. Errors wrap ErrDecode
// or ErrTooLarge; those of other formats and files name what they are.
func DecodeBytes(data []byte) (img *RGB, err error) {
	defer func() { // a decoder's panic is a bad file's fault
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

// decodeGIF decodes the first frame.
func decodeGIF(data []byte) (*RGB, error) {
	c, err := gif.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	m, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if p, ok := m.(*image.Paletted); ok {
		return gifFrame(p, c), nil
	}
	return FromImage(m), nil
}

// gifFrame puts the first frame on the canvas that the file declares. Go makes
// the transparent index black; Pillow shows its colour.
func gifFrame(m *image.Paletted, c image.Config) *RGB {
	if global, ok := c.ColorModel.(color.Palette); ok && len(global) == len(m.Palette) {
		for i, entry := range m.Palette {
			if _, _, _, a := entry.RGBA(); a == 0 {
				m.Palette[i] = global[i]
			}
		}
	}
	out := NewRGB(c.Width, c.Height)
	colours := rgbPalette(m.Palette)
	for i := 0; i < len(out.Pix); i += 3 {
		copy(out.Pix[i:], colours[0][:])
	}
	for y := max(m.Rect.Min.Y, 0); y < min(m.Rect.Max.Y, out.H); y++ {
		for x := max(m.Rect.Min.X, 0); x < min(m.Rect.Max.X, out.W); x++ {
			copy(out.row(y)[3*x:], colours[m.ColorIndexAt(x, y)][:])
		}
	}
	return out
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

// opaque drops a colour's alpha without the loss of premultiplication where the
// colour has none.
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
