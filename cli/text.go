package cli

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/euryale-ml/euryale/internal/edit"
	"github.com/euryale-ml/euryale/internal/inwords"
)

// oneLine is an error's message without line breaks.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

// bytesText writes a size: 812 MB, 2.4 GB.
func bytesText(n int64) string {
	s := inwords.Short(n)
	if last := s[len(s)-1]; last >= '0' && last <= '9' {
		return strconv.FormatInt(n, 10) + " bytes"
	}
	return s + "B"
}

// percent writes a share: 45.3 %.
func percent(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }

// lossText writes a loss with four places, or a huge one with four digits.
func lossText(v float64) string {
	if math.Abs(v) >= 1e6 {
		return fmt.Sprintf("%.3e", v)
	}
	return fmt.Sprintf("%.4f", v)
}

// duration writes a time as a person would: 8.2 s, 3 min 20 s, 2 h 5 min.
func duration(d time.Duration) string {
	switch s := d.Seconds(); {
	case s < 0:
		return "0 s"
	case s < 9.95:
		return fmt.Sprintf("%.1f s", s)
	case s < 59.5:
		return fmt.Sprintf("%.0f s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", int(s)/60, int(s)%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// quote quotes a word for a shell.
func quote(word string) string { return inwords.Quoted(word) }

// terminal reports whether w is a terminal that can redraw a line (not with TERM=dumb), and
// its current width in columns.
func terminal(w any) (columns int, ok bool) {
	f, isFile := w.(interface{ Fd() uintptr })
	if !isFile || os.Getenv("TERM") == "dumb" || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns < 20 {
		columns = 80
	}
	return columns, true
}

// nearest is the candidate that was most likely meant by word; "" if none is similar (for a
// short word: one letter away).
func nearest(word string, candidates []string) string {
	best, least := "", max(min(2, len(word)/2), len(word)/3)+1
	for _, c := range candidates {
		if d := edit.Distance(strings.ToLower(word), strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best
}
