//go:build amd64 && !noasm && !purego

#include "textflag.h"

// Conversions between float32 and bfloat16, for AVX2: they are bound by memory. Arguments are
// described at the declarations in halves_amd64.go.

// func widenBlocks(src, dst unsafe.Pointer, n int64)
TEXT ·widenBlocks(SB), NOSPLIT, $0-24
	MOVQ src+0(FP), SI
	MOVQ dst+8(FP), DI
	MOVQ n+16(FP), CX

wloop:
	VPMOVZXWD (SI), Y0
	VPMOVZXWD 16(SI), Y1
	VPSLLD $16, Y0, Y0
	VPSLLD $16, Y1, Y1
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	ADDQ $32, SI
	ADDQ $64, DI
	DECQ CX
	JNZ  wloop
	VZEROUPPER
	RET

// func narrowBlocks(src, dst unsafe.Pointer, n int64)
TEXT ·narrowBlocks(SB), NOSPLIT, $0-24
	MOVQ src+0(FP), SI
	MOVQ dst+8(FP), DI
	MOVQ n+16(FP), CX
	VPCMPEQD Y15, Y15, Y15
	VPSRLD $31, Y15, Y14 // 1
	VPSRLD $17, Y15, Y13 // 0x7fff: half a step, less one
	VPSLLD $6, Y14, Y12  // 0x40: the bit of a quiet NaN

nloop:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VPSRLD $16, Y0, Y2
	VPSRLD $16, Y1, Y3
	VCMPPS $3, Y0, Y0, Y4 // NaN
	VCMPPS $3, Y1, Y1, Y5
	VPAND Y14, Y2, Y6     // the last bit: a tie goes to the even one
	VPAND Y14, Y3, Y7
	VPADDD Y13, Y0, Y0
	VPADDD Y13, Y1, Y1
	VPADDD Y6, Y0, Y0
	VPADDD Y7, Y1, Y1
	VPSRLD $16, Y0, Y0
	VPSRLD $16, Y1, Y1
	VPOR Y12, Y2, Y2
	VPOR Y12, Y3, Y3
	VBLENDVPS Y4, Y2, Y0, Y0
	VBLENDVPS Y5, Y3, Y1, Y1
	VPACKUSDW Y1, Y0, Y0  // in each half: four of the first, four of the second
	VPERMQ $0xd8, Y0, Y0
	VMOVDQU Y0, (DI)
	ADDQ $64, SI
	ADDQ $32, DI
	DECQ CX
	JNZ  nloop
	VZEROUPPER
	RET
