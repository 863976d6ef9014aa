package nn

import (
	"math"
	"math/rand/v2"
	"sync"

	"github.com/euryale-ml/euryale/internal/philox"
)

// Init draws the fresh values of a parameter. Fill gives some of its elements, those that
// one generator draws, their values; shape is the whole parameter's.
type Init interface {
	Fill(w []float64, shape []int, r *rand.Rand)
}

// Constant gives all elements one value.
type Constant float64

// Fill gives every element the value.
func (c Constant) Fill(w []float64, _ []int, _ *rand.Rand) {
	for i := range w {
		w[i] = float64(c)
	}
}

// Normal draws from N(0, σ²), the value being σ.
type Normal float64

// Fill draws from the normal distribution.
func (n Normal) Fill(w []float64, _ []int, r *rand.Rand) {
	for i := range w {
		w[i] = float64(n) * r.NormFloat64()
	}
}

// Uniform draws from [-b, b), the value being b.
type Uniform float64

// Fill draws from the uniform distribution.
func (u Uniform) Fill(w []float64, _ []int, r *rand.Rand) {
	for i := range w {
		w[i] = float64(u) * (2*r.Float64() - 1)
	}
}

// HeNormal draws from N(0, 2/fan_out) for weights [O, I/groups, KH, KW] or [O, I]:
// PyTorch's kaiming_normal_(mode="fan_out", nonlinearity="relu") (He, Zhang, Ren,
// Sun, "Delving deep into rectifiers", 2015).
type HeNormal struct{}

// Fill draws by the fan-out of shape.
func (HeNormal) Fill(w []float64, shape []int, r *rand.Rand) {
	out := shape[0]
	for _, d := range shape[2:] {
		out *= d
	}
	Normal(math.Sqrt(2/float64(out))).Fill(w, shape, r)
}

// FanInUniform draws from U(±1/√fan_in), the default of PyTorch's linear layers and
// convolutions. In is the number of inputs; the bias has the weight's.
type FanInUniform struct{ In int }

// Fill draws by In.
func (f FanInUniform) Fill(w []float64, shape []int, r *rand.Rand) {
	Uniform(1/math.Sqrt(float64(f.In))).Fill(w, shape, r)
}

// drawn is the number of elements that one generator draws.
const drawn = 1 << 16

// Draw returns fresh values of p: a function of the seed and p's name alone.
func (p *Param) Draw(seed uint64) []float32 {
	w := make([]float32, p.Elements())
	var wg sync.WaitGroup
	chunks := (len(w) + drawn - 1) / drawn
	tickets := make(chan int, chunks)
	for c := range chunks {
		tickets <- c
	}
	close(tickets)
	for range min(chunks, 8) {
		wg.Go(func() {
			wide := make([]float64, min(drawn, len(w)))
			for c := range tickets {
				part := w[c*drawn : min((c+1)*drawn, len(w))]
				key := philox.Key(seed, uint64(c), philox.Stream(p.Name))
				p.Init.Fill(wide[:len(part)], p.Shape, rand.New(rand.NewPCG(key, seed)))
				for i := range part {
					part[i] = float32(wide[i])
				}
			}
		})
	}
	wg.Wait()
	return w
}
