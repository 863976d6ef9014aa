package engine_test

import (
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/testdevice"
)

// turns is a drawn program over slots of its own.
type turns struct {
	*drawn
	*engine.Program
	st *engine.State
}

func newTurns(t *testing.T, d *drawn, dev device.Device, st *engine.State) *turns {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(d.values)) {
		if err := st.Add(name, d.values[name].Shape(), device.Float32, d.values[name].Data()); err != nil {
			t.Fatal(err)
		}
	}
	spec := d.spec
	spec.Poison = true
	if d.n%2 == 0 {
		spec.Precision = device.BFloat16
	}
	p, err := engine.Compile(dev, st, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return &turns{d, p, st}
}

// bind gives the inputs the values of a step, in memory that is spoiled afterwards.
func (p *turns) bind(t *testing.T, step int) {
	t.Helper()
	for _, n := range p.drawn.spec.Inputs {
		v, ok := n.Value().Data().([]float32)
		if !ok {
			v = []float32{n.Value().Data().(float32)}
		}
		v = slices.Clone(v)
		for i := range v {
			v[i] *= 1 + float32(step)/8
		}
		if err := p.Bind(n, v); err != nil {
			t.Fatal(err)
		}
		for i := range v {
			v[i] = -1e30
		}
	}
}

// outputs are the last run's, those of float32.
func (p *turns) outputs(t *testing.T) (values [][]float32) {
	t.Helper()
	for _, n := range p.drawn.spec.Outputs {
		if n.Dtype() != tensor.Float32 {
			continue
		}
		host := make([]float32, n.Shape().TotalSize())
		if err := p.Read(n, host); err != nil {
			t.Fatal(err)
		}
		values = append(values, host)
	}
	return values
}

// expect compares the outputs bit by bit.
func (p *turns) expect(t *testing.T, want [][]float32) {
	t.Helper()
	for o, got := range p.outputs(t) {
		for i, v := range got {
			if math.Float32bits(v) != math.Float32bits(want[o][i]) {
				t.Fatalf("%s: output %d[%d] is %v, want %v", p.drawn.spec.Name, o, i, v, want[o][i])
			}
		}
	}
}

// TestProgramsTakeTurns lets programs of two States, which share the working memory, run in
// turns: each binds its next batch while a run is pending, and its outputs are read later.
// The bits are those of each program alone.
func TestProgramsTakeTurns(t *testing.T) {
	dev := testdevice.Open(t, device.Options{})
	const steps = 4
	for seed := range uint64(12) {
		var want [2][][][]float32
		for i := range want {
			st := engine.NewState(dev)
			p := newTurns(t, draw(2*seed+uint64(i), tensor.Float32), dev, st)
			for step := range steps {
				p.bind(t, step)
				if err := p.Run(); err != nil {
					t.Fatal(err)
				}
				want[i] = append(want[i], p.outputs(t))
			}
			if err := errors.Join(p.Close(), st.Close()); err != nil {
				t.Fatal(err)
			}
		}
		random := rand.New(rand.NewPCG(seed, 3))
		first := engine.NewState(dev)
		second, err := first.Clone() // of no slot
		if err != nil {
			t.Fatal(err)
		}
		programs := []*turns{newTurns(t, draw(2*seed, tensor.Float32), dev, first), newTurns(t, draw(2*seed+1, tensor.Float32), dev, second)}
		var done [2]int
		for _, p := range programs {
			p.bind(t, 0)
		}
		for done[0] < steps || done[1] < steps {
			i := random.IntN(2)
			if done[i] == steps {
				i = 1 - i
			}
			p := programs[i]
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			done[i]++
			p.bind(t, done[i])
			for j := range programs {
				if done[j] == 0 || random.IntN(2) == 0 {
					continue
				}
				programs[j].expect(t, want[j][done[j]-1])
			}
		}
		for i, p := range programs {
			if err := p.Wait(); err != nil {
				t.Fatal(err)
			}
			p.expect(t, want[i][steps-1])
		}
		if err := errors.Join(programs[0].Close(), programs[1].Close(), first.Close(), second.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
