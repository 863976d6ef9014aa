package bfloat16_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/euryale-ml/euryale/device/bfloat16"
)

// nearest finds the bfloat16 nearest to a finite x among all of one sign by exact distances.
func nearest(x float64) uint16 {
	exact := func(b uint16) *big.Float {
		if b&0x7fff == 0x7f80 { // infinity counts as the next value after the greatest
			v := new(big.Float).SetMantExp(big.NewFloat(1), 128)
			if b>>15 != 0 {
				v.Neg(v)
			}
			return v
		}
		return new(big.Float).SetFloat64(float64(bfloat16.Float32(b)))
	}
	sign := uint16(math.Float64bits(x) >> 63 << 15)
	lo, hi := uint16(0), uint16(0x7f80)
	size := new(big.Float).SetFloat64(math.Abs(x))
	for lo < hi { // the greatest one that is not above
		mid := lo + (hi-lo+1)/2
		if exact(mid).Cmp(size) <= 0 {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	if lo == 0x7f80 {
		return sign | lo
	}
	below := new(big.Float).SetPrec(200).Sub(size, exact(lo))
	above := new(big.Float).SetPrec(200).Sub(exact(lo+1), size)
	if c := below.Cmp(above); c > 0 || c == 0 && lo&1 == 1 {
		lo++
	}
	return sign | lo
}

func TestOf(t *testing.T) {
	values := []float64{
		0, math.Copysign(0, -1), 1, 1.00390625, 1.01171875, 1.0039062500000002, 1.0117187499999998, 3.3895313892515355e38, 3.3961775292304601e38, 3.3961775292304595e38,
		math.MaxFloat32, 1e39, math.MaxFloat64, math.SmallestNonzeroFloat32, math.SmallestNonzeroFloat64, 9.2e-41, 4.6e-41, 4.59163e-41, 1.1754943508222875e-38,
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		values = append(values, math.Ldexp(r.Float64()+1, r.IntN(280)-150))
		b := uint16(r.IntN(0x7f7f))
		middle := (float64(bfloat16.Float32(b)) + float64(bfloat16.Float32(b+1))) / 2
		values = append(values, middle, math.Nextafter(middle, 0), math.Nextafter(middle, math.Inf(1)))
	}
	for _, v := range values {
		for _, x := range []float64{v, -v} {
			if got, want := bfloat16.Of(x), nearest(x); got != want {
				t.Fatalf("%v becomes %#04x, want %#04x", x, got, want)
			}
			f := float32(x)
			if math.IsInf(float64(f), 0) {
				continue
			}
			if got, want := bfloat16.Of(f), nearest(float64(f)); got != want {
				t.Fatalf("float32 %v becomes %#04x, want %#04x", f, got, want)
			}
		}
	}
}

func TestSpecialValues(t *testing.T) {
	for _, bits := range []uint32{0x7f800001, 0x7f80ffff, 0x7fffffff, 0xff800001, 0x7fc00000, 0xffffffff} {
		if x := bfloat16.Float32(bfloat16.Of(math.Float32frombits(bits))); x == x {
			t.Errorf("NaN %#08x becomes %v", bits, x)
		}
	}
	for _, sign := range []int{1, -1} {
		if x := bfloat16.Round(math.Inf(sign)); !math.IsInf(x, sign) {
			t.Errorf("infinity of sign %d becomes %v", sign, x)
		}
	}
	if x := bfloat16.Round(math.Copysign(0, -1)); x != 0 || !math.Signbit(x) {
		t.Errorf("-0 becomes %v", x)
	}
	for b := range 1 << 16 { // every bfloat16 comes back
		f := bfloat16.Float32(uint16(b))
		if got := bfloat16.Of(f); f == f && got != uint16(b) {
			t.Fatalf("%#04x comes back as %#04x", b, got)
		}
	}
}

func ExampleRound() {
	fmt.Println(bfloat16.Round(3.14159), bfloat16.Round(257.0), bfloat16.Round(1e-30))
	// Output: 3.140625 256 9.98402083170343e-31
}
