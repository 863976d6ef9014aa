package nn

import (
	"math"
	"math/rand/v2"
	"sync"

	"github.com/euryale-ml/euryale/internal/philox"
)

// Init draws the initial values of a parameter. Fill sets w, a part of its elements,
// which are 0 before; shape is that of the complete parameter. Fill is called from
// several goroutines at once, each with another part and generator.
type Init interface {
	Fill(w []float64, shape []int, r *rand.Rand)
}

// Constant sets all elements to one value.
type Constant float64

// Fill sets every element to the value.
func (c Constant) Fill(w []float64, _ []int, _ *rand.Rand) {
	for i := range w {
		w[i] = float64(c)
	}
}

// Normal draws from N(0, σ²); its value is σ.
type Normal float64

// Fill draws from the normal distribution.
func (n Normal) Fill(w []float64, _ []int, r *rand.Rand) {
	for i := range w {
		w[i] = float64(n) * r.NormFloat64()
	}
}

// Uniform draws from [-b, b); its value is b.
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

// Fill draws with the fan-out of shape.
func (HeNormal) Fill(w []float64, shape []int, r *rand.Rand) {
	out := shape[0]
	for _, d := range shape[2:] {
		out *= d
	}
	Normal(math.Sqrt(2/float64(out))).Fill(w, shape, r)
}

// FanInUniform draws from U(±1/√fan_in), the default of PyTorch's linear layers and
// convolutions. In is fan_in, the number of inputs; a layer's bias uses the weight's.
type FanInUniform struct{ In int }

// Fill draws with the bound 1/√In.
func (f FanInUniform) Fill(w []float64, shape []int, r *rand.Rand) {
	Uniform(1/math.Sqrt(float64(f.In))).Fill(w, shape, r)
}

// drawn is the number of elements that one generator draws.
const drawn = 1 << 16

// Draw returns initial values of p: a function of the seed and p's name alone. It panics
// where Fresh returns an error.
func (p *Param) Draw(seed uint64) []float32 {
	w, err := p.Fresh(seed)
	if err != nil {
		panic(err)
	}
	return w
}

// Fresh returns initial values of p: a function of the seed and p's name alone. It is an
// error if Init is nil, panics or gives a value that is not finite.
func (p *Param) Fresh(seed uint64) ([]float32, error) {
	w := make([]float32, p.Elements())
	chunks := (len(w) + drawn - 1) / drawn
	tickets := make(chan int, chunks)
	for c := range chunks {
		tickets <- c
	}
	close(tickets)
	errs := make([]error, min(chunks, 8))
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			wide := make([]float64, min(drawn, len(w)))
			for c := range tickets {
				part := w[c*drawn : min((c+1)*drawn, len(w))]
				if errs[i] = p.fill(part, wide[:len(part)], seed, uint64(c)); errs[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err // the other parts fail for the same reason
		}
	}
	return w, nil
}

// fill draws a part of p's values; wide is a buffer of the same length. A panic of Init
// is an error.
func (p *Param) fill(part []float32, wide []float64, seed, chunk uint64) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errorf(p.Name, ErrModule, "the initializer %T panicked: %v", p.Init, r)
		}
	}()
	key := philox.Key(seed, chunk, philox.Stream(p.Name))
	clear(wide) // an initializer may set only some of the elements
	p.Init.Fill(wide, p.Shape, rand.New(rand.NewPCG(key, seed)))
	for i, v := range wide {
		part[i] = float32(v)
		if math.IsNaN(v) || math.IsInf(float64(part[i]), 0) {
			return errorf(p.Name, ErrModule, "the initializer %T gives %v, which is not a finite float32", p.Init, v)
		}
	}
	return nil
}
