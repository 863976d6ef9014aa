package edit

import "testing"

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"lr", "", 2}, {"", "lr", 2}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"optim.lrr", "optim.lr", 1}} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("%q and %q are %d apart, want %d", c.a, c.b, got, c.want)
		}
	}
}
