// Package ref holds the plain kernels of every kind of step: row-major, NCHW and
// OIHW, generic over float32 and float64. They define the meaning of a step. The
// operators' Do calls them, and so do devices for float64 and on processors
// without assembly.
//
// Kernels do not start goroutines. Those worth dividing take a half-open range of
// their independent units of work (images, planes, rows or channels, as documented
// with each), so that a device can give the ranges to its workers: a call writes
// only its part of the output, and results do not depend on the division. Slices
// have the lengths that the shapes in the comments imply; kernels check nothing.
//
// Sums over pixels are taken in float64 whatever the element type; sums inside
// matrix products are taken in the element type, in blocks.
package ref

// Float is an element type of tensors that can be differentiated.
type Float interface {
	float32 | float64
}

// Maps is the shape [N, C, P] of N images of C channels of P pixels each, in which kernels
// that work channel by channel treat an activation [N, C, H, W] (P = H·W) or [N, C]
// (P = 1). Plane i is channel i%C of image i/C.
type Maps struct {
	N, C, P int
}

// MapsOf is a shape [N, C, …] as Maps: P is the product of the axes after C.
func MapsOf(shape []int) Maps {
	m := Maps{N: shape[0], C: shape[1], P: 1}
	for _, d := range shape[2:] {
		m.P *= d
	}
	return m
}

// Planes is the number N·C of planes.
func (m Maps) Planes() int { return m.N * m.C }

// plane returns plane i of x.
func plane[T Float](x []T, m Maps, i int) []T { return x[i*m.P : (i+1)*m.P] }
