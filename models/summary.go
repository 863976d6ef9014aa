package models

import (
	"fmt"
	"slices"
	"strings"

	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/nn"
)

// Summary describes a model's layers and sizes for one image.
type Summary struct {
	Model        string // its registered name, else its Go type
	Input        [3]int // channels, height, width
	Layers       []nn.Layer
	Parameters   int
	Buffers      int   // elements of running statistics, which are not parameters
	MultiplyAdds int64 // of convolutions and linear layers, forward
}

// Summarize traces a model's Forward for one image {channels, height, width}, without
// computing. An error names the layer whose input does not fit.
func Summarize(m nn.Module, input [3]int) (Summary, error) {
	g, err := nn.Trace(m, append([]int{1}, input[:]...), nn.Options{})
	if err != nil {
		return Summary{}, err
	}
	s := Summary{
		Model: fmt.Sprintf("%T", m), Input: input, Layers: withLoose(g),
		Parameters: g.Parameters(), MultiplyAdds: g.MultiplyAdds(),
	}
	if n, ok := m.(Named); ok {
		s.Model = n.ModelName()
	}
	for _, b := range g.Buffers {
		s.Buffers += tensor.Shape(b.Shape).TotalSize()
	}
	return s, nil
}

// withLoose returns the layers and a line for each parameter that none of them counts,
// since custom layers need not call Scope.Note.
func withLoose(g *nn.Graph) []nn.Layer {
	noted := map[string]bool{}
	for _, l := range g.Layers {
		noted[l.Path] = true
	}
	layers := slices.Clone(g.Layers)
	for _, p := range g.Params {
		path, _ := p.Layer()
		if !noted[path] {
			layers = append(layers, nn.Layer{Path: p.Name, Kind: "Parameter", Output: p.Shape, Parameters: p.Elements()})
		}
	}
	return layers
}

// megabytes is the size of float32 elements, 2²⁰ bytes a megabyte as in torchsummary.
func megabytes(elements int) float64 { return float64(elements) * 4 / (1 << 20) }

// String is a table as torchsummary prints it, -1 standing for the batch, with the
// multiply-adds of each layer; sizes are those of float32.
func (s Summary) String() string {
	rows := [][4]string{{"Layer (type)", "Output Shape", "Param #", "Mult-Adds"}}
	outputs := 0
	for _, l := range s.Layers {
		shape := slices.Clone(l.Output)
		if l.Kind != "Parameter" {
			outputs += tensor.Shape(shape).TotalSize()
			shape[0] = -1
		}
		rows = append(rows, [4]string{
			strings.TrimSpace(l.Path + " (" + l.Kind + ")"), strings.ReplaceAll(fmt.Sprint(shape), " ", ", "),
			commas(int64(l.Parameters)), commas(l.MultiplyAdds),
		})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, input %d×%d×%d\n", s.Model, s.Input[0], s.Input[1], s.Input[2])
	width := table(&b, rows)
	fmt.Fprintf(&b, "Total params: %s\n", commas(int64(s.Parameters)))
	fmt.Fprintf(&b, "Total buffers: %s\n", commas(int64(s.Buffers)))
	fmt.Fprintf(&b, "Total mult-adds: %s\n%s\n", commas(s.MultiplyAdds), strings.Repeat("-", width))
	fmt.Fprintf(&b, "Input size (MB): %.2f\n", megabytes(s.Input[0]*s.Input[1]*s.Input[2]))
	fmt.Fprintf(&b, "Layer outputs (MB): %.2f\n", megabytes(outputs))
	fmt.Fprintf(&b, "Params size (MB): %.2f\n", megabytes(s.Parameters))
	return b.String()
}

// table writes rows, names to the left and numbers to the right, and returns the width.
func table(b *strings.Builder, rows [][4]string) int {
	var widths [4]int
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], len(cell))
		}
	}
	width := widths[0] + widths[1] + widths[2] + widths[3] + 6
	for i, r := range rows {
		if i == 0 {
			fmt.Fprintln(b, strings.Repeat("-", width))
		}
		fmt.Fprintf(b, "%-*s  %-*s  %*s  %*s\n", widths[0], r[0], widths[1], r[1], widths[2], r[2], widths[3], r[3])
		if i == 0 {
			fmt.Fprintln(b, strings.Repeat("=", width))
		}
	}
	fmt.Fprintln(b, strings.Repeat("=", width))
	return width
}

// commas is n with a comma before each group of three digits.
func commas(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
