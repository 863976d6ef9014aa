package blocks_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/internal/nntest"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/nn/blocks"
)

var forms = []blocks.Form{blocks.A, blocks.B, blocks.C, blocks.D}

// small are the blocks that blocks.json has values of.
func small() map[string]nn.Module {
	of := map[string]nn.Module{
		"conv":       blocks.NewConvBlock(blocks.ConvBlockConfig{In: 2, Out: 5, Convs: 2}),
		"conv norm":  blocks.NewConvBlock(blocks.ConvBlockConfig{In: 2, Out: 5, Convs: 2, BatchNorm: true}),
		"classifier": blocks.NewClassifierBlock(blocks.ClassifierConfig{In: 12, Hidden: 6, Classes: 3}),
	}
	for _, f := range forms {
		for _, stride := range []int{1, 2} {
			of[fmt.Sprint(f, " ", stride)] = blocks.NewBottleneck(blocks.BottleneckConfig{Form: f, In: 8, Width: 3, Stride: stride})
		}
		of[fmt.Sprint(f, " identity")] = blocks.NewBottleneck(blocks.BottleneckConfig{Form: f, In: 12, Width: 3})
	}
	return of
}

// TestAsPyTorch compares outputs in both modes, gradients and running statistics.
func TestAsPyTorch(t *testing.T) {
	want := nntest.ReadGolden[nntest.Golden](t, "testdata/blocks.json")
	modules := small()
	if len(want) != len(modules) {
		t.Errorf("blocks.json has %d blocks, want %d", len(want), len(modules))
	}
	for name, m := range modules {
		t.Run(name, func(t *testing.T) { nntest.Compare(t, m, want[name]) })
	}
}

func TestGradients(t *testing.T) {
	modules := small()
	for name, shape := range map[string][]int{
		"conv": {2, 2, 5, 4}, "conv norm": {2, 2, 5, 4}, "classifier": {3, 12},
		"A 2": {2, 8, 5, 4}, "B 2": {2, 8, 5, 4}, "D 2": {2, 8, 5, 4}, "D 1": {2, 8, 3, 4}, "B identity": {2, 12, 3, 2},
	} {
		for _, training := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s training=%v", name, training), func(t *testing.T) {
				nntest.GradCheck(t, modules[name], training, shape...)
			})
		}
	}
	t.Run("dropout", func(t *testing.T) {
		m := blocks.NewClassifierBlock(blocks.ClassifierConfig{In: 4, Hidden: 6, Classes: 3, Dropout: 0.4})
		nntest.GradCheck(t, m, true, 3, 4)
	})
}

func trace(t *testing.T, m nn.Module, shape ...int) *nn.Graph {
	t.Helper()
	g, err := nn.Trace(m, shape, nn.Options{Training: true})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func names(g *nn.Graph) []string {
	var all []string
	for _, p := range g.Params {
		all = append(all, p.Name)
	}
	return all
}

func TestStem(t *testing.T) {
	for _, f := range forms {
		for size, want := range map[[2]int][2]int{{224, 224}: {56, 56}, {33, 65}: {9, 17}, {1, 2}: {1, 1}} {
			g := trace(t, blocks.NewStem(f), 4, 3, size[0], size[1])
			if got := g.Output.Shape(); !slices.Equal(got, []int{4, blocks.StemChannels, want[0], want[1]}) {
				t.Errorf("form %v at %v gives %v, want maps of %v", f, size, got, want)
			}
			wantNames := "conv1.weight bn1.weight bn1.bias"
			if f >= blocks.C {
				wantNames = "conv1.0.weight conv1.1.weight conv1.1.bias conv1.3.weight conv1.4.weight conv1.4.bias conv1.6.weight bn1.weight bn1.bias"
			}
			if got := strings.Join(names(g), " "); got != wantNames {
				t.Errorf("form %v has parameters %s, want %s", f, got, wantNames)
			}
		}
	}
}

func TestShortcutNames(t *testing.T) {
	for _, f := range forms {
		for _, stride := range []int{1, 2} {
			want := "0.weight 1.weight 1.bias"
			if f == blocks.D {
				want = "1.weight 2.weight 2.bias"
			}
			if got := strings.Join(names(trace(t, blocks.NewShortcut(f, 4, 8, stride), 2, 4, 5, 5)), " "); got != want {
				t.Errorf("form %v, stride %d has parameters %s, want %s", f, stride, got, want)
			}
		}
	}
}

// TestZeroGamma checks that a fresh block with γ = 0 is the ReLU of its shortcut.
func TestZeroGamma(t *testing.T) {
	b := blocks.NewBottleneck(blocks.BottleneckConfig{In: 12, Width: 3, ZeroGamma: true})
	for _, p := range trace(t, b, 2, 12, 3, 3).Params {
		if p.Role == nn.NormScale && (p.Draw(1)[0] == 0) != (p.Name == "bn3.weight") {
			t.Errorf("%s is %v when new", p.Name, p.Draw(1))
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		m     nn.Module
		shape []int
		want  []string
		is    error
	}{
		{blocks.NewConvBlock(blocks.ConvBlockConfig{In: 3, Out: 4}), []int{1, 3, 8, 8}, []string{"Convs 0", "at least 1"}, nn.ErrModule},
		{&blocks.ConvBlock{}, []int{1, 3, 8, 8}, []string{"Convs 0"}, nn.ErrModule},
		{blocks.NewConvBlock(blocks.ConvBlockConfig{In: 3, Convs: 1}), []int{1, 3, 8, 8}, []string{"nn: 0", "Out 0"}, nn.ErrModule},
		{blocks.NewConvBlock(blocks.ConvBlockConfig{In: 3, Out: 4, Convs: 2}), []int{1, 3, 1, 8}, []string{"at 4", "[1 4 1 8]"}, nn.ErrShape},
		{blocks.NewClassifierBlock(blocks.ClassifierConfig{In: 8, Hidden: 4, Classes: 2}), []int{1, 9}, []string{"nn: 0", "[1 9]", "[N, 8]"}, nn.ErrShape},
		{blocks.NewClassifierBlock(blocks.ClassifierConfig{In: 8, Hidden: 4}), []int{1, 8}, []string{"nn: 6", "Out 0"}, nn.ErrModule},
		{blocks.NewClassifierBlock(blocks.ClassifierConfig{In: 8, Hidden: 4, Classes: 2, Dropout: 1}), []int{1, 8}, []string{"nn: 2", "P is 1"}, nn.ErrModule},
		{blocks.NewBottleneck(blocks.BottleneckConfig{In: 8, Width: 2}), []int{1, 4, 6, 6}, []string{"conv1", "[1 4 6 6]", "[N, 8, H, W]"}, nn.ErrShape},
		{blocks.NewBottleneck(blocks.BottleneckConfig{In: 8}), []int{1, 8, 6, 6}, []string{"conv1", "Out 0"}, nn.ErrModule},
	} {
		_, err := nn.Trace(c.m, c.shape, nn.Options{})
		if !errors.Is(err, c.is) {
			t.Errorf("%T: error %v, want %v", c.m, err, c.is)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%T: error %q does not say %q", c.m, err, want)
			}
		}
	}
	if got := blocks.Form(9).String() + blocks.D.String(); got != "Form(9)D" {
		t.Errorf("forms are called %s", got)
	}
}
