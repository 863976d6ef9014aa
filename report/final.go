package report

import (
	"fmt"

	"github.com/euryale-ml/euryale/internal/inwords"
)

// finals describes the results of the best weights on the images of the final part, if runs
// have one. No epoch was chosen by these images.
func (r *Report) finals() (texts []string) {
	for _, e := range r.Experiments {
		var values []float64
		images := 0
		for _, run := range e.counted() {
			if f := run.Summary.Final; f != nil {
				values, images = append(values, f.Accuracy), run.Summary.FinalImages
			}
		}
		if len(values) > 0 {
			texts = append(texts, fmt.Sprintf("Of the %s that were kept for the end and chose no epoch, the best weights of %s name %s right.",
				inwords.CountGrouped(images, "image"), e.Name, newStat(values).shares()))
		}
	}
	return texts
}
