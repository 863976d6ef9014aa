package transforms

import "errors"

var errNoRepair = errors.New("no wrong restart markers")

// repairRestarts rewrites a sequential JPEG whose restart markers are wrong or
// missing as libjpeg decodes it (jdmarker.c, jpeg_resync_to_restart): a marker one
// or two ahead of its turn leaves intervals empty, one that is late is left out
// with its data, any other counts as the right one.
func repairRestarts(data []byte) ([]byte, error) {
	j, out, changed := &jpegParts{}, append([]byte{}, data[:2]...), false
	for at := 2; ; {
		marker, body, start, end, err := jpegSegment(data, at)
		if err != nil {
			return nil, err
		}
		at = end
		if marker >= markerRST0 && marker <= markerRST7 {
			continue // ignored outside of a scan's data
		}
		if marker == markerDHT {
			body = withAllDifferences(body)
			n := len(body) + 2
			out = append(append(out, 0xff, markerDHT, byte(n>>8), byte(n)), body...)
		} else {
			out = append(out, data[start:end]...)
		}
		if marker == markerEOI {
			if !changed {
				return nil, errNoRepair
			}
			return out, nil
		}
		if err := j.add(marker, body); err != nil {
			return nil, err
		}
		if marker != markerSOS {
			continue
		}
		s, err := j.scan(body)
		if err != nil {
			return nil, err
		}
		changed = true
		out, at = s.rewrite(out, data, end)
		if s.bits.lost {
			return nil, errNoRepair
		}
	}
}

// jpegScan is a scan that is rewritten.
type jpegScan struct {
	parts     []scanPart
	intervals int
	lastMCUs  int // in the last interval
	restart   int
	bits      jpegBits
	starved   bool // libjpeg has reached the end of the data
}

// scanPart is a component of a scan.
type scanPart struct {
	blocks int // in an MCU
	dc, ac *jpegCodes
}

// scan reads a scan's header. Scans of progressive JPEG and those without restarts
// are not repaired.
func (j *jpegParts) scan(body []byte) (*jpegScan, error) {
	if j.restart == 0 || j.frame > markerSOF0+1 || j.w == 0 || j.h == 0 || len(body) < 1 || len(body) < 1+2*int(body[0]) {
		return nil, errNoRepair
	}
	s := &jpegScan{restart: j.restart}
	var most jpegComponent
	for _, c := range j.parts {
		most.h, most.v = max(most.h, c.h), max(most.v, c.v)
	}
	across, down := int(most.h)*8, int(most.v)*8 // pixels of an MCU
	for i := range int(body[0]) {
		id, tables := body[1+2*i], body[2+2*i]
		for _, c := range j.parts {
			if c.id != id {
				continue
			}
			part := scanPart{int(c.h) * int(c.v), j.huffman[0][tables>>4], j.huffman[1][tables&15]}
			if part.dc == nil || part.ac == nil || part.blocks == 0 {
				return nil, errNoRepair
			}
			if body[0] == 1 { // of one component an MCU is a block
				part.blocks, across, down = 1, 8*int(most.h)/int(c.h), 8*int(most.v)/int(c.v)
			}
			s.parts = append(s.parts, part)
		}
	}
	if len(s.parts) != int(body[0]) || across == 0 || down == 0 {
		return nil, errNoRepair
	}
	mcus := ((j.w + across - 1) / across) * ((j.h + down - 1) / down)
	s.intervals = (mcus + j.restart - 1) / j.restart
	s.lastMCUs = mcus - (s.intervals-1)*j.restart
	return s, nil
}

// rewrite appends the scan's intervals to out, whose data begin at at, and returns
// where the segment after the scan begins.
func (s *jpegScan) rewrite(out, data []byte, at int) ([]byte, int) {
	stretch, marker, next := entropyCoded(data, at)
	for i := range s.intervals {
		if i > 0 {
			want := byte(i-1) & 7
			out = append(out, 0xff, markerRST0+want)
			empty := false
			for {
				if marker < markerRST0 || marker > markerRST7 { // end of the scan
					empty = true
					break
				}
				ahead := (marker - markerRST0 - want) & 7
				if ahead == 1 || ahead == 2 {
					empty = true
					break
				}
				stretch, marker, next = entropyCoded(data, next+2)
				if ahead < 6 {
					break
				} // it is late: skip its data
			}
			s.starved = s.starved && empty
			if empty || len(stretch) == 0 {
				n := s.restart
				if i == s.intervals-1 {
					n = s.lastMCUs
				}
				out = s.empty(out, n)
				continue
			}
		}
		out = append(out, stretch...)
	}
	for marker >= markerRST0 && marker <= markerRST7 {
		_, marker, next = entropyCoded(data, next+2)
	}
	return out, next
}

// empty appends n MCUs as libjpeg decodes them without data: the first of zero bits,
// unless starved, then grey ones.
func (s *jpegScan) empty(out []byte, n int) []byte {
	b := &s.bits
	b.out, b.acc, b.have = out, 0, 0
	level := make([]int, len(s.parts))
	for k := range n {
		for i, p := range s.parts {
			for range p.blocks {
				if k == 0 && !s.starved {
					level[i] += b.zeroBlock(p.dc, p.ac)
					continue
				}
				b.difference(p.dc, -level[i])
				level[i] = 0
				b.symbol(p.ac, 0)
			}
		}
	}
	b.flush()
	s.starved = true
	return b.out
}

// entropyCoded returns the data from at up to the next marker, that marker and
// its position.
func entropyCoded(data []byte, at int) (stretch []byte, marker byte, next int) {
	for i := at; i+1 < len(data); i++ {
		if data[i] == 0xff && data[i+1] != 0 && data[i+1] != 0xff {
			return data[at:i], data[i+1], i
		}
	}
	return data[min(at, len(data)):], 0, len(data)
}
