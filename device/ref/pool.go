package ref

import (
	"math"

	"github.com/euryale-ml/euryale/geometry"
)

// The pools follow PyTorch: windows are clipped to the image, the first of equal maxima in
// row order counts, and the maximum of a window with a NaN is NaN.

// window is the part of a pooling window along one axis that lies inside the
// image, and its size including padding, by which an average with CountIncludePad divides.
type window struct {
	lo, hi, padded int
}

func poolWindow(i, in, kernel, stride, pad int) window {
	lo := i*stride - pad
	hi := min(lo+kernel, in+pad)
	return window{max(lo, 0), min(hi, in), hi - lo}
}

// MaxPool computes planes i0 to i1 of y [N, C, OutH, OutW] from x [N, C, H, W].
func MaxPool[T Float](g geometry.Pool2D, x, y []T, i0, i1 int) {
	oh, ow, size := g.OutH(), g.OutW(), g.H*g.W
	for i := i0; i < i1; i++ {
		xp, yp := x[i*size:(i+1)*size], y[i*oh*ow:(i+1)*oh*ow]
		for h := range oh {
			wh := poolWindow(h, g.H, g.KH, g.StrideH, g.PadH)
			for w := range ow {
				ww := poolWindow(w, g.W, g.KW, g.StrideW, g.PadW)
				yp[h*ow+w] = xp[firstMaximum(xp, g.W, wh, ww)]
			}
		}
	}
}

// MaxPoolGrad computes planes i0 to i1 of dx [N, C, H, W]: dy is added at the input
// that MaxPool chose.
func MaxPoolGrad[T Float](g geometry.Pool2D, x, dy, dx []T, i0, i1 int) {
	oh, ow, size := g.OutH(), g.OutW(), g.H*g.W
	for i := i0; i < i1; i++ {
		xp, dp, out := x[i*size:(i+1)*size], dy[i*oh*ow:(i+1)*oh*ow], dx[i*size:(i+1)*size]
		clear(out)
		for h := range oh {
			wh := poolWindow(h, g.H, g.KH, g.StrideH, g.PadH)
			for w := range ow {
				ww := poolWindow(w, g.W, g.KW, g.StrideW, g.PadW)
				out[firstMaximum(xp, g.W, wh, ww)] += dp[h*ow+w]
			}
		}
	}
}

// firstMaximum is the index of the first maximum of a window, or of its last NaN.
func firstMaximum[T Float](x []T, width int, wh, ww window) int {
	best, at := T(math.Inf(-1)), wh.lo*width+ww.lo
	for h := wh.lo; h < wh.hi; h++ {
		for i := h*width + ww.lo; i < h*width+ww.hi; i++ {
			if v := x[i]; v > best || v != v {
				best, at = v, i
			}
		}
	}
	return at
}

// AvgPool computes planes i0 to i1 of y [N, C, OutH, OutW] from x [N, C, H, W].
func AvgPool[T Float](g geometry.Pool2D, x, y []T, i0, i1 int) {
	oh, ow, size := g.OutH(), g.OutW(), g.H*g.W
	for i := i0; i < i1; i++ {
		xp, yp := x[i*size:(i+1)*size], y[i*oh*ow:(i+1)*oh*ow]
		for h := range oh {
			wh := poolWindow(h, g.H, g.KH, g.StrideH, g.PadH)
			for w := range ow {
				ww := poolWindow(w, g.W, g.KW, g.StrideW, g.PadW)
				yp[h*ow+w] = T(sumWindow(xp, g.W, wh, ww) / divisor(g, wh, ww))
			}
		}
	}
}

// AvgPoolGrad computes planes i0 to i1 of dx [N, C, H, W] from dy.
func AvgPoolGrad[T Float](g geometry.Pool2D, dy, dx []T, i0, i1 int) {
	oh, ow, size := g.OutH(), g.OutW(), g.H*g.W
	for i := i0; i < i1; i++ {
		dp, out := dy[i*oh*ow:(i+1)*oh*ow], dx[i*size:(i+1)*size]
		clear(out)
		for h := range oh {
			wh := poolWindow(h, g.H, g.KH, g.StrideH, g.PadH)
			for w := range ow {
				ww := poolWindow(w, g.W, g.KW, g.StrideW, g.PadW)
				spreadWindow(out, g.W, wh, ww, T(float64(dp[h*ow+w])/divisor(g, wh, ww)))
			}
		}
	}
}

// divisor is the number by which an average pool divides a window's sum.
func divisor(g geometry.Pool2D, wh, ww window) float64 {
	if g.CountIncludePad {
		return float64(wh.padded * ww.padded)
	}
	return float64(max(wh.hi-wh.lo, 1) * max(ww.hi-ww.lo, 1))
}

// AdaptiveAvgPool computes planes i0 to i1 of y [N, C, OutH, OutW] from x [N, C, H, W].
func AdaptiveAvgPool[T Float](g geometry.AdaptivePool2D, x, y []T, i0, i1 int) {
	size := g.H * g.W
	for i := i0; i < i1; i++ {
		xp, yp := x[i*size:(i+1)*size], y[i*g.OutH*g.OutW:]
		for h := range g.OutH {
			wh := adaptiveWindow(h, g.H, g.OutH)
			for w := range g.OutW {
				ww := adaptiveWindow(w, g.W, g.OutW)
				yp[h*g.OutW+w] = T(sumWindow(xp, g.W, wh, ww) / float64(wh.padded*ww.padded))
			}
		}
	}
}

// AdaptiveAvgPoolGrad computes planes i0 to i1 of dx [N, C, H, W] from dy.
func AdaptiveAvgPoolGrad[T Float](g geometry.AdaptivePool2D, dy, dx []T, i0, i1 int) {
	size := g.H * g.W
	for i := i0; i < i1; i++ {
		dp, out := dy[i*g.OutH*g.OutW:], dx[i*size:(i+1)*size]
		clear(out)
		for h := range g.OutH {
			wh := adaptiveWindow(h, g.H, g.OutH)
			for w := range g.OutW {
				ww := adaptiveWindow(w, g.W, g.OutW)
				spreadWindow(out, g.W, wh, ww, T(float64(dp[h*g.OutW+w])/float64(wh.padded*ww.padded)))
			}
		}
	}
}

func adaptiveWindow(i, in, out int) window {
	lo, hi := geometry.AdaptiveWindow(i, in, out)
	return window{lo, hi, hi - lo}
}

func sumWindow[T Float](x []T, width int, wh, ww window) (sum float64) {
	for h := wh.lo; h < wh.hi; h++ {
		for i := h*width + ww.lo; i < h*width+ww.hi; i++ {
			sum += float64(x[i])
		}
	}
	return sum
}

func spreadWindow[T Float](dx []T, width int, wh, ww window, v T) {
	for h := wh.lo; h < wh.hi; h++ {
		for i := h*width + ww.lo; i < h*width+ww.hi; i++ {
			dx[i] += v
		}
	}
}
