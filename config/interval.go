package config

import (
	"math"
	"strconv"
	"strings"
)

// interval is a range of numbers, each end in it or not.
type interval struct {
	low, high         float64
	openLow, openHigh bool
}

// parseInterval reads a tag such as "[0,1)"; it panics on a bad one, which the
// package's start would show.
func parseInterval(s string) *interval {
	low, high, ok := strings.Cut(s[1:len(s)-1], ",")
	l, err := strconv.ParseFloat(low, 64)
	h, err2 := strconv.ParseFloat(high, 64)
	if !ok || err != nil || err2 != nil {
		panic("config: bad tag range:" + strconv.Quote(s))
	}
	r := &interval{low: l, high: h, openLow: s[0] == '(', openHigh: s[len(s)-1] == ')'}
	if math.IsInf(h, 1) {
		r.openHigh = true // infinity is never allowed
	}
	return r
}

// holds says whether v is inside; NaN is not.
func (r *interval) holds(v float64) bool {
	return (v > r.low || v == r.low && !r.openLow) && (v < r.high || v == r.high && !r.openHigh)
}

// String is the interval in words.
func (r *interval) String() string {
	low := "at least"
	if r.openLow {
		low = "greater than"
	}
	switch {
	case math.IsInf(r.high, 1):
		return low + " " + number(r.low) + ", finite"
	case !r.openLow && !r.openHigh:
		return number(r.low) + " to " + number(r.high)
	case r.openHigh:
		return low + " " + number(r.low) + " and less than " + number(r.high)
	}
	return low + " " + number(r.low) + " and at most " + number(r.high)
}

// number writes whole numbers without an exponent and others as short as they
// can be read back.
func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
