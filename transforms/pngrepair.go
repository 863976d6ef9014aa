package transforms

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/adler32"
	"hash/crc32"
	"io"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngRepair is the picture of a PNG file with faults that Pillow ignores: no
// IEND, a wrong checksum of IDAT or of what follows it, pixels that end without the
// stream's checksum or with more than the picture needs, a long tRNS. Read returns a
// valid file of it, without the chunks that are not needed for RGB.
type pngRepair struct {
	raw    io.Reader // rows with their filter types
	left   int64     // bytes of them
	sum    uint32    // Adler-32 of the bytes read
	stream *bytes.Reader
	out    bytes.Buffer // the bytes for the next Read
	packed bytes.Buffer
	packer *zlib.Writer
	ended  bool
}

// repairPNG returns a valid file with the picture of one that has such faults.
// Other faults are errors: a checksum before the pixels, missing pixels, a chunk
// that is cut off (Pillow shows such a file if the rest is enough).
func repairPNG(data []byte) (*pngRepair, error) {
	p := &pngRepair{}
	p.out.WriteString(pngSignature)
	var pixels []byte
	for rest := data[len(pngSignature):]; len(rest) >= 8; {
		n, kind := uint64(binary.BigEndian.Uint32(rest)), string(rest[4:8])
		isPixels := kind == "IDAT"
		if len(pixels) > 0 && !isPixels {
			break
		}
		if 8+n > uint64(len(rest)) {
			return nil, io.ErrUnexpectedEOF
		}
		body := rest[8 : 8+n]
		if isPixels {
			pixels = append(pixels, body...)
		} else if 12+n > uint64(len(rest)) || crc32.ChecksumIEEE(rest[4:8+n]) != binary.BigEndian.Uint32(rest[8+n:]) {
			return nil, errors.New("a damaged chunk " + kind)
		}
		if kind == "IHDR" || kind == "PLTE" {
			p.out.Write(rest[:12+n])
		}
		if kind == "IHDR" && n == 13 {
			p.left = pngBytes(body)
		}
		rest = rest[min(12+n, uint64(len(rest))):]
	}
	if len(pixels) < 2 || p.left == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	if head := binary.BigEndian.Uint16(pixels); head>>8&15 != 8 || head>>12 > 7 || head%31 != 0 || head&32 != 0 {
		return nil, zlib.ErrHeader
	}
	p.stream, p.sum = bytes.NewReader(pixels[2:]), 1
	p.raw = flate.NewReader(p.stream)
	var err error
	p.packer, err = zlib.NewWriterLevel(&p.packed, zlib.NoCompression)
	return p, err
}

// pngBytes is the number of bytes of all rows by the header.
func pngBytes(header []byte) (n int64) {
	w, h := int64(binary.BigEndian.Uint32(header)), int64(binary.BigEndian.Uint32(header[4:]))
	samples := map[byte]int64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[header[9]]
	rows := func(w, h int64) {
		if w > 0 && h > 0 {
			n += h * (1 + (w*samples*int64(header[8])+7)/8)
		}
	}
	if header[12] == 0 {
		rows(w, h)
		return n
	}
	for _, pass := range [][4]int64{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} { // Adam7
		rows((w-pass[0]+pass[2]-1)/pass[2], (h-pass[1]+pass[3]-1)/pass[3])
	}
	return n
}

func (p *pngRepair) Read(b []byte) (int, error) {
	for p.out.Len() == 0 {
		if p.ended {
			return 0, io.EOF
		}
		if err := p.more(); err != nil {
			return 0, err
		}
	}
	return p.out.Read(b)
}

// more writes the next pixels to out as a chunk.
func (p *pngRepair) more() error {
	rows := make([]byte, min(p.left, 1<<16))
	if _, err := io.ReadFull(p.raw, rows); err != nil {
		return noEOF(err)
	}
	p.sum = adler(p.sum, rows)
	if _, err := p.packer.Write(rows); err != nil {
		return err
	}
	if p.left -= int64(len(rows)); p.left > 0 {
		if err := p.packer.Flush(); err != nil {
			return err
		}
	} else if err := p.end(); err != nil {
		return err
	}
	p.chunk("IDAT", p.packed.Bytes())
	p.packed.Reset()
	if p.ended {
		p.chunk("IEND", nil)
	}
	return nil
}

// end checks the stream after the last row: if it ends there, its checksum, if there
// is one, must be right.
func (p *pngRepair) end() error {
	p.ended = true
	if n, err := p.raw.Read(make([]byte, 1)); n == 0 && err == io.EOF && p.stream.Len() >= 4 {
		var sum [4]byte
		p.stream.Read(sum[:])
		if binary.BigEndian.Uint32(sum[:]) != p.sum {
			return errors.New("zlib: invalid checksum")
		}
	}
	return p.packer.Close()
}

func (p *pngRepair) chunk(kind string, body []byte) {
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(body)))
	p.out.Write(n[:])
	sum := crc32.NewIEEE()
	out := io.MultiWriter(&p.out, sum)
	_, _ = io.WriteString(out, kind)
	_, _ = out.Write(body)
	binary.BigEndian.PutUint32(n[:], sum.Sum32())
	p.out.Write(n[:])
}

// adler continues an Adler-32 sum (RFC 1950).
func adler(sum uint32, b []byte) uint32 {
	const modulus = 65521
	part := adler32.Checksum(b)
	n := uint32(len(b) % modulus)
	low, high := sum&0xffff, sum>>16
	return (low+part&0xffff+modulus-1)%modulus | (high+part>>16+n*(low+modulus-1)%modulus)%modulus<<16
}
