package ref

// Blocking of the matrix product: micro-tiles of mr×nr accumulators stay in
// registers, packed panels of kc rows in the first-level cache, the packed
// blocks of A (mc×kc) and B (kc×nc) in the second level.
const (
	mr, nr     = 4, 4
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
			pack(packedB, b.Data[p0*b.Row+j0*b.Col:], b.Col, b.Row, nb, kb)
			for i0 := 0; i0 < m; i0 += mc {
				mb := min(mc, m-i0)
				pack(packedA, a.Data[i0*a.Row+p0*a.Col:], a.Row, a.Col, mb, kb)
				macroKernel(mb, nb, kb, packedA, packedB, c[i0*ldc+j0:], ldc, accumulate || p0 > 0)
			}
		}
	}
}

// pack copies count lanes of depth elements into panels of 4 lanes, depth by
// depth, filling the last panel with zeros.
func pack[T Float](dst, src []T, laneStride, depthStride, count, depth int) {
	for l0 := 0; l0 < count; l0 += mr {
		panel := dst[l0*depth : (l0+mr)*depth]
		lanes := min(mr, count-l0)
		base := l0 * laneStride
		switch {
		case lanes == mr && laneStride == 1:
			for p := range depth {
				copy(panel[p*mr:p*mr+mr], src[base+p*depthStride:])
			}
		case lanes == mr:
			i0, i1, i2, i3 := base, base+laneStride, base+2*laneStride, base+3*laneStride
			for p := range depth {
				d := panel[p*mr : p*mr+mr : p*mr+mr]
				o := p * depthStride
				d[0], d[1], d[2], d[3] = src[i0+o], src[i1+o], src[i2+o], src[i3+o]
			}
		default:
			for p := range depth {
				for l := range mr {
					var v T
					if l < lanes {
						v = src[base+l*laneStride+p*depthStride]
					}
					panel[p*mr+l] = v
				}
			}
		}
	}
}

func macroKernel[T Float](m, n, k int, a, b, c []T, ldc int, accumulate bool) {
	var tile [mr * nr]T
	for j := 0; j < n; j += nr {
		bp := b[j*k : (j+nr)*k]
		for i := 0; i < m; i += mr {
			microKernel(a[i*k:(i+mr)*k], bp, &tile)
			columns := min(nr, n-j)
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

// microKernel multiplies two packed panels into a 4×4 tile.
func microKernel[T Float](a, b []T, tile *[mr * nr]T) {
	var c00, c01, c02, c03 T
	var c10, c11, c12, c13 T
	var c20, c21, c22, c23 T
	var c30, c31, c32, c33 T
	for len(a) >= 4 && len(b) >= 4 {
		b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
		v := a[0]
		c00 += v * b0
		c01 += v * b1
		c02 += v * b2
		c03 += v * b3
		v = a[1]
		c10 += v * b0
		c11 += v * b1
		c12 += v * b2
		c13 += v * b3
		v = a[2]
		c20 += v * b0
		c21 += v * b1
		c22 += v * b2
		c23 += v * b3
		v = a[3]
		c30 += v * b0
		c31 += v * b1
		c32 += v * b2
		c33 += v * b3
		a, b = a[4:], b[4:]
	}
	*tile = [mr * nr]T{
		c00, c01, c02, c03,
		c10, c11, c12, c13,
		c20, c21, c22, c23,
		c30, c31, c32, c33,
	}
}
