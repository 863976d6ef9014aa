package tags

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Interval is a range of numbers, with or without each end.
type Interval struct {
	low, high         float64
	openLow, openHigh bool
}

// anyNumber holds every finite number.
var anyNumber = &Interval{low: math.Inf(-1), high: math.Inf(1), openLow: true, openHigh: true}

// parseInterval reads a tag such as "[0,1)".
func parseInterval(s string) (*Interval, error) {
	bad := fmt.Errorf("range %q: want a text such as [0,1) or (0,inf)", s)
	if len(s) < 2 || !strings.ContainsRune("[(", rune(s[0])) || !strings.ContainsRune("])", rune(s[len(s)-1])) {
		return nil, bad
	}
	low, high, ok := strings.Cut(s[1:len(s)-1], ",")
	l, err := strconv.ParseFloat(low, 64)
	h, err2 := strconv.ParseFloat(high, 64)
	if !ok || err != nil || err2 != nil || !(l <= h) {
		return nil, bad
	}
	r := &Interval{low: l, high: h, openLow: s[0] == '(', openHigh: s[len(s)-1] == ')'}
	r.openLow, r.openHigh = r.openLow || math.IsInf(l, -1), r.openHigh || math.IsInf(h, 1) // infinity is never allowed
	return r, nil
}

// Holds reports whether v is inside; NaN is not.
func (r *Interval) Holds(v float64) bool {
	return (v > r.low || v == r.low && !r.openLow) && (v < r.high || v == r.high && !r.openHigh)
}

// String is the interval in words.
func (r *Interval) String() string {
	low := "at least"
	if r.openLow {
		low = "greater than"
	}
	switch {
	case math.IsInf(r.low, -1) && math.IsInf(r.high, 1):
		return "finite"
	case math.IsInf(r.low, -1) && r.openHigh:
		return "less than " + number(r.high)
	case math.IsInf(r.low, -1):
		return "at most " + number(r.high)
	case math.IsInf(r.high, 1):
		return low + " " + number(r.low) + ", finite"
	case !r.openLow && !r.openHigh:
		return number(r.low) + " to " + number(r.high)
	case r.openHigh:
		return low + " " + number(r.low) + " and less than " + number(r.high)
	}
	return low + " " + number(r.low) + " and at most " + number(r.high)
}

// number writes integers without an exponent, and other numbers with the fewest digits that
// are read back as the same number.
func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
