// Package bfloat16 converts numbers to and from bfloat16: the upper half of a float32, with
// its sign and its 8 bits of exponent, but 7 bits of fraction instead of 23. It has the
// range of float32, about 1.2e-38 to 3.4e38, and steps of 2⁻⁸ to 2⁻⁷ of a value.
package bfloat16

import "math"

// Of is the bfloat16 nearest to x; halfway between two it is the one whose last bit is
// zero. A number that exceeds the greatest bfloat16 by half a step or more becomes infinite,
// and NaN stays NaN.
func Of[T float32 | float64](x T) uint16 {
	f := float32(x)
	b := math.Float32bits(f)
	if f != f {
		return uint16(b>>16) | 0x40 // a quiet one: the payload's upper bits may all be zero
	}
	if T(f) != x {
		b = toOdd(float64(x), f)
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// toOdd rounds x, which no float32 equals, to the bits of its float32 neighbour towards zero,
// with the last bit set (round to odd). They are on the same side of every bfloat16, and of
// the middle between two, as x; its nearest float32 may not be.
func toOdd(x float64, nearest float32) uint32 {
	b := math.Float32bits(nearest)
	if math.Abs(float64(nearest)) > math.Abs(x) {
		b--
	}
	return b | 1
}

// Float32 is the value of a bfloat16, exactly.
func Float32(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }

// Round is the value of the bfloat16 nearest to x.
func Round[T float32 | float64](x T) T { return T(Float32(Of(x))) }

// RoundAll rounds every element of x in place.
func RoundAll[T float32 | float64](x []T) {
	for i, v := range x {
		x[i] = Round(v)
	}
}

// Narrow writes the bfloat16 nearest to each element of src to dst, of the same length.
func Narrow(dst []uint16, src []float32) {
	for i, v := range src {
		dst[i] = Of(v)
	}
}

// Widen writes the values of src to dst, of the same length.
func Widen(dst []float32, src []uint16) {
	for i, b := range src {
		dst[i] = Float32(b)
	}
}
