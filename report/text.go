package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// percent formats a share: 42.6 %.
func percent(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }

// points formats a difference of shares in percentage points.
func points(v float64) string {
	s := fmt.Sprintf("%.1f", 100*v)
	if s == "1.0" {
		return "1 point"
	}
	return strings.TrimSuffix(s, ".0") + " points"
}

// shares formats a statistic of shares: 42.6 %, or 42.6 % ± 0.4 over several seeds.
func (s Stat) shares() string {
	switch {
	case s.N == 0:
		return "–"
	case s.N == 1:
		return percent(s.Mean)
	}
	return fmt.Sprintf("%s ± %.1f", percent(s.Mean), 100*s.SD)
}

// numbers formats a statistic of other values with digits decimal places.
func (s Stat) numbers(digits int) string {
	if s.N == 0 {
		return "–"
	}
	mean := strconv.FormatFloat(s.Mean, 'f', digits, 64)
	if s.N == 1 {
		return mean
	}
	return mean + " ± " + strconv.FormatFloat(s.SD, 'f', digits, 64)
}

// duration formats seconds: 8.2 s, 3 min 20 s, 2 h 5 min.
func duration(seconds float64) string {
	switch s := seconds; {
	case s < 9.95:
		return fmt.Sprintf("%.1f s", max(0, s))
	case s < 59.5:
		return fmt.Sprintf("%.0f s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", int(s)/60, int(s)%60)
	}
	d := time.Duration(seconds * float64(time.Second))
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// list joins words as in a sentence: a, b and c.
func list(words []string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
}

// some is like list for the first few words, with the number of the others.
func some(words []string, most int) string {
	if len(words) <= most {
		return list(words)
	}
	return strings.Join(words[:most], ", ") + fmt.Sprintf(" and %d more", len(words)-most)
}

// shown formats a setting's value, with a word for an empty one.
func shown(v string) string {
	if v == "" {
		return "(empty)"
	}
	return v
}

// deviations formats a number of standard deviations.
func deviations(z float64) string {
	switch z = math.Abs(z); {
	case math.IsInf(z, 0):
		return "beyond all standard deviations"
	case z < 9.95:
		s := fmt.Sprintf("%.1f", z)
		if s == "1.0" {
			return "1 standard deviation"
		}
		return strings.TrimSuffix(s, ".0") + " standard deviations"
	}
	return fmt.Sprintf("%.0f standard deviations", z)
}
