//go:build amd64 && !noasm && !purego

package cpu

import "unsafe"

// Passes over maps and parameters, for AVX2 and FMA; AVX-512 would not be faster, since
// they are bound by memory. Lengths are at least 1, in blocks of 16 floats ("pixels");
// places are in bytes.

// sums adds x - shift and its square over pixels.
//
//go:noescape
func sums(x unsafe.Pointer, pixels int64, shift, sum, square *float32)

// gradSums adds dy and dy·(x - mean) over pixels; if y is not nil, only where y > 0.
//
//go:noescape
func gradSums(x, dy, y unsafe.Pointer, pixels int64, mean, sum, product *float32)

// normalize is y = (x - c[0])·c[1] + c[2] (+ residual), with ReLU if relu is not 0.
//
//go:noescape
func normalize(x, residual, y unsafe.Pointer, pixels int64, c *[3][lanes]float32, relu int64)

// normalizeGrad is dx = c[1]·dy + c[2]·(x - c[0]) + c[3], dy masked by y > 0 if y is not nil.
//
//go:noescape
func normalizeGrad(x, dy, y, dx unsafe.Pointer, pixels int64, c *[4][lanes]float32)

//go:noescape
func reluBlocks(x, y unsafe.Pointer, n int64)

//go:noescape
func reluGradBlocks(y, dy, dx unsafe.Pointer, n int64)

//go:noescape
func addBlocks(x, y, z unsafe.Pointer, n int64, relu int64)

// sgdBlocks updates w and v in place; c holds momentum, weight decay, learning rate.
// Products are rounded before they are added, as in device/ref.
//
//go:noescape
func sgdBlocks(w, v, grad unsafe.Pointer, n int64, c *[3]float32, nesterov int64)

// lerpBlocks is z = x + weight·(y - x); z may be x. It and the next two round products
// before they are added, as device/ref does.
//
//go:noescape
func lerpBlocks(x, y, z unsafe.Pointer, n int64, weight float32)

// squareLerpBlocks is z = keep·x + take·y·y; z may be x.
//
//go:noescape
func squareLerpBlocks(x, y, z unsafe.Pointer, n int64, keep, take float32)

// adamBlocks is z = c[0]·w - c[1]·m/(√v/c[2] + c[3]); z may be w.
//
//go:noescape
func adamBlocks(w, m, v, z unsafe.Pointer, n int64, c *[4]float32)

// transposeBlock transposes a block of 16 × 16 floats.
//
//go:noescape
func transposeBlock(src, dst unsafe.Pointer)

// maxPixel is the maximum of the pixels of a window, channel by channel.
//
//go:noescape
func maxPixel(src unsafe.Pointer, places *int32, taps int64, dst unsafe.Pointer)

// maxPixelGrad adds dy to dx at the first maximum of a window, or its last NaN, channel by
// channel.
//
//go:noescape
func maxPixelGrad(src, dx unsafe.Pointer, places *int32, taps int64, dy unsafe.Pointer)

// sumPixel is the sum of the pixels of a window times scale.
//
//go:noescape
func sumPixel(src unsafe.Pointer, places *int32, taps int64, scale float32, dst unsafe.Pointer)

// spreadPixel adds dy times scale to all pixels of a window.
//
//go:noescape
func spreadPixel(dx unsafe.Pointer, places *int32, taps int64, scale float32, dy unsafe.Pointer)
