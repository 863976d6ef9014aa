package main

import (
	"fmt"
	"math"
)

// An activation function and its gradient are functions over n blocks of 16 floats,
//
//	func name(x, y unsafe.Pointer, n int64)
//	func nameGrad(v, dy, dx unsafe.Pointer, n int64)
//
// where v is y or x. They compute in float32, to a few units in the last place. A NaN stays
// one: of VMAXPS and VMINPS with a NaN comes the operand that is first in the order of Go's
// assembler.
func (w *writer) activations() {
	w.elementwise("silu", false, w.silu)
	w.elementwise("siluGrad", true, w.siluGrad)
}

// silu is x/(1 + e^-x).
func (w *writer) silu(disp int, r registers) string {
	x, e := r(0), r(1)
	w.op("VMOVUPS %d(SI), %s", disp, e)
	w.clampBelow(e, -88, x) // where the result is 0 but for 10⁻³⁷
	w.clampAbove(x, 87, e)
	w.negate(e)
	e = w.exp(e, r(2), r(3), "")
	w.op("VADDPS %s, %s, %s", w.constant(1), e, e)
	w.op("VDIVPS %s, %s, %s", e, x, x)
	return x
}

// siluGrad is dy·s·(1 + x·(1-s)), where s = 1/(1 + e^-x) and 1-s = s·e^-x.
func (w *writer) siluGrad(disp int, r registers) string {
	x, e, s := r(0), r(1), r(4)
	w.op("VMOVUPS %d(SI), %s", disp, e)
	w.clampBelow(e, -80, x)
	w.clampAbove(x, 80, e)
	w.op("VMOVAPS %s, %s", e, x)
	w.negate(e)
	e = w.exp(e, r(2), r(3), "")
	w.sigmoid(e, s, r(1))
	w.op("VMULPS %s, %s, %s // 1-s", s, e, e)
	w.op("VFMADD213PS %s, %s, %s", w.constant(1), x, e)
	w.op("VMULPS %s, %s, %s", s, e, e)
	w.op("VMULPS %d(DX), %s, %s", disp, e, e)
	return e
}

// registers numbers vector registers of an elementwise function's own.
type registers func(i int) string

// elementwise is a function whose body computes the vector at a displacement, from SI and
// in a gradient DX, and returns the register that holds it.
func (w *writer) elementwise(name string, gradient bool, body func(disp int, r registers) string) {
	w.arguments(name, gradient)
	w.label("loop")
	own := 16 / w.perBlock()
	for j := range w.perBlock() {
		disp := w.vector * j
		result := body(disp, func(i int) string { return w.reg(j*own + i) })
		w.op("VMOVUPS %s, %d(DI)", result, disp)
	}
	w.op("ADDQ $64, SI")
	w.op("ADDQ $64, DI")
	if gradient {
		w.op("ADDQ $64, DX")
	}
	w.op("DECQ CX")
	w.op("JNZ loop")
	w.end()
}

// arguments begins a function and loads what it is given.
func (w *writer) arguments(name string, gradient bool) {
	names, bases := []string{"x", "y", "n"}, []string{"SI", "DI", "CX"}
	if gradient {
		names, bases = []string{"v", "dy", "dx", "n"}, []string{"SI", "DX", "DI", "CX"}
	}
	w.line("\nTEXT ·%s%s(SB), NOSPLIT, $0-%d", name, w.name, 8*len(names))
	for i, n := range names {
		w.op("MOVQ %s+%d(FP), %s", n, 8*i, bases[i])
	}
}

// clampBelow makes to = max(x, limit), clampAbove to = min(x, limit).
func (w *writer) clampBelow(x string, limit float64, to string) { w.clamp("VMAXPS", x, limit, to) }
func (w *writer) clampAbove(x string, limit float64, to string) { w.clamp("VMINPS", x, limit, to) }

func (w *writer) clamp(op, x string, limit float64, to string) {
	w.op("VMOVUPS %s, %s", w.constant(limit), to)
	w.op("%s %s, %s, %s", op, x, to, to)
}

func (w *writer) negate(x string) { w.op("VXORPS %s, %s, %s", w.constant(math.Copysign(0, -1)), x, x) }

// sigmoid makes s = 1/(1 + e).
func (w *writer) sigmoid(e, s, spare string) {
	w.op("VADDPS %s, %s, %s", w.constant(1), e, s)
	w.op("VMOVUPS %s, %s", w.constant(1), spare)
	w.op("VDIVPS %s, %s, %s", s, spare, s)
}

// expPolynomial is P in e^r = 1 + r + r²·P(r) for |r| ≤ ln 2/2, to 3·10⁻⁹.
var expPolynomial = []float64{0.5000000095, 0.1666651889, 0.0416662060, 0.0083688836, 0.0013950481}

// exp makes e^a for a of -87 to 88, in a register that it returns, and destroys a and the
// other two. It is 2ⁿ·e^r for the integer n next to a/ln 2: adding 1.5·2²³ rounds to it and
// leaves it in the lowest bits. If rest is a register, -rest/2 is added to the exponent,
// which lies below its last digit.
func (w *writer) exp(a, n, p, rest string) string {
	const magic = 3 << 22
	const high = 0.693359375 // ln 2 in so few bits that a product with n is exact
	low := math.Ln2 - high
	w.op("VMOVUPS %s, %s", w.constant(magic), n)
	w.op("VFMADD231PS %s, %s, %s", w.constant(1/math.Ln2), a, n)
	w.op("VSUBPS %s, %s, %s", w.constant(magic), n, p)
	w.op("VFNMADD231PS %s, %s, %s", w.constant(high), p, a)
	w.op("VFNMADD231PS %s, %s, %s", w.constant(low), p, a)
	if rest != "" {
		w.op("VFMADD231PS %s, %s, %s", w.constant(-0.5), rest, a)
	}
	w.polynomial(expPolynomial, a, p)
	w.op("VFMADD213PS %s, %s, %s", w.constant(1), a, p)
	w.op("VFMADD213PS %s, %s, %s", w.constant(1), a, p)
	w.op("VPSLLD $23, %s, %s", n, n)
	w.op("VPADDD %s, %s, %s // times 2ⁿ", n, p, p)
	return p
}

// polynomial makes to = c[0] + c[1]·x + … by Horner's rule.
func (w *writer) polynomial(c []float64, x, to string) {
	last := len(c) - 1
	w.op("VMOVUPS %s, %s", w.constant(c[last]), to)
	for i := last - 1; i >= 0; i-- {
		w.op("VFMADD213PS %s, %s, %s", w.constant(c[i]), x, to)
	}
}

// constants are vectors whose elements are all alike, in the order of their first use.
type constants struct {
	place map[uint32]int
	bits  []uint32
}

// constant is the place of the vector of v.
func (w *writer) constant(v float64) string {
	bits := math.Float32bits(float32(v))
	at, ok := w.place[bits]
	if !ok {
		at = len(w.bits)
		w.place[bits] = at
		w.bits = append(w.bits, bits)
	}
	return fmt.Sprintf("constants<>+%d(SB)", 64*at)
}

// data writes the constants.
func (w *writer) data() {
	for i, bits := range w.bits {
		w.line("\n// %v", math.Float32frombits(bits))
		for j := range 8 {
			w.line("DATA constants<>+%d(SB)/8, $0x%08x%08x", 64*i+8*j, bits, bits)
		}
	}
	w.line("\nGLOBL constants<>(SB), RODATA|NOPTR, $%d", 64*len(w.bits))
}
