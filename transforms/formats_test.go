package transforms

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type formatFile struct {
	Name string
	File []byte
	Want *packed // nil: Pillow refuses it
}

// formatFiles are what internal/gen/golden/formats.py wrote.
func formatFiles(t testing.TB) []formatFile {
	var all []formatFile
	readJSON(t, "formats.json", &all)
	return all
}

func formatData(t testing.TB, name string) []byte {
	t.Helper()
	for _, f := range formatFiles(t) {
		if f.Name == name {
			return f.File
		}
	}
	t.Fatalf("no %s", name)
	return nil
}

// TIFF, WebP and PNM equal Pillow's convert("RGB") in every bit, but for JPEG
// within TIFF.
func TestFormatsAsPillow(t *testing.T) {
	for _, f := range formatFiles(t) {
		got, err := DecodeBytes(f.File)
		if f.Want == nil {
			if !errors.Is(err, ErrDecode) {
				t.Errorf("%s, which Pillow refuses: %v", f.Name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		want := f.Want.image(t)
		if got.W != want.W || got.H != want.H {
			t.Errorf("%s: %d×%d pixels, want %d×%d", f.Name, got.W, got.H, want.W, want.H)
			continue
		}
		limit := 0
		if strings.HasPrefix(f.Name, "jpeg") {
			limit = 3
		}
		if most, mean := difference(got, want); most > limit {
			t.Errorf("%s: up to %d levels from Pillow's, %.3f on average", f.Name, most, mean)
		}
	}
}

// Files that are cut anywhere are refused, or decode in full where only what
// follows the pixels is missing.
func TestFormatsTruncated(t *testing.T) {
	for _, name := range []string{"tiff_rgb_little", "tiff_rgb_tiff_lzw", "tiff_tiles_8", "webp_lossy", "webp_lossless", "webp_animated_lossless_rgb", "pnm_rgb", "pnm_bits"} {
		data := formatData(t, name)
		for _, cut := range []int{4, 8, 20, len(data) / 2, len(data) - 3} {
			if cut >= len(data) {
				continue
			}
			if _, err := DecodeBytes(data[:cut]); !errors.Is(err, ErrDecode) {
				t.Errorf("%s cut to %d of %d bytes: %v", name, cut, len(data), err)
			}
		}
	}
}

// A PNG is complete without what follows its pixels, but not if a chunk of them is
// cut off; errors of damaged files say of which kind they are.
func TestDamageIsNamed(t *testing.T) {
	png, jpeg := imageFile(t, "png_rgb"), imageFile(t, "jpeg_444_48x32")
	end := bytes.Index(png, []byte("IEND")) - 4
	if _, err := DecodeBytes(png[:end]); err != nil {
		t.Errorf("a PNG without IEND: %v", err)
	}
	if _, err := DecodeBytes(png[:end-4]); err != nil {
		t.Errorf("a PNG without its last checksum: %v", err)
	}
	flipped := bytes.Clone(png)
	flipped[bytes.Index(png, []byte("IDAT"))+30] ^= 0xff
	damaged := bytes.Clone(jpeg)
	copy(damaged[len(jpeg)-200:], "\xff\xe5\xff\xe5")
	for _, c := range []struct {
		what string
		data []byte
		says string
	}{
		{"PNG cut within its pixels", png[:end-5], "PNG: it is truncated"},
		{"PNG with wrong pixels", flipped, "PNG: it is damaged"},
		{"JPEG without its end", jpeg[:len(jpeg)-2], "JPEG: it is truncated"},
		{"half a JPEG", jpeg[:len(jpeg)/2], "truncated"},
		{"JPEG with wrong data", damaged, "JPEG: its data are damaged"},
		{"arithmetic coding", bytes.Replace(jpeg, []byte{0xff, 0xc0}, []byte{0xff, 0xc9}, 1), "arithmetic coding is not supported"},
		{"12 bits", bytes.Replace(jpeg, []byte{0xff, 0xc0, 0, 17, 8}, []byte{0xff, 0xc1, 0, 17, 12}, 1), "12 bits a sample are not supported"},
		{"odd sampling", bytes.Replace(jpeg, []byte{48, 3, 1, 0x11}, []byte{48, 3, 1, 0x31}, 1), "unsupported JPEG feature"},
		{"progressive with restarts", bytes.Replace(jpeg, []byte{0xff, 0xc0}, []byte{0xff, 0xdd, 0, 4, 0, 3, 0xff, 0xc2}, 1), "restart markers in progressive JPEG"},
		{"lossless", bytes.Replace(jpeg, []byte{0xff, 0xc0}, []byte{0xff, 0xc3}, 1), "lossless JPEG is not supported"},
	} {
		_, err := DecodeBytes(c.data)
		if !errors.Is(err, ErrDecode) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.what, err, c.says)
		}
	}
}

// Damage that only a checksum or a header shows is an error, as it is for Pillow.
func TestDamageIsNotDecoded(t *testing.T) {
	deflated, jpeg := formatData(t, "tiff_grey_tiff_adobe_deflate"), formatData(t, "jpeg_in_tiff_rgb")
	file, err := openTIFF(deflated)
	if err != nil || file.readLayout() != nil {
		t.Fatal(err)
	}
	end := int(file.offsets[0] + file.sizes[0])
	flipped := func(data []byte, at int, bit byte) []byte {
		data = bytes.Clone(data)
		data[at] ^= bit
		return data
	}
	kind := int(binary.LittleEndian.Uint32(jpeg[4:])) + 2 + 2 // of the first tag, the width
	for _, c := range []struct {
		what string
		data []byte
		says string
	}{
		{"checksum of deflate in TIFF", flipped(deflated, end-1, 1), "checksum"},
		{"method of PNG's pixels", flipped(imageFile(t, "png_rgb"), bytes.Index(imageFile(t, "png_rgb"), []byte("IDAT"))+4, 0x40), "damaged"},
		{"type of a tag's values", flipped(jpeg, kind, 8), "its tag 256 holds no numbers"},
		{"number of a PNM header", []byte("P5 1 1 255\x08\x00"), "follows the number 255"},
	} {
		if img, err := DecodeBytes(c.data); !errors.Is(err, ErrDecode) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v, want %q", c.what, img != nil, err, c.says)
		}
	}
	webp := formatData(t, "webp_described")
	if at := bytes.Index(webp, []byte("VP8X")); at < 0 {
		t.Error("webp_described has no canvas")
	} else if _, err := DecodeBytes(flipped(webp, at+12, 16)); !errors.Is(err, ErrDecode) || !strings.Contains(err.Error(), "a still picture of") {
		t.Errorf("a still WebP smaller than its canvas: %v", err)
	}
	file, err = openTIFF(jpeg)
	if err != nil || file.readLayout() != nil {
		t.Fatal(err)
	}
	if _, err := DecodeBytes(flipped(jpeg, int(file.offsets[0])+1, 4)); !errors.Is(err, ErrDecode) || !strings.Contains(err.Error(), "no JPEG stream") {
		t.Errorf("a strip that is no JPEG: %v", err)
	}
}

// changedTIFF replaces the value of a short or long tag in a little-endian file.
func changedTIFF(data []byte, tag uint16, value uint32) []byte {
	data = bytes.Clone(data)
	at := binary.LittleEndian.Uint32(data[4:])
	for e := data[at+2:]; len(e) >= 12; e = e[12:] {
		if binary.LittleEndian.Uint16(e) == tag {
			binary.LittleEndian.PutUint16(e[2:], 4)
			binary.LittleEndian.PutUint32(e[8:], value)
			break
		}
	}
	return data
}

// What a small file promises takes no memory before it is known to be there.
func TestFormatsEmptyPromises(t *testing.T) {
	rgb := formatData(t, "tiff_rgb_little")
	tiff := func(w, h uint32) []byte { return changedTIFF(changedTIFF(rgb, tagWidth, w), tagHeight, h) }
	webp := bytes.Clone(formatData(t, "webp_animated_lossless_rgb"))
	copy(webp[24:], "\x0f\x27\x00\x0f\x27\x00") // a canvas of 10000×10000
	small := bytes.Clone(formatData(t, "webp_lossless"))
	binary.LittleEndian.PutUint32(small[21:], binary.LittleEndian.Uint32(small[21:])|0x0fffffff)
	for what, data := range map[string][]byte{
		"tiff":                    tiff(9999, 9999),
		"tiff within the density": tiff(5000, 5000),
		"tiff of long rows":       changedTIFF(tiff(33_000_000, 1), tagCompression, 5),
		"tiff of many tags":       changedTIFF(rgb, tagStripOffsets, 1<<31),
		"tiff of huge tiles":      changedTIFF(changedTIFF(formatData(t, "tiff_tiles_8"), tagTileWidth, 1<<30), tagTileHeight, 1<<30),
		"bits of a pixel":         changedTIFF(rgb, tagSamples, 60000),
		"webp animation":          webp,
		"webp":                    small,
		"pnm":                     []byte("P6 9000 9000 255 123456"),
		"pnm bits":                []byte("P4 9999 9999 123456"),
	} {
		taken, err := allocated(data)
		if !errors.Is(err, ErrDecode) && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", what, err)
		}
		if taken > 1<<20 {
			t.Errorf("%s: %d bytes were taken to refuse it: %v", what, taken, err)
		}
	}
	for what, data := range map[string][]byte{"tiff": tiff(40_000, 40_000), "wide": tiff(1<<29, 1<<29), "pnm": []byte("P5 40000 40000 255 1")} {
		if _, err := DecodeBytes(data); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s of absurd size: %v", what, err)
		}
	}
}

// A tile of JPEG is no larger than its place and than its bytes can hold.
func TestTIFFHugeJPEG(t *testing.T) {
	data := bytes.Clone(formatData(t, "jpeg_in_tiff_rgb"))
	frame := bytes.Index(data, []byte{0xff, 0xc0}) + 5
	for _, side := range []uint16{14, 60000} {
		binary.BigEndian.PutUint16(data[frame:], side)
		binary.BigEndian.PutUint16(data[frame+2:], side)
		taken, err := allocated(data)
		if !errors.Is(err, ErrDecode) || taken > 1<<20 {
			t.Errorf("a side of %d pixels: %v, %d bytes were taken", side, err, taken)
		}
	}
	large := changedTIFF(changedTIFF(data, tagWidth, 2000), tagHeight, 2000)
	if taken, err := allocated(changedTIFF(large, tagRowsPerStrip, 60000)); !errors.Is(err, ErrDecode) || taken > 20<<20 {
		t.Errorf("a large picture of one tile: %v, %d bytes were taken", err, taken)
	}
}

// What is not supported is named.
func TestTIFFRefused(t *testing.T) {
	rgb, grey := formatData(t, "tiff_rgb_little"), formatData(t, "tiff_white_is_zero")
	for _, c := range []struct {
		file  []byte
		tag   uint16
		value uint32
		says  string
	}{
		{rgb, tagCompression, 50000, "Zstandard"},
		{rgb, tagCompression, 34925, "LZMA"},
		{rgb, tagCompression, 6, "old JPEG"},
		{rgb, tagCompression, 7777, "kind 7777"},
		{rgb, tagPhotometric, 8, "CIELab"},
		{rgb, tagPhotometric, 6, "YCbCr"},
		{rgb, tagSamples, 2, "2 samples of 8 bits (RGB, unsigned)"},
		{grey, tagBits, 12, "12 bits"},
		{grey, tagBits, 0, "0 bits"},
	} {
		_, err := DecodeBytes(changedTIFF(c.file, c.tag, c.value))
		if !errors.Is(err, ErrDecode) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("tag %d = %d: %v, want %q", c.tag, c.value, err, c.says)
		}
	}
}

// Files that are no image of a known format are refused by what they are, whatever
// they are called.
func TestUnreadableFiles(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ data, says string }{
		{"", "an empty file"},
		{strings.Repeat("\x00", 5000), "5000 bytes that are all zero"},
		{"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1", "AVIF image; convert it to PNG or JPEG"},
		{"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf", "AVIF image"},
		{"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIC image; convert it to PNG or JPEG"},
		{"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "HEIC image"},
		{"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isomiso2", "a video (isom)"},
		{"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ", "a video (qt)"},
		{"\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 ", "JPEG 2000 image; convert it"},
		{"\xff\x4f\xff\x51\x00\x2f", "JPEG 2000 codestream; convert it"},
		{"\xff\x0a\x00", "JPEG XL"},
		{"8BPS\x00\x01", "Photoshop"},
		{"<?xml version=\"1.0\"?>\n<svg xmlns='x'/>", "SVG"},
		{"  <svg>", "SVG"},
		{"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'x'>\n<svg/>", "SVG"},
		{"<!-- drawn --><svg/>", "SVG"},
		{"<!doctype html><svg/>", "a web page"},
		{"<!DOCTYPE html><title>403</title>", "a web page"},
		{"\n<HTML>", "a web page"},
		{"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>", "XML"},
		{`{"error": "not found"}`, "JSON"},
		{"%PDF-1.4", "PDF"},
		{"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "git lfs pull"},
		{"404: Not Found", `text that begins with "404: not found"`},
		{"PK\x03\x04", "ZIP"},
		{"\x1f\x8b\x08", "gzip"},
		{"\x1aE\xdf\xa3", "Matroska"},
		{"RIFF\x00\x00\x00\x00AVI LIST", "AVI"},
		{"\x00\x00\x01\x00\x01\x00", "icon"},
		{"\x80\x04\x95\xff\xfe", "nor TIFF or PNM"},
	} {
		path := filepath.Join(dir, "cat.jpg")
		if err := os.WriteFile(path, []byte(c.data), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := DecodeFile(path)
		if !errors.Is(err, ErrDecode) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.20q: %v, want %q", c.data, err, c.says)
		}
	}
}
