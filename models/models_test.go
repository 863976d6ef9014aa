package models_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
)

var names = []string{"resnet50", "resnet50b", "resnet50c", "resnet50d", "vgg16", "vgg16_bn"}

func newModel(t *testing.T, name string, c models.Config) nn.Module {
	t.Helper()
	m, err := models.New(name, c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func trace(t *testing.T, m nn.Module, o nn.Options, shape ...int) *nn.Graph {
	t.Helper()
	g, err := nn.Trace(m, shape, o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestNames(t *testing.T) {
	var builtIn []string
	for _, n := range models.Names() {
		if !strings.HasPrefix(n, "test-") {
			builtIn = append(builtIn, n)
		}
	}
	if !slices.Equal(builtIn, names) {
		t.Errorf("models %v, want %v", builtIn, names)
	}
	for _, n := range names {
		m := newModel(t, n, models.Config{Classes: 2})
		if got := m.(models.Named).ModelName(); got != n {
			t.Errorf("%s calls itself %s", n, got)
		}
	}
}

// TestParameterCounts compares with the exact counts, for two numbers of classes.
func TestParameterCounts(t *testing.T) {
	for name, want := range map[string][2]int{
		"vgg16": {134_412_133, 138_357_544}, "vgg16_bn": {134_420_581, 138_365_992},
		"resnet50": {23_583_845, 25_557_032}, "resnet50b": {23_583_845, 25_557_032},
		"resnet50c": {23_603_077, 25_576_264}, "resnet50d": {23_603_077, 25_576_264},
	} {
		for i, classes := range []int{37, 1000} {
			g := trace(t, newModel(t, name, models.Config{Classes: classes}), nn.Options{}, 1, 3, 64, 64)
			if g.Parameters() != want[i] {
				t.Errorf("%s with %d classes has %d parameters, want %d", name, classes, g.Parameters(), want[i])
			}
		}
	}
}

func line(name string, shape []int) string {
	for _, d := range shape {
		name += " " + strconv.Itoa(d)
	}
	return name
}

// TestNamesAndShapes compares names, shapes and order with torchvision's and timm's.
func TestNamesAndShapes(t *testing.T) {
	var want map[string]struct {
		Parameters, Buffers []string
		Count               int
	}
	golden(t, "names.json", &want)
	for _, name := range names {
		g := trace(t, newModel(t, name, models.Config{Classes: 1000, Dropout: 0.5}), nn.Options{}, 1, 3, 64, 64)
		var parameters, buffers []string
		for _, p := range g.Params {
			parameters = append(parameters, line(p.Name, p.Shape))
		}
		for _, b := range g.Buffers {
			buffers = append(buffers, line(b.Name, b.Shape))
			if layer, ok := strings.CutSuffix(b.Name, ".running_var"); ok {
				buffers = append(buffers, layer+".num_batches_tracked")
			}
		}
		if diff := firstDifference(parameters, want[name].Parameters); diff != "" {
			t.Errorf("%s: parameter %s", name, diff)
		}
		if diff := firstDifference(buffers, want[name].Buffers); diff != "" {
			t.Errorf("%s: buffer %s", name, diff)
		}
		if g.Parameters() != want[name].Count {
			t.Errorf("%s has %d parameters, want %d", name, g.Parameters(), want[name].Count)
		}
		var counters []string
		for _, b := range want[name].Buffers {
			if strings.HasSuffix(b, ".num_batches_tracked") {
				counters = append(counters, b)
			}
		}
		if diff := firstDifference(g.Counters, counters); diff != "" {
			t.Errorf("%s: counter %s", name, diff)
		}
	}
}

func firstDifference(got, want []string) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return fmt.Sprintf("%d is missing, want %q", i, want[i])
		case i >= len(want):
			return fmt.Sprintf("%d is %q, which is one too many", i, got[i])
		case got[i] != want[i]:
			return fmt.Sprintf("%d is %q, want %q", i, got[i], want[i])
		}
	}
	return ""
}

// layer finds a line of a summary.
func layer(t *testing.T, s models.Summary, path string) nn.Layer {
	t.Helper()
	for _, l := range s.Layers {
		if l.Path == path {
			return l
		}
	}
	t.Fatalf("%s has no layer %s", s.Model, path)
	return nn.Layer{}
}

func summarize(t *testing.T, name string, h, w int) models.Summary {
	t.Helper()
	s, err := models.Summarize(newModel(t, name, models.Config{Classes: 37}), [3]int{3, h, w})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOutputShapes(t *testing.T) {
	for _, name := range names {
		last := map[bool]string{true: "features.30", false: "layer4.2.relu3"}[strings.HasPrefix(name, "vgg")]
		channels := map[bool]int{true: 512, false: 2048}[strings.HasPrefix(name, "vgg")]
		if name == "vgg16_bn" {
			last = "features.43"
		}
		for _, size := range []struct{ h, w, mapH, mapW int }{
			{224, 224, 7, 7}, {64, 64, 2, 2}, {32, 32, 1, 1}, {97, 65, 0, 0}, {33, 127, 0, 0},
		} {
			s := summarize(t, name, size.h, size.w)
			if size.mapH == 0 { // VGG's pools round down, ResNet's strides up
				size.mapH, size.mapW = size.h/32, size.w/32
				if channels == 2048 {
					size.mapH, size.mapW = (size.h+31)/32, (size.w+31)/32
				}
			}
			if got, want := layer(t, s, last).Output, []int{1, channels, size.mapH, size.mapW}; !slices.Equal(got, want) {
				t.Errorf("%s at %d×%d: %s gives %v, want %v", name, size.h, size.w, last, got, want)
			}
			if out := s.Layers[len(s.Layers)-1]; !slices.Equal(out.Output, []int{1, 37}) {
				t.Errorf("%s at %d×%d: output %v", name, size.h, size.w, out.Output)
			}
		}
		g := trace(t, newModel(t, name, models.Config{Classes: 5, Dropout: 0.5}), nn.Options{Training: true}, 6, 3, 40, 40)
		if !g.Output.Shape().Eq([]int{6, 5}) {
			t.Errorf("%s gives %v for a batch of 6", name, g.Output.Shape())
		}
	}
}

// TestForms checks where forms differ: where the stride is, the stem, the shortcuts.
func TestForms(t *testing.T) {
	at := map[string]models.Summary{}
	for _, name := range names[:4] {
		at[name] = summarize(t, name, 224, 224)
	}
	for name, side := range map[string]int{"resnet50": 28, "resnet50b": 56, "resnet50c": 56, "resnet50d": 56} {
		if got := layer(t, at[name], "layer2.0.conv1").Output[2]; got != side {
			t.Errorf("%s: the first 1×1 of layer2 gives maps of %d, want %d", name, got, side)
		}
		if got := layer(t, at[name], "layer2.0.conv2").Output[2]; got != 28 {
			t.Errorf("%s: the 3×3 of layer2 gives maps of %d, want 28", name, got)
		}
	}
	for name, conv := range map[string]string{"resnet50": "conv1", "resnet50b": "conv1", "resnet50c": "conv1.6", "resnet50d": "conv1.6"} {
		if got := layer(t, at[name], conv); !slices.Equal(got.Output, []int{1, 64, 112, 112}) {
			t.Errorf("%s: the stem's %s gives %v", name, conv, got.Output)
		}
	}
	if got := layer(t, at["resnet50d"], "layer2.0.downsample.0"); got.Kind != "AvgPool2D" || got.Output[2] != 28 {
		t.Errorf("form D's shortcut begins with %+v", got)
	}
	for _, l := range at["resnet50d"].Layers {
		if l.Path == "layer1.0.downsample.0" && l.Kind == "AvgPool2D" {
			t.Error("form D averages where the stride is 1")
		}
	}
	if got := layer(t, at["resnet50c"], "layer2.0.downsample.0"); got.Kind != "Conv2D" {
		t.Errorf("form C's shortcut begins with %+v", got)
	}
	// Multiply-adds at 224×224, worked out by hand and as published.
	for name, want := range map[string]int64{"resnet50": 3_856_001_024, "resnet50b": 4_087_212_032} {
		if at[name].MultiplyAdds != want {
			t.Errorf("%s: %d multiply-adds, want %d", name, at[name].MultiplyAdds, want)
		}
	}
}

func TestHeadParams(t *testing.T) {
	for _, name := range names {
		small := newModel(t, name, models.Config{Classes: 5})
		big := trace(t, newModel(t, name, models.Config{Classes: 1000}), nn.Options{}, 1, 3, 64, 64)
		var differ []string
		for i, p := range trace(t, small, nn.Options{}, 1, 3, 64, 64).Params {
			if !slices.Equal(p.Shape, big.Params[i].Shape) {
				differ = append(differ, p.Name)
			}
		}
		if head := small.(models.WithHead).HeadParams(); !slices.Equal(head, differ) {
			t.Errorf("%s: the head is %v, but the number of classes changes %v", name, head, differ)
		}
	}
}

// TestErrors reads the message of each bad input.
func TestErrors(t *testing.T) {
	_, unknown := models.New("resnet51", models.Config{Classes: 2})
	_, classes := models.New("vgg16", models.Config{Dropout: 0.5})
	_, dropout := models.New("vgg16_bn", models.Config{Classes: 2, Dropout: 1})
	_, nan := models.New("vgg16", models.Config{Classes: 2, Dropout: math.NaN()})
	_, form := nn.Trace(models.ResNet50(models.ResNetConfig{Form: 7, Classes: 2}), []int{1, 3, 64, 64}, nn.Options{})
	_, traced := nn.Trace(models.ResNet50(models.ResNetConfig{Form: models.D}), []int{1, 3, 64, 64}, nn.Options{})
	_, negative := nn.Trace(models.VGG16(models.VGGConfig{Classes: -3}), []int{1, 3, 64, 64}, nn.Options{})
	_, hidden := nn.Trace(models.VGG16(models.VGGConfig{Classes: 3, Hidden: -1}), []int{1, 3, 64, 64}, nn.Options{})
	_, small := models.Summarize(models.VGG16(models.VGGConfig{Classes: 2}), [3]int{3, 16, 16})
	_, grey := models.Summarize(models.ResNet50(models.ResNetConfig{Classes: 2}), [3]int{1, 64, 64})
	_, greyDeep := models.Summarize(models.ResNet50(models.ResNetConfig{Form: models.C, Classes: 2}), [3]int{1, 64, 64})
	_, flat := nn.Trace(models.ResNet50(models.ResNetConfig{Classes: 2}), []int{3, 64, 64}, nn.Options{})
	_, empty := models.Summarize(models.ResNet50(models.ResNetConfig{Classes: 2}), [3]int{3, 0, 64})
	_, one := nn.Trace(models.ResNet50(models.ResNetConfig{Classes: 2}), []int{1, 3, 32, 32}, nn.Options{Training: true})
	_, weights := models.InitWeights(models.VGG16(models.VGGConfig{}), 1)
	for _, c := range []struct {
		err, is error
		want    []string
	}{
		{unknown, models.ErrUnknown, []string{`"resnet51"`, "resnet50, resnet50b, resnet50c, resnet50d", "vgg16, vgg16_bn"}},
		{classes, models.ErrConfig, []string{"vgg16", "Classes is 0", "at least 1"}},
		{dropout, models.ErrConfig, []string{"vgg16_bn", "Dropout is 1", "0 ≤ Dropout < 1"}},
		{nan, models.ErrConfig, []string{"vgg16", "Dropout is NaN"}},
		{form, models.ErrConfig, []string{"resnet50", "Form is Form(7)", "A, B, C or D"}},
		{traced, models.ErrConfig, []string{"resnet50d", "Classes is 0"}},
		{negative, models.ErrConfig, []string{"vgg16", "Classes is -3"}},
		{hidden, models.ErrConfig, []string{"vgg16", "Hidden is -1"}},
		{small, nn.ErrShape, []string{"features.30", "[1 512 1 1]", "2×2"}},
		{grey, nn.ErrShape, []string{"conv1", "[1 1 64 64]", "[N, 3, H, W]"}},
		{greyDeep, nn.ErrShape, []string{"conv1.0", "[1 1 64 64]", "[N, 3, H, W]"}},
		{flat, nn.ErrShape, []string{"conv1", "[3 64 64]", "[N, 3, H, W]"}},
		{empty, nn.ErrShape, []string{"[1 3 0 64]", "empty axis"}},
		{one, nn.ErrShape, []string{"layer4.0.bn1", "1 value per channel"}},
		{weights, models.ErrConfig, []string{"Classes is 0"}},
	} {
		if !errors.Is(c.err, c.is) {
			t.Errorf("error %v, want %v", c.err, c.is)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(c.err.Error(), want) {
				t.Errorf("error %q does not say %q", c.err, want)
			}
		}
	}
}

// tiny is a custom model.
type tiny struct {
	Conv nn.Conv2D `nn:"stem"`
	Gain *gain
	Pool nn.AdaptiveAvgPool2D
	Flat nn.Flatten
}

// gain makes no note of itself.
type gain struct{ Channels int }

func (l *gain) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	s.Param(l, "weight", nn.Weight, nn.Constant(1), l.Channels)
	return x
}

func (m *tiny) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	return m.Flat.Forward(s, m.Pool.Forward(s, m.Gain.Forward(s, m.Conv.Forward(s, x))))
}

func TestRegister(t *testing.T) {
	build := func(c models.Config) (nn.Module, error) {
		return &tiny{Conv: nn.Conv2D{In: 3, Out: c.Classes, Kernel: 3, Bias: true}, Gain: &gain{Channels: c.Classes}}, nil
	}
	if err := models.Register("test-tiny", build); err != nil {
		t.Fatal(err)
	}
	s, err := models.Summarize(newModel(t, "test-tiny", models.Config{Classes: 4}), [3]int{3, 8, 8})
	if err != nil {
		t.Fatal(err)
	}
	// The layer without a note has a line all the same, and sums are those of the lines.
	if s.Parameters != 4*27+4+4 || layer(t, s, "gain.weight").Parameters != 4 || layer(t, s, "stem").Parameters != 112 {
		t.Errorf("summary\n%v", s)
	}
	if s.MultiplyAdds != 4*27*36 {
		t.Errorf("%d multiply-adds, want %d", s.MultiplyAdds, 4*27*36)
	}
	for name, c := range map[string]struct {
		make models.Constructor
		want string
	}{"test-tiny": {build, "taken"}, "vgg16": {build, "taken"}, "": {build, "a name is made of"}, "test Tiny": {build, "a name is made of"}, "test-x": {nil, "without a constructor"}} {
		if err := models.Register(name, c.make); !errors.Is(err, models.ErrRegister) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("registering %q: error %v, want %q", name, err, c.want)
		}
	}
}

func TestSummaryTable(t *testing.T) {
	table := summarize(t, "vgg16", 224, 224).String()
	for _, want := range []string{
		"vgg16, input 3×224×224", "Layer (type)", "Output Shape", "Param #", "Mult-Adds",
		"features.0 (Conv2D)", "[-1, 64, 224, 224]", "1,792", "86,704,128",
		"classifier.0 (Linear)", "[-1, 4096]", "102,764,544", "avgpool (AdaptiveAvgPool2D)",
		"Total params: 134,412,133", "Total mult-adds: 15,466,", "Input size (MB): 0.57", "Params size (MB): 512.74",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the summary has no %q:\n%s", want, table)
		}
	}
	for i, l := range strings.Split(table, "\n")[3:43] {
		if len(l) != len(strings.Split(table, "\n")[1]) {
			t.Errorf("line %d of the table has another width: %q", i, l)
		}
	}
	for _, name := range names {
		s, sum := summarize(t, name, 64, 64), 0
		for _, l := range s.Layers {
			sum += l.Parameters
		}
		if sum != s.Parameters {
			t.Errorf("%s: the layers have %d parameters, the model %d", name, sum, s.Parameters)
		}
	}
}
