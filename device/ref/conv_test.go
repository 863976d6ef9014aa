package ref

import (
	"fmt"
	"testing"

	"github.com/euryale-ml/euryale/geometry"
)

// convGeometries reach every path: 1×1 without patches, bands of output rows,
// blocks of input channels, groups, dilation, taps wholly in the padding.
var convGeometries = []geometry.Conv2D{
	conv(2, 3, 9, 8, 5, 3, 1, 1, 1, 1),
	conv(1, 6, 5, 5, 4, 1, 1, 0, 1, 1),
	conv(1, 6, 5, 5, 4, 1, 1, 0, 1, 2),
	conv(2, 5, 7, 6, 4, 1, 2, 0, 1, 1),
	conv(1, 40, 6, 6, 8, 3, 2, 1, 1, 1),  // several blocks of channels
	conv(2, 4, 40, 36, 3, 3, 1, 1, 1, 1), // several bands
	conv(2, 4, 41, 36, 4, 5, 2, 2, 1, 2),
	conv(1, 3, 13, 12, 4, 3, 1, 4, 4, 1),
	conv(1, 2, 2, 2, 3, 3, 1, 3, 2, 1), // taps that never touch the image
	conv(3, 2, 1, 1, 2, 3, 2, 1, 1, 1),
}

func conv(n, c, h, w, o, kernel, stride, pad, dilation, groups int) geometry.Conv2D {
	return geometry.Conv2D{N: n, C: c, H: h, W: w, O: o, KH: kernel, KW: kernel, StrideH: stride, StrideW: stride,
		PadH: pad, PadW: pad, DilationH: dilation, DilationW: dilation, Groups: groups}
}

// eachTap calls f with the offsets into x, w and y of every product of a convolution.
func eachTap(g geometry.Conv2D, f func(x, w, y int)) {
	cg, og := g.C/g.Groups, g.O/g.Groups
	for n := range g.N {
		for o := range g.O {
			for h := range g.OutH() {
				for w := range g.OutW() {
					for c := range cg {
						for kh := range g.KH {
							for kw := range g.KW {
								ih, iw := h*g.StrideH-g.PadH+kh*g.DilationH, w*g.StrideW-g.PadW+kw*g.DilationW
								if ih < 0 || ih >= g.H || iw < 0 || iw >= g.W {
									continue
								}
								f(((n*g.C+o/og*cg+c)*g.H+ih)*g.W+iw,
									((o*cg+c)*g.KH+kh)*g.KW+kw,
									((n*g.O+o)*g.OutH()+h)*g.OutW()+w)
							}
						}
					}
				}
			}
		}
	}
}

func volume(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func TestConvolutions(t *testing.T) {
	for _, g := range convGeometries {
		t.Run(fmt.Sprintf("%+v", g), func(t *testing.T) {
			if err := g.Validate(); err != nil {
				t.Fatal(err)
			}
			x, w := hashed[float64](1, volume(g.InputShape())), hashed[float64](2, volume(g.WeightShape()))
			dy := hashed[float64](3, volume(g.OutputShape()))
			y, dw := make([]float64, len(dy)), make([]float64, len(w))
			before := hashed[float64](4, len(x))
			dx, sum := make([]float64, len(x)), append([]float64(nil), before...)
			eachTap(g, func(xi, wi, yi int) {
				y[yi] += x[xi] * w[wi]
				dx[xi] += dy[yi] * w[wi]
				sum[xi] += dy[yi] * w[wi]
				dw[wi] += dy[yi] * x[xi]
			})
			poison := hashed[float64](5, Conv2DScratch(g))
			got := hashed[float64](6, len(y))
			inPieces(Conv2DUnits(g), func(u0, u1 int) { Conv2D(g, x, w, got, u0, u1, poison) })
			closeTo(t, "y", got, y, 1e-12)
			got = hashed[float64](7, len(x))
			inPieces(Conv2DGradInputUnits(g), func(u0, u1 int) { Conv2DGradInput(g, dy, w, got, false, u0, u1, poison) })
			closeTo(t, "dx", got, dx, 1e-12)
			inPieces(Conv2DGradInputUnits(g), func(u0, u1 int) { Conv2DGradInput(g, dy, w, before, true, u0, u1, poison) })
			closeTo(t, "accumulated dx", before, sum, 1e-12)
			got = hashed[float64](8, len(w))
			inPieces(Conv2DGradWeightUnits(g), func(u0, u1 int) { Conv2DGradWeight(g, x, dy, got, u0, u1, poison) })
			closeTo(t, "dw", got, dw, 1e-12)
		})
	}
}

// inPieces cuts a range unevenly, from its end.
func inPieces(units int, f func(u0, u1 int)) {
	for size := 1; units > 0; size++ {
		f(max(units-size, 0), units)
		units -= size
	}
}

func TestConvolutionPiecesAreBounded(t *testing.T) {
	large, many := 0, 0
	for _, g := range append(convGeometries, conv(8, 3, 224, 224, 64, 7, 2, 3, 1, 1), conv(1, 512, 224, 224, 512, 3, 1, 1, 1, 1)) {
		if Conv2DScratch(g) > GemmScratch+2*patchElements {
			large++
		}
		if Conv2DUnits(g) > g.N || Conv2DGradWeightUnits(g) > g.Groups {
			many++
		}
	}
	if large > 0 {
		t.Errorf("%d geometries need more than %d patches at a time", large, 2*patchElements)
	}
	if many < 4 {
		t.Errorf("only %d geometries are cut at all", many)
	}
}
