package transforms

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A signature recognises a kind of file that is not decoded.
type signature struct {
	at    int
	magic string
	what  string
	hint  string
}

const (
	toConvert = "convert it to PNG or JPEG"
	toExtract = "unpack it first"
)

var signatures = []signature{
	{0, "\x00\x00\x00\x0cjP  \r\n\x87\n", "a JPEG 2000 image", toConvert + ", for example with: magick x.jp2 x.png"},
	{0, "\xff\x4f\xff\x51", "a JPEG 2000 codestream", toConvert + ", for example with: magick x.j2k x.png"},
	{0, "\x00\x00\x00\x0cJXL \r\n\x87\n", "a JPEG XL image", toConvert + ", for example with: djxl x.jxl x.png"},
	{0, "\xff\x0a", "a JPEG XL image", toConvert + ", for example with: djxl x.jxl x.png"},
	{0, "II\xbc\x01", "a JPEG XR image", toConvert},
	{0, "8BPS", "a Photoshop document", "export it as PNG or JPEG"},
	{0, "gimp xcf", "a GIMP document", "export it as PNG or JPEG"},
	{0, "\x00\x00\x01\x00", "a Windows icon", toConvert},
	{0, "icns", "an Apple icon", toConvert},
	{0, "qoif", "a QOI image", toConvert},
	{0, "DDS ", "a DirectDraw texture", toConvert},
	{0, "v/1\x01", "an OpenEXR image", toConvert},
	{0, "#?RADIANCE", "a Radiance HDR image", toConvert},
	{0, "\x0a\x05\x01", "a PCX image", toConvert},
	{0, "SIMPLE  =", "a FITS image", toConvert},
	{128, "DICM", "a DICOM image", toConvert},
	{0, "\x93NUMPY", "a NumPy array", "save its pixels as PNG"},
	{0, "\x89HDF", "an HDF5 file", "save its pixels as PNG"},
	{0, "%PDF", "a PDF document", "render its pages as PNG, for example with: pdftoppm -png x.pdf x"},
	{0, "%!PS", "a PostScript document", toConvert},
	{0, "version https://git-lfs.github.com/", "a pointer of Git LFS, not the file itself", "fetch the files with: git lfs pull"},
	{0, "PK\x03\x04", "a ZIP archive", toExtract},
	{0, "\x1f\x8b", "a gzip archive", toExtract},
	{0, "7z\xbc\xaf\x27\x1c", "a 7-Zip archive", toExtract},
	{0, "Rar!\x1a\x07", "a RAR archive", toExtract},
	{0, "BZh", "a bzip2 archive", toExtract},
	{0, "\xfd7zXZ\x00", "an xz archive", toExtract},
	{257, "ustar", "a tar archive", toExtract},
	{0, "\x1aE\xdf\xa3", "a video (Matroska or WebM)", "take pictures out of it, for example with: ffmpeg"},
	{8, "AVI LIST", "a video (AVI)", "take pictures out of it, for example with: ffmpeg"},
	{0, "OggS", "an Ogg video or sound", ""},
	{0, "\x00\x00\x01\xba", "a video (MPEG)", "take pictures out of it, for example with: ffmpeg"},
	{8, "WAVEfmt", "a sound (WAV)", ""},
	{0, "ID3", "a sound (MP3)", ""},
	{0, "\x7fELF", "a program", ""},
	{0, "MZ", "a program", ""},
	{0, "SQLite format 3", "a database (SQLite)", ""},
}

// notDecoded is the error for bytes that are no image of a format that Decode reads. It
// names the format that they seem to have, and a remedy.
func notDecoded(data []byte) error {
	what, hint := recognise(data)
	if what == "" {
		return fmt.Errorf("%w: %s", ErrDecode, notKnown)
	}
	if hint != "" {
		hint = "; " + hint
	}
	return fmt.Errorf("%w: %s, but %s%s", ErrDecode, notKnown, what, hint)
}

const notKnown = "not JPEG, PNG, GIF, BMP or WebP, nor TIFF or PNM"

func recognise(data []byte) (what, hint string) {
	if len(data) == 0 {
		return "an empty file", ""
	}
	if len(bytes.Trim(data, "\x00")) == 0 {
		return fmt.Sprintf("%d bytes that are all zero", len(data)), "copy or download it again"
	}
	for _, s := range signatures {
		if len(data) >= s.at && bytes.HasPrefix(data[s.at:], []byte(s.magic)) {
			return s.what, s.hint
		}
	}
	if len(data) >= 12 && string(data[4:8]) == "ftyp" {
		return recogniseMedia(data)
	}
	return recogniseText(data[:min(len(data), 2048)])
}

// recogniseMedia recognises an ISO base media file by its brands (ISO/IEC 14496-12).
func recogniseMedia(data []byte) (what, hint string) {
	brands := string(data[8:min(len(data), max(12, min(int(data[3]), 64)))])
	switch {
	case strings.Contains(brands, "avif"), strings.Contains(brands, "avis"):
		return "an AVIF image", toConvert + ", for example with: avifdec x.avif x.png"
	case strings.Contains(brands, "hei"), strings.Contains(brands, "hev"), strings.Contains(brands, "mif1"), strings.Contains(brands, "msf1"):
		return "a HEIC image", toConvert + ", for example with: heif-convert x.heic x.png"
	case strings.Contains(brands, "crx"):
		return "a raw photograph (CR3)", toConvert
	}
	return fmt.Sprintf("a video (%s)", strings.TrimSpace(brands[:4])), "take pictures out of it, for example with: ffmpeg"
}

func recogniseText(head []byte) (what, hint string) {
	for len(head) > 0 && !utf8.Valid(head) && len(head) > 2040 { // a character may be cut
		head = head[:len(head)-1]
	}
	text := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(string(head), "\ufeff")))
	switch {
	case !utf8.Valid(head) || strings.ContainsRune(text, 0):
		return "", ""
	case strings.HasPrefix(text, "<!doctype html"), strings.Contains(text, "<html"), strings.HasPrefix(text, "<head"), strings.HasPrefix(text, "<body"):
		return "a web page", "the server sent it instead of the image"
	case strings.HasPrefix(text, "<!doctype svg"), strings.HasPrefix(text, "<") && strings.Contains(text, "<svg"):
		return "an SVG drawing", "render it as PNG, for example with: rsvg-convert x.svg -o x.png"
	case strings.HasPrefix(text, "<?xml"):
		return "XML", "perhaps the server's error message instead of the image"
	case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["):
		return "text (JSON?)", "perhaps the server's error message instead of the image"
	}
	first, _, _ := strings.Cut(text, "\n")
	if len(first) > 40 {
		first = first[:40] + "…"
	}
	return fmt.Sprintf("text that begins with %q", strings.ToValidUTF8(first, "")), ""
}
