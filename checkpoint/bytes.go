package checkpoint

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"
)

// littleEndian: this machine's byte order is that of the file.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// view is the memory of a slice as bytes.
func view[T float32 | float64 | int64](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
}

// swap reverses the bytes of each element.
func swap(b []byte, width int) {
	for ; len(b) >= width; b = b[width:] {
		slices.Reverse(b[:width])
	}
}

// fromHalf is the value of an IEEE 754 half-precision number.
func fromHalf(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&0x3ff
	switch exponent {
	case 0: // zero, or fraction · 2^-24
		v := float32(fraction) * 0x1p-24
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31: // infinity or NaN
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}
