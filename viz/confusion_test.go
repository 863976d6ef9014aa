package viz

import (
	"image"
	"image/color"
	"path/filepath"
	"testing"
)

// counts is a matrix with most images on the diagonal and none in row empty.
func counts(n, empty int) [][]int {
	m := make([][]int, n)
	for i := range m {
		m[i] = make([]int, n)
		if i == empty {
			continue
		}
		for j := range m[i] {
			m[i][j] = (i + j) % 3
		}
		m[i][i] = 60 + 4*n
	}
	return m
}

func brightness(c color.NRGBA) int { return int(c.R) + int(c.G) + int(c.B) }

func TestConfusionShowsTheMatrix(t *testing.T) {
	for _, n := range []int{1, 2, 10, 37, 100, 130, 500} {
		m, classes := counts(n, 5), longNames(n)
		h := newHeatMap(m, classes)
		for _, w := range h.writers() {
			w.Close()
		}
		img := drawn(t, func(path string) error { return Confusion(path, m, classes) })
		corner := func(i, j int) color.NRGBA { // of a cell, where no number stands
			return at(img, h.left+j*h.cell+1+min(1, h.cell/8), h.top+i*h.cell+1+min(1, h.cell/8))
		}
		for i := range n {
			for j := range n {
				switch {
				case i == 5:
					if corner(i, j) != unseen {
						t.Fatalf("%d classes: cell (%d, %d) of a row without images is %v", n, i, j, corner(i, j))
					}
				case i != j && brightness(corner(i, i)) > brightness(corner(i, j))-100:
					t.Fatalf("%d classes: cell (%d, %d) is as dark as the diagonal", n, i, j)
				case i != j && m[i][j] == 0 && corner(i, j) != heat(0):
					t.Fatalf("%d classes: cell (%d, %d) without images is %v", n, i, j, corner(i, j))
				}
			}
		}
	}
}

func TestConfusionColoursByRow(t *testing.T) {
	m := [][]int{{1000, 1000}, {1, 1}}
	h := newHeatMap(m, longNames(2))
	img := h.draw()
	for i := range 2 {
		for j := range 2 {
			if got := at(img, h.left+j*h.cell+3, h.top+i*h.cell+3); got != heat(0.5) {
				t.Errorf("cell (%d, %d) is %v, want %v of half the row", i, j, got, heat(0.5))
			}
		}
	}
	for i := range 100 {
		if brightness(heat(float64(i)/100)) <= brightness(heat(float64(i+1)/100)) {
			t.Errorf("%d %% is not lighter than %d %%", i, i+1)
		}
	}
}

func TestConfusionRecallBars(t *testing.T) {
	m := [][]int{{8, 2, 0}, {5, 5, 0}, {0, 0, 0}}
	h := newHeatMap(m, longNames(3))
	img := h.draw()
	right := h.left + 3*h.cell + 14
	for i, want := range []int{56, 35, 0} {
		row := image.Rect(right, h.top+i*h.cell+h.cell/2, right+recallBar, h.top+i*h.cell+h.cell/2+1)
		if got := len(pixels(img, row, blue)); got != want {
			t.Errorf("class %d: a bar of %d pixels, want %d of %d", i, got, want, recallBar)
		}
	}
}

func TestConfusionNumbersFit(t *testing.T) {
	h := newHeatMap(counts(37, 5), longNames(37))
	for v, want := range map[int]string{7: "7", 200: "200", 9949: "9.9k", 12345: "12k", 1234567: "1.2M"} {
		got := h.short(v)
		if got != want && h.counts.width(want) <= h.cell-2 {
			t.Errorf("%d is written %q, want %q", v, got, want)
		}
		if w := h.counts.width(got); w > h.cell {
			t.Errorf("%q is %d pixels wide in a cell of %d", got, w, h.cell)
		}
	}
}

func TestConfusionRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "confusion.png")
	two := []string{"a", "b"}
	refused(t, Confusion(path, nil, nil), ErrEmpty, "confusion.png", "without rows")
	refused(t, Confusion(path, [][]int{{1, 2}, {3, 4}}, two[:1]), ErrMismatch, "2 rows and 1 classes")
	refused(t, Confusion(path, [][]int{{1, 2}, {3}}, two), ErrMismatch, "row 1", "1 columns, want 2")
	refused(t, Confusion(path, [][]int{{1, 2}, {3, -4}}, two), ErrMismatch, "row 1, column 1", "-4")
	refused(t, Confusion(path, make([][]int, 2001), make([]string, 2001)), ErrMismatch, "2001 classes")
}
