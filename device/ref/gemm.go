package ref

// Blocking of the matrix product: micro-tiles of mr×nr accumulators stay in
// registers, packed panels of kc rows in the first-level cache, the packed
// blocks of A (mc×kc) and B (kc×nc) in the second level. 2×4 accumulators with
// their operands fit into the 16 registers of amd64: 4×4 spills and takes more than
// twice as long.
const (
	mr, nr     = 2, 4
	mc, kc, nc = 128, 256, 512
)

// GemmScratch is the number of elements of working memory that Gemm needs.
const GemmScratch = mc*kc + kc*nc

// Matrix is a strided view: element (i, j) is Data[i·Row + j·Col].
type Matrix[T Float] struct {
	Data     []T
	Row, Col int
}

// RowMajor views data as rows of the given length.
func RowMajor[T Float](data []T, columns int) Matrix[T] { return Matrix[T]{data, columns, 1} }

// Transposed swaps the axes of a view.
func (m Matrix[T]) Transposed() Matrix[T] { return Matrix[T]{m.Data, m.Col, m.Row} }

// Gemm computes c = a·b, or c += a·b if accumulate is set, for a [m, k],
// b [k, n] and c [m, n] with rows of ldc elements. scratch holds GemmScratch
// elements. The order of summation depends on k alone.
func Gemm[T Float](m, n, k int, a, b Matrix[T], c []T, ldc int, accumulate bool, scratch []T) {
	packedA, packedB := scratch[:mc*kc], scratch[mc*kc:mc*kc+kc*nc]
	if k == 0 && !accumulate {
		for i := range m {
			clear(c[i*ldc : i*ldc+n])
		}
	}
	for j0 := 0; j0 < n; j0 += nc {
		nb := min(nc, n-j0)
		for p0 := 0; p0 < k; p0 += kc {
			kb := min(kc, k-p0)
			pack(packedB, b.Data[p0*b.Row+j0*b.Col:], nr, b.Col, b.Row, nb, kb)
			for i0 := 0; i0 < m; i0 += mc {
				mb := min(mc, m-i0)
				pack(packedA, a.Data[i0*a.Row+p0*a.Col:], mr, a.Row, a.Col, mb, kb)
				macroKernel(mb, nb, kb, packedA, packedB, c[i0*ldc+j0:], ldc, accumulate || p0 > 0)
			}
		}
	}
}

// pack copies count lanes of depth elements into panels of width lanes, depth by
// depth, filling the last panel with zeros.
func pack[T Float](dst, src []T, width, laneStride, depthStride, count, depth int) {
	for l0 := 0; l0 < count; l0 += width {
		panel := dst[l0*depth : (l0+width)*depth]
		lanes := min(width, count-l0)
		if lanes < width {
			clear(panel)
		}
		base := l0 * laneStride
		if lanes == nr {
			packFour(panel, src[base:], laneStride, depthStride)
			continue
		}
		if laneStride == 1 {
			for p := range depth {
				copy(panel[p*width:], src[base+p*depthStride:base+p*depthStride+lanes])
			}
			continue
		}
		for l := range lanes {
			at := base + l*laneStride
			for i := l; i < len(panel); i += width {
				panel[i] = src[at]
				at += depthStride
			}
		}
	}
}

// packFour fills a panel of four lanes.
func packFour[T Float](panel, src []T, laneStride, depthStride int) {
	if laneStride == 1 {
		for len(panel) >= 4 {
			s := src[:4]
			panel[0], panel[1], panel[2], panel[3] = s[0], s[1], s[2], s[3]
			panel, src = panel[4:], src[min(depthStride, len(src)):]
		}
		return
	}
	s0, s1, s2, s3 := src, src[laneStride:], src[2*laneStride:], src[3*laneStride:]
	for at := 0; len(panel) >= 4; at += depthStride {
		panel[0], panel[1], panel[2], panel[3] = s0[at], s1[at], s2[at], s3[at]
		panel = panel[4:]
	}
}

func macroKernel[T Float](m, n, k int, a, b, c []T, ldc int, accumulate bool) {
	var tile [mr * nr]T
	for j := 0; j < n; j += nr {
		bp := b[j*k : (j+nr)*k]
		columns := min(nr, n-j)
		for i := 0; i < m; i += mr {
			microKernel(a[i*k:(i+mr)*k], bp, &tile)
			for r := range min(mr, m-i) {
				row := c[(i+r)*ldc+j : (i+r)*ldc+j+columns]
				t := tile[r*nr : r*nr+columns]
				if accumulate {
					for q := range row {
						row[q] += t[q]
					}
				} else {
					copy(row, t)
				}
			}
		}
	}
}

// microKernel multiplies two packed panels, of mr and nr lanes, into a tile.
func microKernel[T Float](a, b []T, tile *[mr * nr]T) {
	var c00, c01, c02, c03, c10, c11, c12, c13 T
	for len(a) >= 2*mr && len(b) >= 2*nr {
		v, w := a[0], a[1]
		x := b[0]
		c00 += v * x
		c10 += w * x
		x = b[1]
		c01 += v * x
		c11 += w * x
		x = b[2]
		c02 += v * x
		c12 += w * x
		x = b[3]
		c03 += v * x
		c13 += w * x
		v, w = a[2], a[3]
		x = b[4]
		c00 += v * x
		c10 += w * x
		x = b[5]
		c01 += v * x
		c11 += w * x
		x = b[6]
		c02 += v * x
		c12 += w * x
		x = b[7]
		c03 += v * x
		c13 += w * x
		a, b = a[2*mr:], b[2*nr:]
	}
	if len(a) >= mr && len(b) >= nr { // odd depth
		v, w := a[0], a[1]
		c00, c01, c02, c03 = c00+v*b[0], c01+v*b[1], c02+v*b[2], c03+v*b[3]
		c10, c11, c12, c13 = c10+w*b[0], c11+w*b[1], c12+w*b[2], c13+w*b[3]
	}
	*tile = [mr * nr]T{c00, c01, c02, c03, c10, c11, c12, c13}
}
