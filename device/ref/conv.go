package ref

import "github.com/euryale-ml/euryale/geometry"

// The convolutions are matrix products with patches of the input (im2col),
// unfolded piece by piece: a band of output rows in the forward pass, a block of
// input channels in the gradients. A 1×1 kernel with stride 1 needs no copy.
//
// These kernels define the result of a step. The engine turns a graph's operators into steps
// (engine/compile.go); the fast kernels for float32 are in device/cpu/conv_amd64.go.

// patchElements is the largest number of elements of the patches unfolded at a time.
const patchElements = 1 << 19

// Conv2DScratch is the number of elements of working memory that each concurrent
// call of Conv2D, Conv2DGradInput or Conv2DGradWeight needs.
func Conv2DScratch(g geometry.Conv2D) int {
	taps, pixels := g.KH*g.KW, g.OutH()*g.OutW()
	forward := g.C / g.Groups * taps * bandRows(g) * g.OutW()
	backward := blockChannels(g) * taps * pixels
	return GemmScratch + max(forward, backward)
}

// bandRows is the number of output rows that one forward unit computes.
func bandRows(g geometry.Conv2D) int {
	row := g.C / g.Groups * g.KH * g.KW * g.OutW()
	rows := min(patchElements/row, (512+g.OutW()-1)/g.OutW())
	return min(max(rows, 1), g.OutH())
}

// blockChannels is the number of input channels of a group that one unit of the
// gradients unfolds.
func blockChannels(g geometry.Conv2D) int {
	taps := g.KH * g.KW
	channels := min(patchElements/(taps*g.OutH()*g.OutW()), (128+taps-1)/taps)
	return min(max(channels, 1), g.C/g.Groups)
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// pointwise reports whether the patches are the input itself.
func pointwise(g geometry.Conv2D) bool {
	return g.KH == 1 && g.KW == 1 && g.StrideH == 1 && g.StrideW == 1 && g.PadH == 0 && g.PadW == 0
}

// Conv2DUnits is the number of units of Conv2D: images × bands of output rows.
func Conv2DUnits(g geometry.Conv2D) int { return g.N * ceilDiv(g.OutH(), bandRows(g)) }

// Conv2D computes units u0 to u1 of y = w ∗ x, x [N, C, H, W],
// w [O, C/Groups, KH, KW], y [N, O, OutH, OutW].
func Conv2D[T Float](g geometry.Conv2D, x, w, y []T, u0, u1 int, scratch []T) {
	rows, ow := bandRows(g), g.OutW()
	bands := ceilDiv(g.OutH(), rows)
	cg, og := g.C/g.Groups, g.O/g.Groups
	k, pixels := cg*g.KH*g.KW, g.OutH()*ow
	gemm, patches := scratch[:GemmScratch], scratch[GemmScratch:]
	for u := u0; u < u1; u++ {
		n, h0 := u/bands, u%bands*rows
		h1 := min(h0+rows, g.OutH())
		size := (h1 - h0) * ow
		for group := range g.Groups {
			xg := x[(n*g.C+group*cg)*g.H*g.W:]
			b := Matrix[T]{xg[h0*ow:], g.H * g.W, 1}
			if !pointwise(g) {
				unfold(g, xg, cg, h0, h1, patches)
				b = RowMajor(patches, size)
			}
			yg := y[(n*g.O+group*og)*pixels+h0*ow:]
			Gemm(og, size, k, RowMajor(w[group*og*k:], k), b, yg, pixels, false, gemm)
		}
	}
}

// Conv2DGradInputUnits is the number of units of Conv2DGradInput: images × blocks of channels.
func Conv2DGradInputUnits(g geometry.Conv2D) int {
	return g.N * g.Groups * ceilDiv(g.C/g.Groups, blockChannels(g))
}

// Conv2DGradInput computes units u0 to u1 of dx [N, C, H, W] from dy
// [N, O, OutH, OutW] and w. With accumulate it adds to dx.
func Conv2DGradInput[T Float](g geometry.Conv2D, dy, w, dx []T, accumulate bool, u0, u1 int, scratch []T) {
	cg, og, block := g.C/g.Groups, g.O/g.Groups, blockChannels(g)
	blocks := ceilDiv(cg, block)
	taps, pixels := g.KH*g.KW, g.OutH()*g.OutW()
	gemm, patches := scratch[:GemmScratch], scratch[GemmScratch:]
	for u := u0; u < u1; u++ {
		n, group, c0 := u/(blocks*g.Groups), u/blocks%g.Groups, u%blocks*block
		channels := min(block, cg-c0)
		wt := Matrix[T]{w[group*og*cg*taps+c0*taps:], 1, cg * taps}
		dyg := RowMajor(dy[(n*g.O+group*og)*pixels:], pixels)
		dxc := dx[(n*g.C+group*cg+c0)*g.H*g.W:][:channels*g.H*g.W]
		if pointwise(g) {
			Gemm(channels, pixels, og, wt, dyg, dxc, pixels, accumulate, gemm)
			continue
		}
		Gemm(channels*taps, pixels, og, wt, dyg, patches, pixels, false, gemm)
		if !accumulate {
			clear(dxc)
		}
		fold(g, patches, channels, dxc)
	}
}

// Conv2DGradWeightUnits is the number of units of Conv2DGradWeight: groups × blocks of channels.
func Conv2DGradWeightUnits(g geometry.Conv2D) int {
	return g.Groups * ceilDiv(g.C/g.Groups, blockChannels(g))
}

// Conv2DGradWeight computes units u0 to u1 of dw [O, C/Groups, KH, KW] from
// x [N, C, H, W] and dy [N, O, OutH, OutW], image after image. Units write
// different input channels of dw, so no partial sums are needed.
func Conv2DGradWeight[T Float](g geometry.Conv2D, x, dy, dw []T, u0, u1 int, scratch []T) {
	cg, og, block := g.C/g.Groups, g.O/g.Groups, blockChannels(g)
	blocks := ceilDiv(cg, block)
	taps, pixels := g.KH*g.KW, g.OutH()*g.OutW()
	gemm, patches := scratch[:GemmScratch], scratch[GemmScratch:]
	for u := u0; u < u1; u++ {
		group, c0 := u/blocks, u%blocks*block
		channels := min(block, cg-c0)
		dwc := dw[group*og*cg*taps+c0*taps:]
		for n := range g.N {
			xc := x[(n*g.C+group*cg+c0)*g.H*g.W:]
			b := RowMajor(xc, pixels)
			if !pointwise(g) {
				unfold(g, xc, channels, 0, g.OutH(), patches)
				b = RowMajor(patches, pixels)
			}
			dyg := RowMajor(dy[(n*g.O+group*og)*pixels:], pixels)
			Gemm(og, channels*taps, pixels, dyg, b.Transposed(), dwc, cg*taps, n > 0, gemm)
		}
	}
}

// unfold writes the patches [channels·KH·KW, (h1-h0)·OutW] of output rows h0 to h1.
func unfold[T Float](g geometry.Conv2D, x []T, channels, h0, h1 int, patches []T) {
	ow := g.OutW()
	for c := range channels {
		xc := x[c*g.H*g.W : (c+1)*g.H*g.W]
		for kh := range g.KH {
			for kw := range g.KW {
				lo, hi := validColumns(g, kw)
				for h := h0; h < h1; h++ {
					row := patches[:ow]
					patches = patches[ow:]
					ih := h*g.StrideH - g.PadH + kh*g.DilationH
					if ih < 0 || ih >= g.H || lo >= hi {
						clear(row)
						continue
					}
					clear(row[:lo])
					clear(row[hi:])
					src := xc[ih*g.W : (ih+1)*g.W]
					iw := lo*g.StrideW - g.PadW + kw*g.DilationW
					if g.StrideW == 1 {
						copy(row[lo:hi], src[iw:])
						continue
					}
					for j := lo; j < hi; j++ {
						row[j] = src[iw]
						iw += g.StrideW
					}
				}
			}
		}
	}
}

// fold adds patches of all output rows back to the channels they came from.
func fold[T Float](g geometry.Conv2D, patches []T, channels int, dx []T) {
	oh, ow := g.OutH(), g.OutW()
	for c := range channels {
		dxc := dx[c*g.H*g.W : (c+1)*g.H*g.W]
		for kh := range g.KH {
			for kw := range g.KW {
				lo, hi := validColumns(g, kw)
				for h := range oh {
					row := patches[:ow]
					patches = patches[ow:]
					ih := h*g.StrideH - g.PadH + kh*g.DilationH
					if ih < 0 || ih >= g.H {
						continue
					}
					dst := dxc[ih*g.W : (ih+1)*g.W]
					iw := lo*g.StrideW - g.PadW + kw*g.DilationW
					for j := lo; j < hi; j++ {
						dst[iw] += row[j]
						iw += g.StrideW
					}
				}
			}
		}
	}
}

// validColumns is the range of output columns whose tap kw lies inside the image.
func validColumns(g geometry.Conv2D, kw int) (lo, hi int) {
	offset := kw*g.DilationW - g.PadW // input column of output column 0
	if offset < 0 {
		lo = ceilDiv(-offset, g.StrideW)
	}
	if offset < g.W {
		hi = (g.W-1-offset)/g.StrideW + 1
	}
	hi = min(hi, g.OutW())
	return min(lo, hi), hi
}
