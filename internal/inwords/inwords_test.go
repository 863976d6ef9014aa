package inwords_test

import (
	"testing"

	"github.com/euryale-ml/euryale/internal/inwords"
)

func TestNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", -123: "-123"} {
		if got := inwords.Grouped(n); got != want {
			t.Errorf("Grouped(%d) = %s, want %s", n, got, want)
		}
	}
	for got, want := range map[string]string{
		inwords.Count(1, "loss"): "1 loss", inwords.Count(2, "loss"): "2 losses", inwords.Count(1500, "step"): "1500 steps",
		inwords.CountGrouped(1, "step"): "1 step", inwords.CountGrouped(1500, "class"): "1,500 classes",
		inwords.Plural(1, "image is", "images are"): "1 image is", inwords.Plural(0, "image is", "images are"): "0 images are",
		inwords.Some(nil): "", inwords.Some([]string{"a", "b"}): "a, b", inwords.Some([]string{"a", "b", "c", "d", "e", "f", "g"}): "a, b, c, d, e and 2 more",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
