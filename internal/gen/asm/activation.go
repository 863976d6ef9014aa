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
// where v is y or x. They compute in float32, to a few units in the last place. NaN gives NaN:
// if an operand is NaN, VMAXPS and VMINPS return the operand that comes first in Go's
// assembler.
func (w *writer) activations() {
	w.elementwise("silu", false, w.silu)
	w.elementwise("siluGrad", true, w.siluGrad)
	w.elementwise("gelu", false, w.gelu)
	w.elementwise("geluGrad", true, w.geluGrad)
	w.elementwise("geluTanh", false, w.geluTanh)
	w.elementwise("geluTanhGrad", true, w.geluTanhGrad)
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

// tail is S in Φ(-t) = e^(-t²/2)·u·S(u), where u = 1/(1 + 0.3·t), to 3·10⁻⁹ for t of 0 to 13.
var tail = []float64{
	0.119686455, 0.119576178, 0.110201120, 0.0785413608, 0.0957398191,
	-0.0786830559, 0.190933421, -0.227601558, 0.112185255, -0.0205790009,
}

// normalTail makes t = |x|, at most 13, e^(-t²/2), and Φ(-t) divided by that. t² is the sum
// of two floats, since its error would be that of the exponent.
func (w *writer) normalTail(disp int, r registers) (t, e, phi string) {
	t, u, a, square, rest := r(0), r(1), r(2), r(3), r(4)
	w.op("VMOVUPS %d(SI), %s", disp, a)
	w.op("VANDPS %s, %s, %s", w.pattern(1<<31-1), a, a) // all but the sign
	w.clampAbove(a, 13, t)
	w.op("VMOVUPS %s, %s", w.constant(1), u)
	w.op("VMOVAPS %s, %s", u, a)
	w.op("VFMADD231PS %s, %s, %s", w.constant(0.3), t, u)
	w.op("VDIVPS %s, %s, %s", u, a, u)
	w.op("VMULPS %s, %s, %s", t, t, square)
	w.op("VMOVAPS %s, %s", square, rest)
	w.op("VFMSUB231PS %s, %s, %s // t² - square", t, t, rest)
	w.op("VMULPS %s, %s, %s", w.constant(-0.5), square, a)
	e = w.exp(a, square, r(5), rest)
	phi = rest
	w.polynomial(tail, u, phi)
	w.op("VMULPS %s, %s, %s", u, phi, phi)
	return t, e, phi
}

// gelu is max(x, 0) - t·Φ(-t) for t = |x|.
func (w *writer) gelu(disp int, r registers) string {
	t, e, phi := w.normalTail(disp, r)
	zero, y := r(1), r(2)
	w.op("VMULPS %s, %s, %s", e, phi, phi)
	w.op("VMOVUPS %d(SI), %s", disp, y)
	w.op("VXORPS %s, %s, %s", zero, zero, zero)
	w.op("VMAXPS %s, %s, %s", y, zero, y)
	w.op("VFNMADD231PS %s, %s, %s", phi, t, y)
	return y
}

// geluGrad is dy·(Φ(x) + x·φ(x)), where φ(x) = e^(-x²/2)/√(2π). With m = Φ(-t) - t·φ(t) for
// t = |x| that is m where x is negative, else 1 - m.
func (w *writer) geluGrad(disp int, r registers) string {
	t, e, m := w.normalTail(disp, r)
	x, sign := r(1), r(2)
	w.op("VFNMADD231PS %s, %s, %s", w.constant(1/math.Sqrt(2*math.Pi)), t, m)
	w.op("VMULPS %s, %s, %s", e, m, m)
	w.op("VMOVUPS %d(SI), %s", disp, x)
	w.op("VANDPS %s, %s, %s", w.constant(math.Copysign(0, -1)), x, sign)
	w.negate(m)
	w.op("VXORPS %s, %s, %s // m or -m", sign, m, m)
	w.op("VPSRAD $31, %s, %s", x, x)
	w.op("VANDNPS %s, %s, %s // 0 or 1", w.constant(1), x, x)
	w.op("VADDPS %s, %s, %s", m, x, x)
	w.op("VMULPS %d(DX), %s, %s", disp, x, x)
	return x
}

// Constants of GELU's approximation by tanh: ½·(1 + tanh(z/2)) is 1/(1 + e^-z) for
// z = 2·√(2/π)·(x + 0.044715·x³).
var (
	tanhFactor = 2 * math.Sqrt(2/math.Pi)
	tanhCube   = 0.044715
)

// tanhExp makes x clamped to at least -13, e^-z with z computed of x clamped to ±13 and then
// clamped to ±limit, and square, the square of x clamped to ±13.
func (w *writer) tanhExp(disp int, limit float64, r registers) (x, e, square string) {
	x, a, square, z := r(0), r(1), r(2), r(3)
	w.op("VMOVUPS %d(SI), %s", disp, a)
	w.clampBelow(a, -13, x)
	w.clampAbove(x, 13, a)
	w.op("VMULPS %s, %s, %s", a, a, square)
	w.op("VMOVUPS %s, %s", w.constant(-tanhFactor), z)
	w.op("VFMADD231PS %s, %s, %s", w.constant(-tanhFactor*tanhCube), square, z)
	w.op("VMULPS %s, %s, %s // -z", a, z, z)
	w.clampBelow(z, -limit, a)
	w.clampAbove(a, limit, z)
	return x, w.exp(z, r(4), r(5), ""), square
}

// geluTanh is x/(1 + e^-z).
func (w *writer) geluTanh(disp int, r registers) string {
	x, e, _ := w.tanhExp(disp, 87, r)
	w.op("VADDPS %s, %s, %s", w.constant(1), e, e)
	w.op("VDIVPS %s, %s, %s", e, x, x)
	return x
}

// geluTanhGrad is dy·s·(1 + x·(1-s)·z'), where s = 1/(1 + e^-z).
func (w *writer) geluTanhGrad(disp int, r registers) string {
	x, e, square := w.tanhExp(disp, 80, r)
	s, spare := r(3), r(1)
	w.clampAbove(x, 13, spare)
	w.op("VMOVAPS %s, %s", spare, x)
	w.sigmoid(e, s, spare)
	w.op("VMULPS %s, %s, %s // 1-s", s, e, e)
	w.op("VMULPS %s, %s, %s", x, e, e)
	w.op("VMOVUPS %s, %s", w.constant(tanhFactor), spare)
	w.op("VFMADD231PS %s, %s, %s // z'", w.constant(3*tanhFactor*tanhCube), square, spare)
	w.op("VFMADD213PS %s, %s, %s", w.constant(1), spare, e)
	w.op("VMULPS %s, %s, %s", s, e, e)
	w.op("VMULPS %d(DX), %s, %s", disp, e, e)
	return e
}

// registers names the i-th vector register that an elementwise function may use.
type registers func(i int) string

// elementwise writes a function. body computes one vector of results from the operands at a
// displacement from SI (and from DX in a gradient), and returns its register.
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

// arguments begins a function and loads its arguments.
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
// leaves it in the lowest bits. If rest is a register, -rest/2, a correction smaller than a's
// last digit, is added to the exponent.
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

// constants are vectors of equal elements, in the order of their first use.
type constants struct {
	place map[uint32]int
	bits  []uint32
}

// constant is the place of the vector of v.
func (w *writer) constant(v float64) string {
	return w.pattern(math.Float32bits(float32(v)))
}

// pattern is the place of the vector of a float given by its bits.
func (w *writer) pattern(bits uint32) string {
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
