package viz

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/euryale-ml/euryale/internal/atomicfile"
)

// isSVG reports whether a picture's path asks for an SVG.
func isSVG(path string) bool { return strings.EqualFold(filepath.Ext(path), ".svg") }

// writeSVG writes a canvas, making its folder. The file is replaced atomically.
func writeSVG(path string, canvas *vgsvg.Canvas) error {
	if err := atomicfile.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("viz: %w", err)
	}
	err := atomicfile.Write(path, 0o644, func(w io.Writer) error {
		var b bytes.Buffer
		if _, err := canvas.WriteTo(&b); err != nil {
			return err
		}
		// Few systems have the Go fonts; sans-serif fonts have the most similar widths.
		_, err := w.Write(bytes.ReplaceAll(b.Bytes(), []byte("font-family:Go;"), []byte("font-family:Go,sans-serif;")))
		return err
	})
	if err != nil {
		return fmt.Errorf("viz: %w", err)
	}
	return nil
}

// panelsSVG writes a figure of panels below a title as an SVG.
func panelsSVG(path, title, subtitle string, panels []panel) error {
	const head = figureMargin + 72
	rows := (len(panels) + panelColumns - 1) / panelColumns
	height := head + rows*panelHeight + (rows-1)*panelGap + figureMargin
	canvas := vgsvg.New(figureWidth, vg.Length(height))
	all := vgdraw.New(canvas)
	all.SetColor(paper)
	all.Fill(all.Rectangle.Path())
	write := func(x, y float64, text string, size float64, bold bool, c color.Color) {
		style := vgdraw.TextStyle{Color: c, Font: plotFont(size, bold), Handler: plotText()}
		all.FillText(style, vg.Point{X: vg.Length(x), Y: vg.Length(float64(height) - y)}, text)
	}
	write(figureMargin, figureMargin+22, title, 24, true, ink)
	write(figureMargin, figureMargin+46, subtitle, 15, false, subtle)
	width := (figureWidth - 2*figureMargin - (panelColumns-1)*panelGap) / panelColumns
	for i, p := range panels {
		x := figureMargin + i%panelColumns*(width+panelGap)
		y := head + i/panelColumns*(panelHeight+panelGap)
		write(float64(x), float64(y+16), p.title, 17, true, ink)
		at := x
		for _, c := range p.curves {
			if c.name == "" {
				continue
			}
			line := vg.Length(height - y - 33)
			all.StrokeLine2(vgdraw.LineStyle{Color: c.colour, Width: 2.2, Dashes: c.dashes}, vg.Length(at), line, vg.Length(at+swatchWidth), line)
			write(float64(at+swatchWidth+6), float64(y+38), c.name, 14, false, ink)
			at += swatchWidth + 24 + 7*len([]rune(c.name))
		}
		top := y + 52
		p.plot().Draw(vgdraw.Canvas{Canvas: canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: vg.Length(x), Y: vg.Length(height - y - panelHeight)},
			Max: vg.Point{X: vg.Length(x + width), Y: vg.Length(height - top)},
		}})
	}
	return writeSVG(path, canvas)
}
