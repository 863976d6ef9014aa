//go:build amd64 && !noasm && !purego

package cpu

import (
	"unsafe"

	"github.com/euryale-ml/euryale/device"
)

//go:generate go -C ../../internal/gen/asm run . -out ../../../device/cpu

// The tile kernels are assembly, written by internal/gen/asm (conv.go, linear.go) for two
// instruction sets. They read their arguments, the structs below, by the names that the
// compiler gives to the fields' offsets in go_asm.h, such as tile_taps. Places and steps are in
// bytes, counts at least 1. A call lasts well under 100 µs, since it cannot be preempted.

// tap is the input of a tile for one tap: the address of its adjacent pixels, and the step
// from one block of 16 channels to the next.
type tap struct {
	src   unsafe.Pointer
	plane int64
}

// tile is an output tile of a convolution: pixels × one or two blocks of 16 channels.
type tile struct {
	taps       *tap
	count      int64          // taps; may be 0
	blocks     int64          // of input channels
	wStep      int64          // from the weights of one block of outputs to the next
	dst        unsafe.Pointer // adjacent pixels
	dst2       unsafe.Pointer // the second block
	accumulate int64          // 1: add to dst, else 0
	bias       unsafe.Pointer // or nil
	relu       int64
	weights    *unsafe.Pointer // of each tap, [blocks][16 inputs][16 outputs]
}

// gradient is a tile of a convolution's weight gradient: 16 input channels × one or
// two blocks of 16 output channels, a sum over pixels.
type gradient struct {
	x          unsafe.Pointer
	places     *int32         // of each pixel in x
	dy, dy2    unsafe.Pointer // adjacent pixels
	pixels     int64
	dw, dw2    unsafe.Pointer // [16 inputs][16 outputs]
	accumulate int64
	rows       int64 // input channels that are used; more may be computed
}

// strip is like tile, for NCHW images of at most 4 channels: a pixel reads runs of single
// floats of the frame (image_amd64.go), and its window is one step after its neighbour's.
type strip struct {
	src       unsafe.Pointer // the first pixel's window
	step      int64          // from one pixel's window to the next's
	places    *int64         // of each run in a window
	taps      int64          // runs
	dst, dst2 unsafe.Pointer
	//lint:ignore U1000 the assembly reads it; nothing adds to dst yet
	accumulate int64          // 1: add to dst, else 0
	bias       unsafe.Pointer // or nil
	relu       int64
	weights    unsafe.Pointer // [taps][run][16 outputs]
	panel      int64          // from the weights of one block of outputs to the next
	run        int64          // floats
}

// gather copies the pixels that a tile reads to adjacent memory.
type gather struct {
	src    unsafe.Pointer
	places *int32 // of each pixel
	plane  int64
	dst    unsafe.Pointer
	planes int64
}

// dots are the scalar products of some rows of w with some rows of x.
type dots struct {
	w       unsafe.Pointer
	wRow    int64
	x       unsafe.Pointer
	xRow    int64
	vectors int64
	sums    [24]float32 // [rows of w][rows of x]
}

// outer is Σ dy[n]ᵀ·x[n] over images, some rows × some columns. It is stored at w; or,
// with velocities v, it is the gradient by which w and v are updated in place.
type outer struct {
	dy       unsafe.Pointer // the rows' elements, adjacent
	dyRow    int64
	x        unsafe.Pointer
	xRow     int64
	images   int64
	w, v     unsafe.Pointer
	row      int64 // from one row of w and v to the next
	momentum float32
	decay    float32
	rate     float32
	_        float32
	nesterov int64
}

// product is c[p] = Σ a[d][p]·b[d]: as many rows as a convolution's tile has pixels,
// as many columns as it has channels.
type product struct {
	a          unsafe.Pointer
	aRow       int64 // from one d to the next
	b          unsafe.Pointer
	bRow       int64
	depth      int64
	c          unsafe.Pointer
	cRow       int64
	accumulate int64
}

// mostPixels is the greatest number of pixels of a tile.
const mostPixels = 14

// kernels are the tile kernels of an instruction set, and the sizes of their tiles.
type kernels struct {
	pixels, blocks   int
	conv             [3]func(*tile) // by blocks
	grad             [3]func(*gradient)
	strip            [3]func(*strip)
	gather           func(*gather)
	dot              func(*dots)
	dotRows, dotCols int
	vector           int             // floats
	outerRows        int             // rows of the tall tiles; others have one row
	outerWide        int             // columns of the wide tiles in blocks of 16
	outer            [2]func(*outer) // wide, narrow: outerRows rows
	outerRow         [2]func(*outer) // wide, narrow: one row
	product          func(*product)
	act              map[device.Act]activation
}

var avx512 = kernels{
	pixels: 14, blocks: 2,
	conv:   [3]func(*tile){nil, convTile1AVX512, convTile2AVX512},
	grad:   [3]func(*gradient){nil, gradTile1AVX512, gradTile2AVX512},
	strip:  [3]func(*strip){nil, stripTile1AVX512, stripTile2AVX512},
	gather: gatherPixelsAVX512,
	dot:    dotTileAVX512, dotRows: 4, dotCols: 6, vector: 16,
	outerRows: 4, outerWide: 6,
	outer:    [2]func(*outer){outerTile4x6AVX512, outerTile4x1AVX512},
	outerRow: [2]func(*outer){outerTile1x6AVX512, outerTile1x1AVX512},
	product:  productTileAVX512,
	act:      activationsOf("avx512"),
}

var avx2 = kernels{
	pixels: 6, blocks: 1,
	conv:   [3]func(*tile){nil, convTile1AVX2, nil},
	grad:   [3]func(*gradient){nil, gradTile1AVX2, nil},
	strip:  [3]func(*strip){nil, stripTile1AVX2, nil},
	gather: gatherPixelsAVX2,
	dot:    dotTileAVX2, dotRows: 4, dotCols: 2, vector: 8,
	outerRows: 4, outerWide: 1,
	outer:    [2]func(*outer){outerTile4x1AVX2, outerTile4x1AVX2},
	outerRow: [2]func(*outer){outerTile1x1AVX2, outerTile1x1AVX2},
	product:  productTileAVX2,
	act:      activationsOf("avx2"),
}

//go:noescape
func convTile1AVX512(a *tile)

//go:noescape
func convTile2AVX512(a *tile)

//go:noescape
func convTile1AVX2(a *tile)

//go:noescape
func gradTile1AVX512(a *gradient)

//go:noescape
func gradTile2AVX512(a *gradient)

//go:noescape
func gradTile1AVX2(a *gradient)

//go:noescape
func stripTile1AVX512(a *strip)

//go:noescape
func stripTile2AVX512(a *strip)

//go:noescape
func stripTile1AVX2(a *strip)

//go:noescape
func gatherPixelsAVX512(a *gather)

//go:noescape
func gatherPixelsAVX2(a *gather)

//go:noescape
func dotTileAVX512(a *dots)

//go:noescape
func dotTileAVX2(a *dots)

//go:noescape
func outerTile4x6AVX512(a *outer)

//go:noescape
func outerTile4x1AVX512(a *outer)

//go:noescape
func outerTile1x6AVX512(a *outer)

//go:noescape
func outerTile1x1AVX512(a *outer)

//go:noescape
func outerTile4x1AVX2(a *outer)

//go:noescape
func outerTile1x1AVX2(a *outer)

//go:noescape
func productTileAVX512(a *product)

//go:noescape
func productTileAVX2(a *product)
