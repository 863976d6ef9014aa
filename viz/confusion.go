package viz

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"strconv"
	"strings"

	"github.com/euryale-ml/euryale/internal/inwords"
)

// Confusion writes to path, as PNG, a heat map of matrix[true][predicted], the
// counts of images: a cell's colour is its share of the row, its number the count,
// and each class's recall is at the right. Rows without images are grey and excluded
// from the recall and the balanced accuracy. Cells are readable for
// up to about 40 classes; with more than 120 only colours are drawn, and more than
// 2,000 are an error.
//
// A matrix that is empty or not square, a number of class names other than that of its
// rows, or a negative count is an error.
func Confusion(path string, matrix [][]int, classes []string) error {
	if err := checkMatrix(matrix, classes); err != nil {
		return fmt.Errorf("viz: %s: %w", path, err)
	}
	return WritePNG(path, newHeatMap(matrix, classes).draw())
}

func checkMatrix(matrix [][]int, classes []string) error {
	n := len(matrix)
	if n == 0 {
		return fmt.Errorf("%w: a matrix without rows", ErrEmpty)
	}
	if n > 2000 {
		return fmt.Errorf("%w: %d classes on one picture, want at most 2000", ErrMismatch, n)
	}
	if len(classes) != n {
		return fmt.Errorf("%w: a matrix of %d rows and %d classes", ErrMismatch, n, len(classes))
	}
	for i, row := range matrix {
		if len(row) != n {
			return fmt.Errorf("%w: row %d of the matrix has %d columns, want %d", ErrMismatch, i, len(row), n)
		}
		for j, v := range row {
			if v < 0 {
				return fmt.Errorf("%w: row %d, column %d of the matrix is %d, want a count", ErrMismatch, i, j, v)
			}
		}
	}
	return nil
}

// heatMap is the layout of a confusion matrix, in pixels.
type heatMap struct {
	matrix  [][]int
	classes []string
	totals  []int // images of each true class
	cell    int   // side of a cell
	left    int   // x of the first cell
	top     int
	named   bool // rows and columns have class names
	counted bool // cells show their counts

	title, plain, label, counts *writer
	img                         *image.RGBA
}

const (
	axisTitle  = 26  // room for “true class” and “predicted class”
	recallRoom = 150 // at the right
	recallBar  = 70  // the length of a bar of 100 %
	labelRoom  = 260 // of a class's name, at most
)

func newHeatMap(matrix [][]int, classes []string) *heatMap {
	n := len(matrix)
	h := &heatMap{matrix: matrix, classes: classes, totals: make([]int, n)}
	for i, row := range matrix {
		for _, v := range row {
			h.totals[i] += v
		}
	}
	h.cell = max(2, min(64, 960/n))
	h.named, h.counted = h.cell >= 8, h.cell >= 18
	h.title, h.plain = newWriter(nil, 24, true), newWriter(nil, 15, false)
	h.label = newWriter(nil, float64(max(8, min(15, h.cell-6))), false)
	h.counts = newWriter(nil, float64(max(8, min(17, h.cell*9/20))), false)
	names := 0
	if h.named {
		for _, c := range classes {
			names = max(names, h.label.width(c))
		}
	}
	names = min(names, labelRoom)
	h.left = figureMargin + axisTitle + names + 10
	h.top = figureMargin + h.title.height + 4 + h.plain.height + 30
	right := 0
	if h.named {
		right = recallRoom
	}
	size := image.Pt(h.left+n*h.cell+right+figureMargin, h.top+n*h.cell+10+names+axisTitle+figureMargin)
	size.X = max(size.X, 760)
	h.img = image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(h.img, h.img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	for _, w := range h.writers() {
		w.dst = h.img
	}
	return h
}

func (h *heatMap) writers() []*writer { return []*writer{h.title, h.plain, h.label, h.counts} }

// draw draws the picture and returns it. The heat map cannot be used again.
func (h *heatMap) draw() *image.RGBA {
	h.head()
	for i := range h.matrix {
		h.row(i)
	}
	n := len(h.matrix)
	bottom := h.top + n*h.cell
	outline(h.img, image.Rect(h.left, h.top, h.left+n*h.cell, bottom), frame)
	if h.named {
		for j, c := range h.classes {
			x := h.left + j*h.cell + (h.cell-h.label.height)/2
			h.label.upwards(x, bottom+8, h.label.fit(c, labelRoom), ink)
		}
	}
	y := h.img.Bounds().Dy() - figureMargin - h.plain.height
	h.plain.centred(h.left+n*h.cell/2, y, "predicted class", subtle)
	word := "true class"
	h.plain.upwards(figureMargin, h.top+n*h.cell/2-h.plain.width(word)/2, word, subtle)
	for _, w := range h.writers() {
		w.Close()
	}
	return h.img
}

// head writes the title, the totals, and the legend of the colours.
func (h *heatMap) head() {
	right, all, recalls, occurring := 0, 0, 0.0, 0
	for i, total := range h.totals {
		right, all = right+h.matrix[i][i], all+total
		if total > 0 {
			recalls, occurring = recalls+h.recall(i), occurring+1
		}
	}
	h.title.at(figureMargin, figureMargin, "Confusion matrix", ink)
	parts := []string{inwords.CountGrouped(all, "image") + " of " + inwords.CountGrouped(occurring, "class")}
	if all > 0 {
		parts = append(parts,
			"accuracy "+shortPercent(float64(right)/float64(all)),
			"balanced accuracy "+shortPercent(recalls/float64(occurring)))
	}
	h.plain.at(figureMargin, figureMargin+h.title.height+4, strings.Join(parts, "  ·  "), subtle)

	const width, height = 120, 12
	end := " 100 %"
	x, y := h.img.Bounds().Dx()-figureMargin-h.plain.width(end)-width, figureMargin+8
	for i := range width {
		fill(h.img, image.Rect(x+i, y, x+i+1, y+height), heat(float64(i)/(width-1)))
	}
	outline(h.img, image.Rect(x, y, x+width, y+height), frame)
	key := "share of the row  0 %"
	h.plain.at(x-8-h.plain.width(key), y+height/2-h.plain.height/2, key, subtle)
	h.plain.at(x+width+2, y+height/2-h.plain.height/2, end, subtle)
}

// row draws the cells of true class i, its name and its recall.
func (h *heatMap) row(i int) {
	y := h.top + i*h.cell
	middle := y + h.cell/2
	for j, v := range h.matrix[i] {
		x := h.left + j*h.cell
		c := unseen
		if h.totals[i] > 0 {
			c = heat(float64(v) / float64(h.totals[i]))
		}
		gap := min(1, h.cell/8)
		fill(h.img, image.Rect(x+gap, y+gap, x+h.cell, y+h.cell), c)
		if h.counted && v > 0 {
			tone := ink
			if c.R < 110 { // dark
				tone = paper
			}
			h.counts.centred(x+h.cell/2+1, middle-h.counts.height/2, h.short(v), tone)
		}
	}
	if !h.named {
		return
	}
	name := h.label.fit(h.classes[i], labelRoom)
	h.label.at(h.left-8-h.label.width(name), middle-h.label.height/2, name, ink)
	x := h.left + len(h.matrix)*h.cell + 14
	if i == 0 {
		h.plain.at(x, h.top-h.plain.height-4, "recall", subtle)
	}
	text := "–"
	if h.totals[i] > 0 {
		text = percent(h.recall(i), 0.01)
		thick := max(3, min(14, h.cell/2))
		bar := image.Rect(x, middle-thick/2, x+recallBar, middle-thick/2+thick)
		fill(h.img, bar, rule)
		bar.Max.X = x + int(math.Round(recallBar*h.recall(i)))
		fill(h.img, bar, blue)
	}
	h.label.at(x+recallBar+8, middle-h.label.height/2, text, ink)
}

// recall is the share of class i's images that were recognised.
func (h *heatMap) recall(i int) float64 { return float64(h.matrix[i][i]) / float64(h.totals[i]) }

// short formats a count so that it fits its cell: 999, then 1.2k, 12k.
func (h *heatMap) short(v int) string {
	s := strconv.Itoa(v)
	for _, unit := range []string{"k", "M", "G"} {
		if h.counts.width(s) <= h.cell-2 {
			return s
		}
		f := float64(v) / 1000
		digits := 0
		if f < 9.95 {
			digits = 1
		}
		s = strconv.FormatFloat(f, 'f', digits, 64) + unit
		v = int(math.Round(f))
	}
	return s
}

// unseen is the colour of a row without images.
var unseen = color.NRGBA{238, 240, 242, 255}

// heat is the colour of a share of 0 to 1, from white to dark blue. Small shares are
// made darker, since most confusions are small.
func heat(share float64) color.NRGBA {
	stops := []color.NRGBA{{250, 251, 253, 255}, {189, 215, 236, 255}, {84, 151, 203, 255}, {0, 92, 156, 255}, {6, 48, 98, 255}}
	t := math.Pow(max(0, min(1, share)), 0.7) * float64(len(stops)-1)
	i := min(int(t), len(stops)-2)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (t-float64(i))*(float64(b)-float64(a)))) }
	a, b := stops[i], stops[i+1]
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

func fill(img *image.RGBA, r image.Rectangle, c color.Color) {
	draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// outline draws the edge of r, a pixel wide.
func outline(img *image.RGBA, r image.Rectangle, c color.Color) {
	fill(img, image.Rect(r.Min.X, r.Min.Y, r.Max.X+1, r.Min.Y+1), c)
	fill(img, image.Rect(r.Min.X, r.Max.Y, r.Max.X+1, r.Max.Y+1), c)
	fill(img, image.Rect(r.Min.X, r.Min.Y, r.Min.X+1, r.Max.Y+1), c)
	fill(img, image.Rect(r.Max.X, r.Min.Y, r.Max.X+1, r.Max.Y+1), c)
}
