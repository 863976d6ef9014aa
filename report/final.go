package report

import (
	"fmt"

	"github.com/euryale-ml/euryale/internal/inwords"
)

// finals says how the best weights did on images that were kept for the end, where runs
// have such: these chose no epoch.
func (r *Report) finals() (say []string) {
	for _, e := range r.Experiments {
		var values []float64
		images := 0
		for _, run := range e.counted() {
			if f := run.Summary.Final; f != nil {
				values, images = append(values, f.Accuracy), run.Summary.FinalImages
			}
		}
		if len(values) > 0 {
			say = append(say, fmt.Sprintf("Of the %s that were kept for the end and chose no epoch, the best weights of %s name %s right.",
				inwords.CountGrouped(images, "image"), e.Name, newStat(values).shares()))
		}
	}
	return say
}
