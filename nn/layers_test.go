package nn_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/internal/nntest"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/nn"
)

// TestAsPyTorch compares each layer with PyTorch's: outputs in both modes, gradients,
// running statistics.
func TestAsPyTorch(t *testing.T) {
	modules := map[string][]nn.Module{
		"conv":         {&nn.Conv2D{In: 3, Out: 4, Kernel: 3, Stride: 2, Padding: 1, Bias: true}},
		"conv grouped": {&nn.Conv2D{In: 4, Out: 6, Kernel: 3, Padding: 2, Dilation: 2, Groups: 2}},
		"conv rectangular": {
			&nn.Conv2D{In: 3, Out: 4, KernelHW: [2]int{1, 5}, StrideHW: [2]int{2, 1}, PaddingHW: [2]int{0, 2}, Bias: true},
		},
		"conv rectangular dilated": {
			&nn.Conv2D{In: 2, Out: 3, KernelHW: [2]int{3, 2}, StrideHW: [2]int{1, 3}, PaddingHW: [2]int{2, 1}, DilationHW: [2]int{2, 1}},
		},
		"batchnorm eps momentum": {&nn.BatchNorm2D{Channels: 3, Eps: 1e-2, Momentum: 0.3}},
		"linear without bias":    {&nn.Linear{In: 7, Out: 5, NoBias: true}},
		"maxpool rectangular":    {&nn.MaxPool2D{KernelHW: [2]int{3, 2}, StrideHW: [2]int{2, 1}, PaddingHW: [2]int{1, 0}}},
		"avgpool rectangular":    {&nn.AvgPool2D{KernelHW: [2]int{1, 3}, StrideHW: [2]int{1, 2}, PaddingHW: [2]int{0, 1}}},
		"adaptive rectangular":   {&nn.AdaptiveAvgPool2D{SizeHW: [2]int{2, 5}}},
		"batchnorm":              {&nn.BatchNorm2D{Channels: 3}},
		"linear":                 {&nn.Linear{In: 7, Out: 5}},
		"maxpool":                {&nn.MaxPool2D{Kernel: 3, Stride: 2, Padding: 1}},
		"maxpool ceil":           {&nn.MaxPool2D{Kernel: 2, CeilMode: true}},
		"avgpool":                {&nn.AvgPool2D{Kernel: 2, CeilMode: true}},
		"avgpool padded":         {&nn.AvgPool2D{Kernel: 3, Stride: 2, Padding: 1, CountIncludePad: true}},
		"adaptive":               {&nn.AdaptiveAvgPool2D{Size: 7}},
		"chain": {
			&nn.Conv2D{In: 2, Out: 4, Kernel: 3, Bias: true}, &nn.BatchNorm2D{Channels: 4}, &nn.ReLU{},
			&nn.AdaptiveAvgPool2D{Size: 2}, &nn.Flatten{}, &nn.Linear{In: 16, Out: 3},
		},
	}
	want := nntest.ReadGolden[nntest.Golden](t, "testdata/layers.json")
	if len(want) != len(modules) {
		t.Errorf("layers.json has %d cases, want %d", len(want), len(modules))
	}
	for name, m := range modules {
		t.Run(name, func(t *testing.T) { nntest.Compare(t, nn.NewSequential(m...), want[name]) })
	}
}

// TestGradients compares every layer with finite differences, over strides, paddings
// and odd shapes.
func TestGradients(t *testing.T) {
	type shape = []int
	for _, c := range []struct {
		m     nn.Module
		shape shape
	}{
		{&nn.Conv2D{In: 2, Out: 3, Kernel: 3, Padding: 1, Bias: true}, shape{2, 2, 5, 4}},
		{&nn.Conv2D{In: 3, Out: 2, Kernel: 1, Stride: 2}, shape{1, 3, 5, 7}},
		{&nn.Conv2D{In: 3, Out: 2, Kernel: 7, Stride: 2, Padding: 3}, shape{1, 3, 6, 9}},
		{&nn.Conv2D{In: 4, Out: 4, Kernel: 3, Stride: 2, Padding: 1, Groups: 4}, shape{2, 4, 5, 5}},
		{&nn.Conv2D{In: 2, Out: 5, Kernel: 3, Padding: 1, Dilation: 2, Bias: true}, shape{1, 2, 7, 5}},
		{&nn.Conv2D{In: 3, Out: 2, Kernel: 3, Padding: 1, Bias: true}, shape{1, 3, 1, 1}},
		{&nn.Conv2D{In: 2, Out: 3, KernelHW: [2]int{1, 3}, StrideHW: [2]int{2, 1}, PaddingHW: [2]int{0, 1}, Bias: true}, shape{2, 2, 5, 4}},
		{&nn.Linear{In: 4, Out: 3, NoBias: true}, shape{2, 4}},
		{&nn.MaxPool2D{KernelHW: [2]int{3, 1}, StrideHW: [2]int{2, 1}, PaddingHW: [2]int{1, 0}}, shape{2, 2, 5, 4}},
		{&nn.AvgPool2D{KernelHW: [2]int{1, 2}}, shape{2, 2, 5, 4}},
		{&nn.AdaptiveAvgPool2D{SizeHW: [2]int{1, 3}}, shape{2, 2, 5, 7}},
		{&nn.BatchNorm2D{Channels: 3, Eps: 0.1, Momentum: 0.5}, shape{2, 3, 3, 2}},
		{&nn.BatchNorm2D{Channels: 3}, shape{2, 3, 3, 1}},
		{&nn.BatchNorm2D{Channels: 4}, shape{5, 4}},
		{&nn.Linear{In: 5, Out: 3}, shape{2, 5}},
		{&nn.Linear{In: 1, Out: 1}, shape{1, 1}},
		{&nn.MaxPool2D{Kernel: 2}, shape{2, 2, 5, 6}},
		{&nn.MaxPool2D{Kernel: 3, Stride: 2, Padding: 1, CeilMode: true}, shape{1, 2, 6, 7}},
		{&nn.AvgPool2D{Kernel: 2, CeilMode: true}, shape{1, 2, 5, 7}},
		{&nn.AvgPool2D{Kernel: 3, Stride: 2, Padding: 1, CountIncludePad: true}, shape{1, 2, 5, 4}},
		{&nn.AdaptiveAvgPool2D{}, shape{2, 3, 5, 3}},
		{&nn.AdaptiveAvgPool2D{Size: 7}, shape{1, 2, 10, 3}},
		{&nn.ReLU{}, shape{2, 3, 3, 2}},
		{&nn.Flatten{}, shape{2, 2, 3, 1}},
		{&nn.Dropout{P: 0.3}, shape{3, 9}},
		{nn.NewSequential(&nn.Linear{In: 4, Out: 3}, &nn.Identity{}, &nn.ReLU{}), shape{3, 4}},
	} {
		for _, training := range []bool{true, false} {
			t.Run(fmt.Sprintf("%T%+v/%v/training=%v", c.m, c.m, c.shape, training), func(t *testing.T) {
				nntest.GradCheck(t, c.m, training, c.shape...)
			})
		}
	}
}

func trace(t *testing.T, m nn.Module, o nn.Options, shape ...int) *nn.Graph {
	t.Helper()
	g, err := nn.Trace(m, shape, o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestWindows refuses a window given twice, and settings that make no sense.
func TestWindows(t *testing.T) {
	for want, m := range map[string]nn.Module{
		"Kernel 3 and KernelHW [1 3]: want one of them":   &nn.Conv2D{In: 2, Out: 2, Kernel: 3, KernelHW: [2]int{1, 3}},
		"Padding 1 and PaddingHW [0 1]: want one of them": &nn.MaxPool2D{Kernel: 2, Padding: 1, PaddingHW: [2]int{0, 1}},
		"Stride 2 and StrideHW [1 2]: want one of them":   &nn.AvgPool2D{Kernel: 2, Stride: 2, StrideHW: [2]int{1, 2}},
		"Size 2 and SizeHW [1 2]: want one of them":       &nn.AdaptiveAvgPool2D{Size: 2, SizeHW: [2]int{1, 2}},
		"Kernel 0×3":   &nn.Conv2D{In: 2, Out: 2, KernelHW: [2]int{0, 3}},
		"Eps -1":       &nn.BatchNorm2D{Channels: 2, Eps: -1},
		"Momentum 1.5": &nn.BatchNorm2D{Channels: 2, Momentum: 1.5},
		"Momentum NaN": &nn.BatchNorm2D{Channels: 2, Momentum: math.NaN()},
	} {
		if _, err := nn.Trace(m, []int{1, 2, 6, 6}, nn.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestDropout checks that it acts in training alone, and what it does there.
func TestDropout(t *testing.T) {
	d := &nn.Dropout{P: 0.25}
	g := trace(t, d, nn.Options{}, 4, 500)
	if g.Output != g.Input || g.RNG != nil {
		t.Error("dropout does something in evaluation")
	}
	if g := trace(t, &nn.Dropout{}, nn.Options{Training: true}, 4, 500); g.Output != g.Input {
		t.Error("dropout of probability 0 does something")
	}
	n := nntest.New(t, d, true, 4, 500)
	n.Run()
	x, y, zeros := optest.Floats(n.Input.Value()), optest.Floats(n.Output.Value()), 0
	for i := range y {
		switch {
		case y[i] == 0:
			zeros++
		case math.Abs(y[i]-x[i]/0.75) > 1e-12:
			t.Fatalf("element %d: %v became %v", i, x[i], y[i])
		}
	}
	if zeros < 400 || zeros > 600 { // 500 ± 19
		t.Errorf("%d of 2000 are zero, want about 500", zeros)
	}
}

// TestModes checks what differs between training and evaluation of a normalisation.
func TestModes(t *testing.T) {
	b := &nn.BatchNorm2D{Channels: 2}
	training := trace(t, b, nn.Options{Training: true}, 3, 2, 4, 4)
	evaluation := trace(t, b, nn.Options{}, 3, 2, 4, 4)
	if !training.Training || evaluation.Training {
		t.Error("the graphs do not say their mode")
	}
	for i := range training.Buffers {
		if training.Buffers[i].Next == nil || evaluation.Buffers[i].Next != nil {
			t.Errorf("%s must move in training alone", training.Buffers[i].Name)
		}
	}
	if want := []string{"num_batches_tracked"}; !slices.Equal(training.Counters, want) || !slices.Equal(evaluation.Counters, want) {
		t.Errorf("counters %v and %v", training.Counters, evaluation.Counters)
	}
	if fill := []float64{training.Buffers[0].Fill, training.Buffers[1].Fill}; fill[0] != 0 || fill[1] != 1 {
		t.Errorf("running statistics begin as %v, want 0 and 1", fill)
	}
	if g := trace(t, b, nn.Options{}, 1, 2, 1, 1); g.DType != tensor.Float32 {
		t.Errorf("the default type is %v", g.DType)
	}
}

// TestLayerLines checks what layers note for a summary.
func TestLayerLines(t *testing.T) {
	g := trace(t, nn.NewSequential(
		&nn.Conv2D{In: 4, Out: 6, Kernel: 3, Stride: 2, Groups: 2, Bias: true}, &nn.BatchNorm2D{Channels: 6}, &nn.ReLU{},
		&nn.MaxPool2D{Kernel: 2}, &nn.AvgPool2D{Kernel: 1}, &nn.AdaptiveAvgPool2D{Size: 2}, &nn.Flatten{}, &nn.Dropout{P: 0.5},
		&nn.Linear{In: 24, Out: 5},
	), nn.Options{}, 3, 4, 9, 9)
	want := []nn.Layer{
		{Path: "0", Kind: "Conv2D", Output: []int{3, 6, 4, 4}, Parameters: 6*2*9 + 6, MultiplyAdds: 3 * 6 * 16 * 2 * 9},
		{Path: "1", Kind: "BatchNorm2D", Output: []int{3, 6, 4, 4}, Parameters: 12},
		{Path: "2", Kind: "ReLU", Output: []int{3, 6, 4, 4}},
		{Path: "3", Kind: "MaxPool2D", Output: []int{3, 6, 2, 2}},
		{Path: "4", Kind: "AvgPool2D", Output: []int{3, 6, 2, 2}},
		{Path: "5", Kind: "AdaptiveAvgPool2D", Output: []int{3, 6, 2, 2}},
		{Path: "6", Kind: "Flatten", Output: []int{3, 24}},
		{Path: "7", Kind: "Dropout", Output: []int{3, 24}},
		{Path: "8", Kind: "Linear", Output: []int{3, 5}, Parameters: 125, MultiplyAdds: 3 * 24 * 5},
	}
	if fmt.Sprint(g.Layers) != fmt.Sprint(want) {
		t.Errorf("layers\n%v\nwant\n%v", g.Layers, want)
	}
	if g.MultiplyAdds() != 6*16*2*9+24*5 || g.Parameters() != 114+12+125 {
		t.Errorf("%d multiply-adds an image and %d parameters", g.MultiplyAdds(), g.Parameters())
	}
}

// TestCrossEntropy checks the loss, smoothed and not, and the predicted classes.
func TestCrossEntropy(t *testing.T) {
	g := trace(t, &nn.Identity{}, nn.Options{DType: tensor.Float64}, 2, 3)
	labels, loss, predicted, err := nn.CrossEntropy{Smoothing: 0.3}.Loss(g)
	if err != nil {
		t.Fatal(err)
	}
	logits := []float64{1, 2, 4, 0, -1, 0.5}
	for leaf, backing := range map[*node]any{g.Input: logits, labels: []int64{2, 0}} {
		let(t, leaf, backing)
	}
	run(t, g.G)
	want := 0.0
	for i, label := range []int{2, 0} {
		row, sum := logits[3*i:3*i+3], 0.0
		for _, v := range row {
			sum += math.Exp(v)
		}
		for k, v := range row {
			target := 0.3 / 3
			if k == label {
				target += 0.7
			}
			want -= target * (v - math.Log(sum)) / 2
		}
	}
	nntest.Near(t, "loss", optest.Floats(loss.Value()), []float64{want})
	if got := predicted.Value().Data().([]int64); !slices.Equal(got, []int64{2, 2}) {
		t.Errorf("predicted %v, want [2 2]", got)
	}
	if _, _, _, err := (nn.CrossEntropy{Smoothing: 2}).Loss(trace(t, &nn.Identity{}, nn.Options{}, 2, 3)); err == nil {
		t.Error("a smoothing of 2 is no error")
	}
	if _, _, _, err := (nn.CrossEntropy{}).Loss(trace(t, &nn.Identity{}, nn.Options{}, 2, 3, 1, 1)); err == nil {
		t.Error("an output of four axes is no error")
	}
}
