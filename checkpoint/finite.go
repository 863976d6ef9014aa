package checkpoint

import (
	"fmt"
	"math"
	"strings"
)

// checkFinite is an error that names the tensors with NaN or infinite values.
func checkFinite(tensors []Tensor) error {
	var bad []string
	for _, t := range tensors {
		var nan, inf, n int
		switch d := t.Data.(type) {
		case []float32:
			n = len(d)
			for _, v := range d {
				if v-v != 0 { // x-x is 0 unless x is NaN or infinite
					nan, inf = nan+boolInt(v != v), inf+boolInt(v == v)
				}
			}
		case []float64:
			n = len(d)
			for _, v := range d {
				if v-v != 0 {
					nan, inf = nan+boolInt(math.IsNaN(v)), inf+boolInt(!math.IsNaN(v))
				}
			}
		}
		var what []string
		if nan > 0 {
			what = append(what, fmt.Sprintf("%d NaN", nan))
		}
		if inf > 0 {
			what = append(what, fmt.Sprintf("%d infinite", inf))
		}
		if len(what) > 0 {
			bad = append(bad, fmt.Sprintf("%s (%s of %d)", t.Name, strings.Join(what, " and "), n))
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("%w: %d tensors: %s", ErrNotFinite, len(bad), some(bad))
	}
	return nil
}
