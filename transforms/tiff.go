package transforms

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Tags of TIFF 6.0 and its supplements.
const (
	tagWidth, tagHeight          = 256, 257
	tagBits                      = 258
	tagCompression               = 259
	tagPhotometric               = 262
	tagFillOrder                 = 266
	tagStripOffsets              = 273
	tagOrientation               = 274
	tagSamples                   = 277
	tagRowsPerStrip              = 278
	tagStripBytes                = 279
	tagPlanar                    = 284
	tagFaxOptions                = 292
	tagPredictor                 = 317
	tagColours                   = 320
	tagTileWidth, tagTileHeight  = 322, 323
	tagTileOffsets, tagTileBytes = 324, 325
	tagExtraSamples              = 338
	tagSampleFormat              = 339
	tagJPEGTables                = 347
)

// numberTags are the tags that decoding depends on: their values must be numbers.
var numberTags = []uint16{
	tagWidth, tagHeight, tagBits, tagCompression, tagPhotometric, tagFillOrder, tagStripOffsets, tagOrientation, tagSamples, tagRowsPerStrip, tagStripBytes,
	tagPlanar, tagFaxOptions, tagPredictor, tagColours, tagTileWidth, tagTileHeight, tagTileOffsets, tagTileBytes, tagExtraSamples, tagSampleFormat,
}

// tiffFile is the first page of a TIFF or BigTIFF file.
type tiffFile struct {
	data  []byte
	order binary.ByteOrder
	tags  map[uint16]tiffValues

	w, h                     int
	bits, samples            int // per sample, per pixel
	compression, photometric int
	format                   int // of samples: 1 unsigned, 2 signed, 3 floating
	planes                   int // 1, or as many as samples if each has its own plane
	extra                    int // kind of the first extra sample: 1 alpha with which colours are multiplied
	tileW, tileH             int // of a tile, or of a strip
	offsets, sizes           []uint64
	put                      func(dst, row []byte) // converts a row of samples
}

const (
	maxTiles    = 1 << 22 // most strips or tiles of a file
	maxTIFFRow  = 1 << 24 // most bytes of a row of samples
	maxJPEGRate = 1024    // most pixels per byte of JPEG
)

// tiffValues are the values of a tag, still encoded.
type tiffValues struct {
	kind  uint16
	count int
	raw   []byte
}

// tiffSizes are the sizes in bytes of the types of integers, and of type 7, undefined bytes.
var tiffSizes = map[uint16]int{1: 1, 3: 2, 4: 4, 7: 1, 13: 4, 16: 8, 18: 8}

// tiffSize reads the size of the first page.
func tiffSize(data []byte) (w, h int, err error) {
	t, err := openTIFF(data)
	if err != nil {
		return 0, 0, err
	}
	if t.turned() {
		return t.h, t.w, nil
	}
	return t.w, t.h, nil
}

// openTIFF reads the first page's tags and checks that it is of a kind that can
// be decoded.
func openTIFF(data []byte) (*tiffFile, error) {
	t := &tiffFile{data: data, order: binary.LittleEndian, tags: map[uint16]tiffValues{}}
	if data[0] == 'M' {
		t.order = binary.BigEndian
	}
	if err := t.readTags(); err != nil {
		return nil, err
	}
	t.w, t.h = t.number(tagWidth, 0), t.number(tagHeight, 0)
	t.compression, t.photometric = t.number(tagCompression, 1), t.number(tagPhotometric, -1)
	t.samples, t.bits, t.format = t.number(tagSamples, 1), t.number(tagBits, 1), t.number(tagSampleFormat, 1)
	t.extra, t.planes = t.number(tagExtraSamples, 0), 1
	if t.number(tagPlanar, 1) == 2 {
		t.planes = t.samples
	}
	if t.w < 1 || t.h < 1 || t.w > 1<<30 || t.h > 1<<30 {
		return nil, fmt.Errorf("its first page has %d×%d pixels", t.w, t.h)
	}
	for _, tag := range []uint16{tagBits, tagSampleFormat} {
		if all := t.numbers(tag); len(all) > 1 && slices.ContainsFunc(all, func(v uint64) bool { return v != all[0] }) {
			return nil, fmt.Errorf("samples of different kinds in a pixel (tag %d: %d) are not supported", tag, all)
		}
	}
	return t, t.choose()
}

// readTags reads the first directory.
func (t *tiffFile) readTags() error {
	word := 4 // bytes of an offset
	if t.order.Uint16(t.data[2:]) == 43 {
		word = 8
	}
	cut := errors.New("its directory is cut off")
	if len(t.data) < 16 {
		return cut
	}
	at := t.unsigned(t.data[word:], word)
	counted := map[int]int{4: 2, 8: 8}[word] // bytes of the number of entries
	if at > uint64(len(t.data)-counted) {
		return cut
	}
	entries := t.data[at+uint64(counted):]
	n, size := t.unsigned(t.data[at:], counted), 4+2*word
	if n > uint64(len(entries)/size) {
		return cut
	}
	for i := range int(n) {
		e := entries[i*size:]
		kind, count := t.order.Uint16(e[2:]), t.unsigned(e[4:], word)
		bytes := uint64(tiffSizes[kind])
		if tag := t.order.Uint16(e); bytes == 0 && slices.Contains(numberTags, tag) {
			return fmt.Errorf("its tag %d holds no numbers, but values of type %d", tag, kind)
		}
		if bytes == 0 {
			continue // text and fractions
		}
		if count > uint64(len(t.data))/bytes {
			return cut
		}
		from := e[4+word : 4+2*word]
		if count*bytes > uint64(word) {
			offset := t.unsigned(from, word)
			if offset > uint64(len(t.data)) || count*bytes > uint64(len(t.data))-offset {
				return cut
			}
			from = t.data[offset:]
		}
		t.tags[t.order.Uint16(e)] = tiffValues{kind, int(count), from[:count*bytes]}
	}
	return nil
}

// unsigned reads a number of 1, 2, 4 or 8 bytes.
func (t *tiffFile) unsigned(b []byte, size int) uint64 {
	switch size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(t.order.Uint16(b))
	case 4:
		return uint64(t.order.Uint32(b))
	}
	return t.order.Uint64(b)
}

// numbers are the values of a tag.
func (t *tiffFile) numbers(tag uint16) []uint64 {
	v := t.tags[tag]
	if v.count > maxTiles {
		return nil
	}
	size := tiffSizes[v.kind]
	all := make([]uint64, v.count)
	for i := range all {
		all[i] = t.unsigned(v.raw[i*size:], size)
	}
	return all
}

// number is the first value of a tag, or missing if there is none.
func (t *tiffFile) number(tag uint16, missing int) int {
	v := t.tags[tag]
	if v.count == 0 {
		return missing
	}
	return int(min(t.unsigned(v.raw, tiffSizes[v.kind]), 1<<31))
}

// readLayout finds the strips or tiles.
func (t *tiffFile) readLayout() error {
	t.offsets, t.sizes = t.numbers(tagStripOffsets), t.numbers(tagStripBytes)
	if len(t.offsets) == 1 && len(t.sizes) == 0 && t.offsets[0] <= uint64(len(t.data)) {
		t.sizes = []uint64{uint64(len(t.data)) - t.offsets[0]}
	}
	t.tileW, t.tileH = t.w, min(t.number(tagRowsPerStrip, t.h), t.h)
	if t.tags[tagTileOffsets].count > 0 {
		t.offsets, t.sizes = t.numbers(tagTileOffsets), t.numbers(tagTileBytes)
		t.tileW, t.tileH = t.number(tagTileWidth, 0), t.number(tagTileHeight, 0)
	}
	if t.tileW < 1 || t.tileH < 1 || t.tileW > t.w+1<<16 || t.tileH > t.h+1<<16 {
		return fmt.Errorf("its tiles have %d×%d pixels", t.tileW, t.tileH)
	}
	if t.tileW > maxTIFFRow*8/(t.samples*t.bits) {
		return fmt.Errorf("rows of %d pixels of %d bits are too long", t.tileW, t.samples*t.bits)
	}
	if want := t.across() * t.down() * t.planes; len(t.offsets) < want || len(t.sizes) < want {
		return fmt.Errorf("it has %d strips or tiles, want %d", min(len(t.offsets), len(t.sizes)), want)
	}
	for i, offset := range t.offsets {
		if i < len(t.sizes) && (offset > uint64(len(t.data)) || t.sizes[i] > uint64(len(t.data))-offset) {
			return errors.New("it is truncated")
		}
	}
	if most := map[int]int{1: 1, 32773: 64}[t.compression]; most > 0 && t.w*t.h/most > len(t.data)*8/(t.bits*t.samples) {
		return errors.New("it is truncated") // before memory is allocated for it
	}
	return nil
}

func (t *tiffFile) across() int { return (t.w + t.tileW - 1) / t.tileW }
func (t *tiffFile) down() int   { return (t.h + t.tileH - 1) / t.tileH }
