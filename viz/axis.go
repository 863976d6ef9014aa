package viz

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/euryale-ml/euryale/metrics"
	"gonum.org/v1/plot"
)

// axis is one side of a panel.
type axis struct {
	label    string
	min, max float64
	integers bool                         // ticks at integers only
	format   func(v, step float64) string // of a tick; nil: number
}

// ticks returns about n ticks at round values.
func (a axis) ticks(n int) []plot.Tick {
	step := roundStep((a.max - a.min) / float64(n))
	if a.integers {
		step = max(1, step)
	}
	format := a.format
	if format == nil {
		format = number
	}
	var ticks []plot.Tick
	for i := math.Ceil(a.min/step - 1e-9); i*step <= a.max+1e-9*step; i++ {
		v := i * step
		if v == 0 {
			v = 0 // never -0
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: format(v, step)})
	}
	return ticks
}

// roundStep returns the first of 1, 2, 5, 10, … times a power of ten that is not much
// smaller than step.
func roundStep(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= 0.8*step {
			return m * power
		}
	}
	return 10 * power
}

// decimals is the number of decimal places that distinguish multiples of step.
func decimals(step float64) int { return max(0, -int(math.Floor(math.Log10(step)+1e-9))) }

// number writes v, a multiple of step: 0.25, 12,000, 2e-7, 1.5e6.
func number(v, step float64) string {
	d := decimals(step)
	if d > 5 || math.Abs(v) >= 1e6 {
		digits := 2 // that distinguish v from its neighbours
		if v != 0 {
			digits = max(1, 1+int(math.Floor(math.Log10(math.Abs(v)))-math.Floor(math.Log10(step)+1e-9)))
		}
		s := strconv.FormatFloat(v, 'g', min(digits, 9), 64)
		return strings.NewReplacer("e-0", "e-", "e+0", "e", "e+", "e").Replace(s)
	}
	return thousands(strconv.FormatFloat(v, 'f', d, 64))
}

// percent writes the share v, a multiple of step, in percent.
func percent(v, step float64) string {
	return strconv.FormatFloat(100*v, 'f', decimals(100*step), 64) + " %"
}

// thousands puts commas into the integer part of a number.
func thousands(s string) string {
	end := strings.IndexByte(s, '.')
	if end < 0 {
		end = len(s)
	}
	for i := end - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// valueRange returns the range of an axis for the values of all curves, with a small
// margin. It starts at 0 if the values come near 0. Values far above nearly all others,
// such as the loss of the first few steps, are ignored: their curve is clipped.
func valueRange(curves ...[]float64) (lo, hi float64) {
	var all []float64
	for _, ys := range curves {
		for _, y := range ys {
			if metrics.Finite(y) {
				all = append(all, y)
			}
		}
	}
	if len(all) == 0 {
		return 0, 1
	}
	slices.Sort(all)
	lo, hi = all[0], all[len(all)-1]
	at := func(q float64) float64 { return all[int(q*float64(len(all)-1))] }
	limit := at(0.9) + 3*(at(0.9)-at(0.1))
	for i := len(all) - 1; len(all) >= 5 && hi > limit; i-- {
		hi = all[i]
	}
	if hi <= lo {
		room := max(math.Abs(lo)/4, 1e-12)
		if lo == 0 {
			room = 1
		}
		lo, hi = lo-room, hi+room
	}
	room := 0.06 * (hi - lo)
	if all[0] >= 0 && lo < 0.4*hi {
		return 0, hi + room
	}
	return lo - room, hi + room
}

// shareRange returns the range of an axis of accuracies: from 0, and to 1 if the
// values come near it.
func shareRange(curves ...[]float64) (lo, hi float64) {
	for _, ys := range curves {
		for _, y := range ys {
			if metrics.Finite(y) {
				hi = max(hi, y)
			}
		}
	}
	if hi > 0.6 {
		return 0, max(1, hi) * 1.02
	}
	return 0, max(1.12*hi, 0.02)
}

// stepRange returns the range of an axis of steps or epochs from 1 to last.
func stepRange(last int) (lo, hi float64) {
	room := max(0.02*float64(last-1), 0.25)
	return 1 - room, float64(last) + room
}
