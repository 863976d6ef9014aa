//go:build amd64 && !noasm && !purego

#include "textflag.h"

// Passes over maps and parameters, for AVX2 and FMA: wider registers would not help, since
// they are bound by memory. A block of 16 channels is two YMM registers. Arguments are
// described at the declarations in passes_amd64.go.

// func sums(x unsafe.Pointer, pixels int64, shift, sum, square *float32)
TEXT ·sums(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), SI
	MOVQ pixels+8(FP), CX
	MOVQ shift+16(FP), DI
	VMOVUPS (DI), Y8
	VMOVUPS 32(DI), Y9
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3

sloop:
	VMOVUPS (SI), Y4
	VMOVUPS 32(SI), Y5
	VSUBPS Y8, Y4, Y4
	VSUBPS Y9, Y5, Y5
	VADDPS Y4, Y0, Y0
	VADDPS Y5, Y1, Y1
	VFMADD231PS Y4, Y4, Y2
	VFMADD231PS Y5, Y5, Y3
	ADDQ $64, SI
	DECQ CX
	JNZ  sloop
	MOVQ sum+24(FP), DI
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	MOVQ square+32(FP), DI
	VMOVUPS Y2, (DI)
	VMOVUPS Y3, 32(DI)
	VZEROUPPER
	RET

// func gradSums(x, dy, y unsafe.Pointer, pixels int64, mean, sum, product *float32)
TEXT ·gradSums(SB), NOSPLIT, $0-56
	MOVQ x+0(FP), SI
	MOVQ dy+8(FP), DX
	MOVQ y+16(FP), BX
	MOVQ pixels+24(FP), CX
	MOVQ mean+32(FP), DI
	VMOVUPS (DI), Y8
	VMOVUPS 32(DI), Y9
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y15, Y15, Y15
	TESTQ BX, BX
	JZ   gsloop

gmloop:
	VMOVUPS (BX), Y6
	VMOVUPS 32(BX), Y7
	VCMPPS $1, Y6, Y15, Y6
	VCMPPS $1, Y7, Y15, Y7
	VANDPS (DX), Y6, Y6
	VANDPS 32(DX), Y7, Y7
	VMOVUPS (SI), Y4
	VMOVUPS 32(SI), Y5
	VSUBPS Y8, Y4, Y4
	VSUBPS Y9, Y5, Y5
	VADDPS Y6, Y0, Y0
	VADDPS Y7, Y1, Y1
	VFMADD231PS Y6, Y4, Y2
	VFMADD231PS Y7, Y5, Y3
	ADDQ $64, SI
	ADDQ $64, DX
	ADDQ $64, BX
	DECQ CX
	JNZ  gmloop
	JMP  gsdone

gsloop:
	VMOVUPS (DX), Y6
	VMOVUPS 32(DX), Y7
	VMOVUPS (SI), Y4
	VMOVUPS 32(SI), Y5
	VSUBPS Y8, Y4, Y4
	VSUBPS Y9, Y5, Y5
	VADDPS Y6, Y0, Y0
	VADDPS Y7, Y1, Y1
	VFMADD231PS Y6, Y4, Y2
	VFMADD231PS Y7, Y5, Y3
	ADDQ $64, SI
	ADDQ $64, DX
	DECQ CX
	JNZ  gsloop

gsdone:
	MOVQ sum+40(FP), DI
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	MOVQ product+48(FP), DI
	VMOVUPS Y2, (DI)
	VMOVUPS Y3, 32(DI)
	VZEROUPPER
	RET

// func normalize(x, residual, y unsafe.Pointer, pixels int64, c *[3][16]float32, relu int64)
TEXT ·normalize(SB), NOSPLIT, $0-48
	MOVQ x+0(FP), SI
	MOVQ residual+8(FP), BX
	MOVQ y+16(FP), DX
	MOVQ pixels+24(FP), CX
	MOVQ c+32(FP), DI
	VMOVUPS (DI), Y8     // mean
	VMOVUPS 32(DI), Y9
	VMOVUPS 64(DI), Y10  // scale
	VMOVUPS 96(DI), Y11
	VMOVUPS 128(DI), Y12 // shift
	VMOVUPS 160(DI), Y13
	// the lower bound of the result: zero with ReLU, else -Inf
	VXORPS Y15, Y15, Y15
	CMPQ relu+40(FP), $0
	JNE  nstart
	VPCMPEQD Y15, Y15, Y15
	VPSLLD $23, Y15, Y15

nstart:
	TESTQ BX, BX
	JZ   nplain

nres:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VSUBPS Y8, Y0, Y0
	VSUBPS Y9, Y1, Y1
	VFMADD213PS Y12, Y10, Y0
	VFMADD213PS Y13, Y11, Y1
	VADDPS (BX), Y0, Y0
	VADDPS 32(BX), Y1, Y1
	VMAXPS Y0, Y15, Y0
	VMAXPS Y1, Y15, Y1
	VMOVUPS Y0, (DX)
	VMOVUPS Y1, 32(DX)
	ADDQ $64, SI
	ADDQ $64, BX
	ADDQ $64, DX
	DECQ CX
	JNZ  nres
	VZEROUPPER
	RET

nplain:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VSUBPS Y8, Y0, Y0
	VSUBPS Y9, Y1, Y1
	VFMADD213PS Y12, Y10, Y0
	VFMADD213PS Y13, Y11, Y1
	VMAXPS Y0, Y15, Y0
	VMAXPS Y1, Y15, Y1
	VMOVUPS Y0, (DX)
	VMOVUPS Y1, 32(DX)
	ADDQ $64, SI
	ADDQ $64, DX
	DECQ CX
	JNZ  nplain
	VZEROUPPER
	RET

// func normalizeGrad(x, dy, y, dx unsafe.Pointer, pixels int64, c *[4][16]float32)
TEXT ·normalizeGrad(SB), NOSPLIT, $0-48
	MOVQ x+0(FP), SI
	MOVQ dy+8(FP), DX
	MOVQ y+16(FP), BX
	MOVQ dx+24(FP), R8
	MOVQ pixels+32(FP), CX
	MOVQ c+40(FP), DI
	VMOVUPS (DI), Y8     // mean
	VMOVUPS 32(DI), Y9
	VMOVUPS 64(DI), Y10  // factor of dy
	VMOVUPS 96(DI), Y11
	VMOVUPS 128(DI), Y12 // factor of x - mean
	VMOVUPS 160(DI), Y13
	VMOVUPS 192(DI), Y14 // constant
	VMOVUPS 224(DI), Y15
	TESTQ BX, BX
	JZ   ngloop

ngmask:
	VXORPS Y4, Y4, Y4
	VCMPPS $1, (BX), Y4, Y2
	VCMPPS $1, 32(BX), Y4, Y3
	VANDPS (DX), Y2, Y2
	VANDPS 32(DX), Y3, Y3
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VSUBPS Y8, Y0, Y0
	VSUBPS Y9, Y1, Y1
	VFMADD213PS Y14, Y12, Y0
	VFMADD213PS Y15, Y13, Y1
	VFMADD231PS Y2, Y10, Y0
	VFMADD231PS Y3, Y11, Y1
	VMOVUPS Y0, (R8)
	VMOVUPS Y1, 32(R8)
	ADDQ $64, SI
	ADDQ $64, DX
	ADDQ $64, BX
	ADDQ $64, R8
	DECQ CX
	JNZ  ngmask
	VZEROUPPER
	RET

ngloop:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VSUBPS Y8, Y0, Y0
	VSUBPS Y9, Y1, Y1
	VFMADD213PS Y14, Y12, Y0
	VFMADD213PS Y15, Y13, Y1
	VFMADD231PS (DX), Y10, Y0
	VFMADD231PS 32(DX), Y11, Y1
	VMOVUPS Y0, (R8)
	VMOVUPS Y1, 32(R8)
	ADDQ $64, SI
	ADDQ $64, DX
	ADDQ $64, R8
	DECQ CX
	JNZ  ngloop
	VZEROUPPER
	RET

// func reluBlocks(x, y unsafe.Pointer, n int64)
TEXT ·reluBlocks(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), SI
	MOVQ y+8(FP), DI
	MOVQ n+16(FP), CX
	VXORPS Y15, Y15, Y15

rloop:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VMAXPS Y0, Y15, Y0
	VMAXPS Y1, Y15, Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ $64, SI
	ADDQ $64, DI
	DECQ CX
	JNZ  rloop
	VZEROUPPER
	RET

// func reluGradBlocks(y, dy, dx unsafe.Pointer, n int64)
TEXT ·reluGradBlocks(SB), NOSPLIT, $0-32
	MOVQ y+0(FP), SI
	MOVQ dy+8(FP), DX
	MOVQ dx+16(FP), DI
	MOVQ n+24(FP), CX
	VXORPS Y15, Y15, Y15

rgloop:
	VCMPPS $1, (SI), Y15, Y0
	VCMPPS $1, 32(SI), Y15, Y1
	VANDPS (DX), Y0, Y0
	VANDPS 32(DX), Y1, Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ $64, SI
	ADDQ $64, DX
	ADDQ $64, DI
	DECQ CX
	JNZ  rgloop
	VZEROUPPER
	RET

// func addBlocks(x, y, z unsafe.Pointer, n int64, relu int64)
TEXT ·addBlocks(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), SI
	MOVQ y+8(FP), DX
	MOVQ z+16(FP), DI
	MOVQ n+24(FP), CX
	VXORPS Y15, Y15, Y15
	CMPQ relu+32(FP), $0
	JNE  aloop
	VPCMPEQD Y15, Y15, Y15
	VPSLLD $23, Y15, Y15

aloop:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VADDPS (DX), Y0, Y0
	VADDPS 32(DX), Y1, Y1
	VMAXPS Y0, Y15, Y0
	VMAXPS Y1, Y15, Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ $64, SI
	ADDQ $64, DX
	ADDQ $64, DI
	DECQ CX
	JNZ  aloop
	VZEROUPPER
	RET

// func sgdBlocks(w, v, grad unsafe.Pointer, n int64, c *[3]float32, nesterov int64)
TEXT ·sgdBlocks(SB), NOSPLIT, $0-48
	MOVQ w+0(FP), SI
	MOVQ v+8(FP), DX
	MOVQ grad+16(FP), DI
	MOVQ n+24(FP), CX
	MOVQ c+32(FP), AX
	VBROADCASTSS (AX), Y8   // momentum
	VBROADCASTSS 4(AX), Y9  // weight decay
	VBROADCASTSS 8(AX), Y10 // learning rate
	MOVQ nesterov+40(FP), BX

uloop:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VMULPS Y9, Y0, Y2
	VMULPS Y9, Y1, Y3
	VADDPS (DI), Y2, Y2 // g + decay·w
	VADDPS 32(DI), Y3, Y3
	VMULPS (DX), Y8, Y4
	VMULPS 32(DX), Y8, Y5
	VADDPS Y2, Y4, Y4 // v'
	VADDPS Y3, Y5, Y5
	VMOVUPS Y4, (DX)
	VMOVUPS Y5, 32(DX)
	TESTQ BX, BX
	JZ   ustep
	VMULPS Y4, Y8, Y4
	VMULPS Y5, Y8, Y5
	VADDPS Y2, Y4, Y4
	VADDPS Y3, Y5, Y5

ustep:
	VMULPS Y4, Y10, Y4
	VMULPS Y5, Y10, Y5
	VSUBPS Y4, Y0, Y0
	VSUBPS Y5, Y1, Y1
	VMOVUPS Y0, (SI)
	VMOVUPS Y1, 32(SI)
	ADDQ $64, SI
	ADDQ $64, DX
	ADDQ $64, DI
	DECQ CX
	JNZ  uloop
	VZEROUPPER
	RET

// func lerpBlocks(x, y, z unsafe.Pointer, n int64, weight float32)
TEXT ·lerpBlocks(SB), NOSPLIT, $0-36
	MOVQ x+0(FP), SI
	MOVQ y+8(FP), DX
	MOVQ z+16(FP), DI
	MOVQ n+24(FP), CX
	VBROADCASTSS weight+32(FP), Y8

leloop:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VMOVUPS (DX), Y2
	VMOVUPS 32(DX), Y3
	VSUBPS Y0, Y2, Y2
	VSUBPS Y1, Y3, Y3
	VMULPS Y8, Y2, Y2
	VMULPS Y8, Y3, Y3
	VADDPS Y2, Y0, Y0
	VADDPS Y3, Y1, Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ $64, SI
	ADDQ $64, DX
	ADDQ $64, DI
	DECQ CX
	JNZ  leloop
	VZEROUPPER
	RET

// func squareLerpBlocks(x, y, z unsafe.Pointer, n int64, keep, take float32)
TEXT ·squareLerpBlocks(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), SI
	MOVQ y+8(FP), DX
	MOVQ z+16(FP), DI
	MOVQ n+24(FP), CX
	VBROADCASTSS keep+32(FP), Y8
	VBROADCASTSS take+36(FP), Y9

sqloop:
	VMOVUPS (DX), Y2
	VMOVUPS 32(DX), Y3
	VMULPS (SI), Y8, Y0
	VMULPS 32(SI), Y8, Y1
	VMULPS Y9, Y2, Y4
	VMULPS Y9, Y3, Y5
	VMULPS Y2, Y4, Y4
	VMULPS Y3, Y5, Y5
	VADDPS Y4, Y0, Y0
	VADDPS Y5, Y1, Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ $64, SI
	ADDQ $64, DX
	ADDQ $64, DI
	DECQ CX
	JNZ  sqloop
	VZEROUPPER
	RET

// func adamBlocks(w, m, v, z unsafe.Pointer, n int64, c *[4]float32)
TEXT ·adamBlocks(SB), NOSPLIT, $0-48
	MOVQ w+0(FP), SI
	MOVQ m+8(FP), DX
	MOVQ v+16(FP), BX
	MOVQ z+24(FP), DI
	MOVQ n+32(FP), CX
	MOVQ c+40(FP), AX
	VBROADCASTSS (AX), Y8    // 1 - lr·decay
	VBROADCASTSS 4(AX), Y9   // the size of the step
	VBROADCASTSS 8(AX), Y10  // √(1 - β₂ᵗ)
	VBROADCASTSS 12(AX), Y11 // ε

adloop:
	VSQRTPS (BX), Y2
	VSQRTPS 32(BX), Y3
	VDIVPS Y10, Y2, Y2
	VDIVPS Y10, Y3, Y3
	VADDPS Y11, Y2, Y2 // the denominator
	VADDPS Y11, Y3, Y3
	VMOVUPS (DX), Y4
	VMOVUPS 32(DX), Y5
	VDIVPS Y2, Y4, Y4
	VDIVPS Y3, Y5, Y5
	VMULPS Y9, Y4, Y4
	VMULPS Y9, Y5, Y5
	VMULPS (SI), Y8, Y0
	VMULPS 32(SI), Y8, Y1
	VSUBPS Y4, Y0, Y0
	VSUBPS Y5, Y1, Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ $64, SI
	ADDQ $64, DX
	ADDQ $64, BX
	ADDQ $64, DI
	DECQ CX
	JNZ  adloop
	VZEROUPPER
	RET

// Rows r to r+7 and columns c to c+7 of a block of 16 × 16 become rows c and columns r.
#define TRANSPOSE8(from, to) \
	VMOVUPS 0+from(SI), Y0 \
	VMOVUPS 64+from(SI), Y1 \
	VMOVUPS 128+from(SI), Y2 \
	VMOVUPS 192+from(SI), Y3 \
	VMOVUPS 256+from(SI), Y4 \
	VMOVUPS 320+from(SI), Y5 \
	VMOVUPS 384+from(SI), Y6 \
	VMOVUPS 448+from(SI), Y7 \
	VUNPCKLPS Y1, Y0, Y8 \
	VUNPCKHPS Y1, Y0, Y9 \
	VUNPCKLPS Y3, Y2, Y10 \
	VUNPCKHPS Y3, Y2, Y11 \
	VUNPCKLPS Y5, Y4, Y12 \
	VUNPCKHPS Y5, Y4, Y13 \
	VUNPCKLPS Y7, Y6, Y14 \
	VUNPCKHPS Y7, Y6, Y15 \
	VUNPCKLPD Y10, Y8, Y0 \
	VUNPCKHPD Y10, Y8, Y1 \
	VUNPCKLPD Y11, Y9, Y2 \
	VUNPCKHPD Y11, Y9, Y3 \
	VUNPCKLPD Y14, Y12, Y4 \
	VUNPCKHPD Y14, Y12, Y5 \
	VUNPCKLPD Y15, Y13, Y6 \
	VUNPCKHPD Y15, Y13, Y7 \
	VPERM2F128 $0x20, Y4, Y0, Y8 \
	VPERM2F128 $0x20, Y5, Y1, Y9 \
	VPERM2F128 $0x20, Y6, Y2, Y10 \
	VPERM2F128 $0x20, Y7, Y3, Y11 \
	VPERM2F128 $0x31, Y4, Y0, Y12 \
	VPERM2F128 $0x31, Y5, Y1, Y13 \
	VPERM2F128 $0x31, Y6, Y2, Y14 \
	VPERM2F128 $0x31, Y7, Y3, Y15 \
	VMOVUPS Y8, 0+to(DI) \
	VMOVUPS Y9, 64+to(DI) \
	VMOVUPS Y10, 128+to(DI) \
	VMOVUPS Y11, 192+to(DI) \
	VMOVUPS Y12, 256+to(DI) \
	VMOVUPS Y13, 320+to(DI) \
	VMOVUPS Y14, 384+to(DI) \
	VMOVUPS Y15, 448+to(DI)

// func transposeBlock(src, dst unsafe.Pointer)
TEXT ·transposeBlock(SB), NOSPLIT, $0-16
	MOVQ src+0(FP), SI
	MOVQ dst+8(FP), DI
	TRANSPOSE8(0, 0)
	TRANSPOSE8(32, 512)
	TRANSPOSE8(512, 32)
	TRANSPOSE8(544, 544)
	VZEROUPPER
	RET

// One tap of a window's maximum: v at (SI)(AX*1) into Y0 and Y1, and into Y6 and Y7
// where it is NaN. If a source is NaN, VMAXPS returns the second one.
#define MAXTAP \
	VMOVUPS (SI)(AX*1), Y4 \
	VMOVUPS 32(SI)(AX*1), Y5 \
	VMAXPS Y0, Y4, Y0 \
	VMAXPS Y1, Y5, Y1 \
	VCMPPS $3, Y4, Y4, Y4 \
	VCMPPS $3, Y5, Y5, Y5 \
	VORPS Y4, Y6, Y6 \
	VORPS Y5, Y7, Y7

// Begins with -Inf and no NaN.
#define MAXSTART \
	VPCMPEQD Y0, Y0, Y0 \
	VPSLLD $23, Y0, Y0 \
	VMOVAPS Y0, Y1 \
	VXORPS Y6, Y6, Y6 \
	VXORPS Y7, Y7, Y7

// func maxPixel(src unsafe.Pointer, places *int32, taps int64, dst unsafe.Pointer)
TEXT ·maxPixel(SB), NOSPLIT, $0-32
	MOVQ src+0(FP), SI
	MOVQ places+8(FP), DX
	MOVQ taps+16(FP), CX
	MOVQ dst+24(FP), DI
	MAXSTART

mloop:
	MOVLQSX (DX), AX
	MAXTAP
	ADDQ $4, DX
	DECQ CX
	JNZ  mloop
	VORPS Y6, Y0, Y0 // all bits set is a NaN
	VORPS Y7, Y1, Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VZEROUPPER
	RET

// Adds Y2 and Y3 to dx where the masks Y4 and Y5 are set, and then clears them there.
#define GIVE \
	VANDPS Y2, Y4, Y8 \
	VANDPS Y3, Y5, Y9 \
	VADDPS (DI)(AX*1), Y8, Y8 \
	VADDPS 32(DI)(AX*1), Y9, Y9 \
	VMOVUPS Y8, (DI)(AX*1) \
	VMOVUPS Y9, 32(DI)(AX*1) \
	VANDNPS Y2, Y4, Y2 \
	VANDNPS Y3, Y5, Y3

// func maxPixelGrad(src, dx unsafe.Pointer, places *int32, taps int64, dy unsafe.Pointer)
TEXT ·maxPixelGrad(SB), NOSPLIT, $0-40
	MOVQ src+0(FP), SI
	MOVQ dx+8(FP), DI
	MOVQ places+16(FP), DX
	MOVQ taps+24(FP), CX
	MOVQ dy+32(FP), BX
	MAXSTART

mgmax:
	MOVLQSX (DX), AX
	MAXTAP
	ADDQ $4, DX
	DECQ CX
	JNZ  mgmax
	MOVQ taps+24(FP), CX
	VMOVUPS (BX), Y2 // dy; cleared in channels whose maximum has been found
	VMOVUPS 32(BX), Y3
	VORPS Y6, Y7, Y4
	VPTEST Y4, Y4
	JZ   mgfirst

	// in a window with NaN, dy is added at the last NaN
	VMOVAPS Y2, Y10
	VMOVAPS Y3, Y11
	VANDPS Y6, Y2, Y2
	VANDPS Y7, Y3, Y3

mgnan:
	SUBQ $4, DX
	MOVLQSX (DX), AX
	VMOVUPS (SI)(AX*1), Y4
	VMOVUPS 32(SI)(AX*1), Y5
	VCMPPS $3, Y4, Y4, Y4
	VCMPPS $3, Y5, Y5, Y5
	GIVE
	DECQ CX
	JNZ  mgnan
	MOVQ taps+24(FP), CX
	VANDNPS Y10, Y6, Y2
	VANDNPS Y11, Y7, Y3

mgfirst:
	MOVQ places+16(FP), DX

mgadd:
	MOVLQSX (DX), AX
	VCMPPS $0, (SI)(AX*1), Y0, Y4
	VCMPPS $0, 32(SI)(AX*1), Y1, Y5
	GIVE
	ADDQ $4, DX
	DECQ CX
	JNZ  mgadd
	VZEROUPPER
	RET

// func sumPixel(src unsafe.Pointer, places *int32, taps int64, scale float32, dst unsafe.Pointer)
TEXT ·sumPixel(SB), NOSPLIT, $0-40
	MOVQ src+0(FP), SI
	MOVQ places+8(FP), DX
	MOVQ taps+16(FP), CX
	VBROADCASTSS scale+24(FP), Y2
	MOVQ dst+32(FP), DI
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1

avloop:
	MOVLQSX (DX), AX
	VADDPS (SI)(AX*1), Y0, Y0
	VADDPS 32(SI)(AX*1), Y1, Y1
	ADDQ $4, DX
	DECQ CX
	JNZ  avloop
	VMULPS Y2, Y0, Y0
	VMULPS Y2, Y1, Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VZEROUPPER
	RET

// func spreadPixel(dx unsafe.Pointer, places *int32, taps int64, scale float32, dy unsafe.Pointer)
TEXT ·spreadPixel(SB), NOSPLIT, $0-40
	MOVQ dx+0(FP), SI
	MOVQ places+8(FP), DX
	MOVQ taps+16(FP), CX
	VBROADCASTSS scale+24(FP), Y2
	MOVQ dy+32(FP), DI
	VMULPS (DI), Y2, Y0
	VMULPS 32(DI), Y2, Y1

sploop:
	MOVLQSX (DX), AX
	VADDPS (SI)(AX*1), Y0, Y3
	VADDPS 32(SI)(AX*1), Y1, Y4
	VMOVUPS Y3, (SI)(AX*1)
	VMOVUPS Y4, 32(SI)(AX*1)
	ADDQ $4, DX
	DECQ CX
	JNZ  sploop
	VZEROUPPER
	RET
