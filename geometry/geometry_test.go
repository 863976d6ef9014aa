package geometry_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/geometry"
)

// The first convolution of ResNet-50.
func ExampleConv2D() {
	g := geometry.Conv2D{
		N: 8, C: 3, H: 224, W: 224, O: 64, KH: 7, KW: 7, StrideH: 2, StrideW: 2, PadH: 3, PadW: 3, DilationH: 1, DilationW: 1, Groups: 1,
	}
	fmt.Println(g.Validate(), g.OutputShape(), g.MultiplyAdds())
	// Output: <nil> [8 64 112 112] 944111616
}

func TestPoolOutputs(t *testing.T) {
	for _, c := range []struct {
		in, k, stride, pad int
		ceil               bool
		want               int
	}{
		{7, 3, 2, 1, false, 4}, {8, 3, 2, 1, false, 4}, {8, 3, 2, 1, true, 5}, {7, 2, 2, 0, false, 3}, {7, 2, 2, 0, true, 4},
		{5, 2, 3, 1, true, 2}, {6, 2, 3, 1, true, 3}, {4, 2, 3, 1, true, 2}, {1, 2, 2, 0, true, 1}, {1, 2, 2, 0, false, 0},
	} {
		g := geometry.Pool2D{N: 1, C: 1, H: c.in, W: c.in, KH: c.k, KW: c.k, StrideH: c.stride, StrideW: c.stride, PadH: c.pad, PadW: c.pad, CeilMode: c.ceil}
		if g.OutH() != c.want {
			t.Errorf("%+v gives %d, want %d", c, g.OutH(), c.want)
		}
	}
}

func TestAdaptiveWindows(t *testing.T) {
	var got []string
	for i := range 7 {
		lo, hi := geometry.AdaptiveWindow(i, 10, 7)
		got = append(got, fmt.Sprintf("%d-%d", lo, hi))
	}
	if s := strings.Join(got, " "); s != "0-2 1-3 2-5 4-6 5-8 7-9 8-10" {
		t.Errorf("windows %s", s)
	}
}

func TestValidateNamesTheFault(t *testing.T) {
	good := geometry.Conv2D{N: 1, C: 4, H: 5, W: 5, O: 4, KH: 3, KW: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1}
	for want, change := range map[string]func(*geometry.Conv2D){
		"empty axis":      func(g *geometry.Conv2D) { g.N = 0 },
		"output channels": func(g *geometry.Conv2D) { g.O = 0 },
		"kernel 0×3":      func(g *geometry.Conv2D) { g.KH = 0 },
		"stride 0×1":      func(g *geometry.Conv2D) { g.StrideH = 0 },
		"is negative":     func(g *geometry.Conv2D) { g.PadW = -1 },
		"dilation 0×1":    func(g *geometry.Conv2D) { g.DilationH = 0 },
		"3 groups":        func(g *geometry.Conv2D) { g.Groups = 3 },
		"does not fit":    func(g *geometry.Conv2D) { g.KH = 9 },
	} {
		g := good
		change(&g)
		if err := g.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
