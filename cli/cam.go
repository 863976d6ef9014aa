package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/euryale-ml/euryale/viz"
)

// classIndex finds a class by its name or its index.
func classIndex(class string, classes []string) (int, error) {
	if i := slices.Index(classes, class); i >= 0 {
		return i, nil
	}
	if i, err := strconv.Atoi(class); err == nil && i >= 0 && i < len(classes) {
		return i, nil
	}
	return -1, unknownName("-class", class, classes)
}

// drawCAM writes the picture of the parts of an image that support the class.
func (p *predictor) drawCAM(ctx context.Context, w waiting) error {
	cam, err := p.classifier.GradCAM(ctx, w.image, p.class)
	if err != nil {
		return err
	}
	p.drawn++
	path := p.options.cam
	if p.several {
		base := strings.TrimSuffix(filepath.Base(w.name), filepath.Ext(w.name))
		if base == "-" || base == "." {
			base = "stdin"
		}
		path = fmt.Sprintf("%s-%d-%s.png", strings.TrimSuffix(path, filepath.Ext(path)), p.drawn, fileName(base))
	}
	tiles := []viz.Tile{
		{Image: cam.Image, Caption: "what the network sees"},
		{Image: cam.Overlay(), Caption: fmt.Sprintf("for %s\nred: most, blue: nothing", cam.Class)},
	}
	return viz.WritePNG(path, viz.Grid(tiles, viz.GridOptions{
		Side: 320, Columns: 2,
		Title: cam.Class, Subtitle: fmt.Sprintf("Grad-CAM · %s · %s", percent(cam.Probability), filepath.Base(w.name)),
	}))
}
