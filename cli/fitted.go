package cli

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/euryale-ml/euryale/metrics"
)

// field is a part of a line. If the line is too long, fields of higher rank are left out.
type field struct {
	text string
	rank int
}

// fitted joins the fields that fit into a number of columns, in their order, with two spaces
// between them. If a field does not fit, shorter ones of higher rank may.
func fitted(columns int, fields ...field) string {
	order := make([]int, len(fields))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(fields[a].rank, fields[b].rank) })
	shown := make([]bool, len(fields))
	used := 0
	for _, i := range order {
		n := utf8.RuneCountInString(fields[i].text)
		if n == 0 {
			continue
		}
		if used > 0 {
			n += 2
		}
		if used+n <= columns {
			shown[i], used = true, used+n
		}
	}
	var parts []string
	for i, f := range fields {
		if shown[i] {
			parts = append(parts, f.text)
		}
	}
	return strings.Join(parts, "  ")
}

// sixWide writes a number in six columns, so that the text after it does not move.
func sixWide(v float64) string {
	switch a := math.Abs(v); {
	case !metrics.Finite(v):
		return fmt.Sprintf("%6v", v)
	case a != 0 && a < 1e-3 || a >= 99999.5:
		return fmt.Sprintf("%6.0e", v)
	case a < 9.99995:
		return fmt.Sprintf("%6.4f", v)
	case a < 99.9995:
		return fmt.Sprintf("%6.3f", v)
	case a < 999.995:
		return fmt.Sprintf("%6.2f", v)
	case a < 9999.95:
		return fmt.Sprintf("%6.1f", v)
	}
	return fmt.Sprintf("%6.0f", v)
}

// clock writes a time in eight columns: 3:20, 2:05:00, 3d 04h.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	switch {
	case s < 3600:
		return fmt.Sprintf("%8s", fmt.Sprintf("%d:%02d", s/60, s%60))
	case s < 100*3600:
		return fmt.Sprintf("%8s", fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60))
	}
	return fmt.Sprintf("%8s", fmt.Sprintf("%dd %02dh", s/86400, s/3600%24))
}

// colours reports whether a stream shows colours: a terminal, unless NO_COLOR (see
// no-color.org) is set.
func colours(w any) bool {
	_, ok := terminal(w)
	return ok && os.Getenv("NO_COLOR") == ""
}

// green colours a text.
func green(on bool, text string) string {
	if !on || text == "" {
		return text
	}
	return "\x1b[32m" + text + "\x1b[0m"
}
