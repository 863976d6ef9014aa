package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/op"
)

// scarce is a device that refuses buffers: the one of a number, all from a number on, or
// those that would make it hold more than a size.
type scarce struct {
	device.Device
	nth, from  int   // from 1; 0: none
	most       int64 // bytes; 0: no limit
	calls      int
	live, peak int64
	buffers    int
}

var errScarce = errors.New("refused")

type counted struct {
	device.Buffer
	of   *scarce
	size int64 // in the device's memory
}

func (b *counted) Free() error {
	b.of.live -= b.size
	b.of.buffers--
	return b.Buffer.Free()
}

func (d *scarce) NewBuffer(n int64) (device.Buffer, error) { return d.take(n, false) }

func (d *scarce) NewStaging(n int64) (device.Buffer, error) { return d.take(n, true) }

func (d *scarce) take(n int64, staging bool) (device.Buffer, error) {
	d.calls++
	if d.calls == d.nth || d.from > 0 && d.calls >= d.from || d.most > 0 && d.live+n > d.most {
		return nil, errScarce
	}
	take := d.Device.NewBuffer
	if staging {
		take = d.Device.NewStaging
	}
	b, err := take(n)
	if err != nil {
		return nil, err
	}
	c := &counted{Buffer: b, of: d}
	if !staging {
		c.size = b.Bytes()
	}
	d.live += c.size
	d.buffers++
	d.peak = max(d.peak, d.live)
	return c, nil
}

// bare are places as the wrapped device knows them.
func bare(places ...device.Memory) []device.Memory {
	out := slices.Clone(places)
	for i := range out {
		out[i].Buffer = out[i].Buffer.(*counted).Buffer
	}
	return out
}

func (d *scarce) Bind(s *device.Step, in, out []device.Memory, scratch device.Memory) (device.Kernel, error) {
	return d.Device.Bind(s, bare(in...), bare(out...), bare(scratch)[0])
}

func (d *scarce) Upload(t *device.Tensor, dst device.Memory, host any) error {
	return d.Device.Upload(t, bare(dst)[0], host)
}

func (d *scarce) Download(t *device.Tensor, src device.Memory, host any) error {
	return d.Device.Download(t, bare(src)[0], host)
}

func (d *scarce) Copy(dst, src device.Memory, bytes int64) error {
	return d.Device.Copy(bare(dst)[0], bare(src)[0], bytes)
}

// doubling is a program that makes 2x + 1 of ones through activations, with a constant,
// an input and a slot "weight" that it doubles.
type doubling struct {
	*engine.Program
	x, k, y *G.Node
	n       int
}

func compileDoubling(dev device.Device, st *engine.State, n int) (*doubling, error) {
	g := G.NewGraph()
	d := &doubling{n: n, x: G.NewMatrix(g, tensor.Float32, G.WithShape(n, 16), G.WithName("x")), k: G.NewScalar(g, tensor.Float32, G.WithName("k"))}
	ones := tensor.New(tensor.WithShape(n, 16), tensor.WithBacking(slices.Repeat([]float32{1}, n*16)))
	one := G.NewMatrix(g, tensor.Float32, G.WithShape(n, 16), G.WithName("ones"), G.WithValue(ones))
	w := G.NewMatrix(g, tensor.Float32, G.WithShape(4, 16), G.WithName("weight"))
	a := G.Must(op.ReLU("relu", d.x))
	d.y = G.Must(op.Add("two", G.Must(op.Scale("scale", a, d.k)), one))
	next := G.Must(op.Scale("next", w, d.k))
	var err error
	d.Program, err = engine.Compile(dev, st, engine.Spec{
		Name: fmt.Sprint("double", n), Graph: g, Inputs: []*G.Node{d.x, d.k}, Outputs: []*G.Node{d.y, a},
		Slots: map[*G.Node]string{w: "weight"}, Assign: []engine.Assignment{{Slot: "weight", Value: next}},
	})
	return d, err
}

func (d *doubling) run() error {
	got := make([]float32, d.n*16)
	if err := errors.Join(d.Bind(d.x, slices.Repeat([]float32{1}, d.n*16)), d.Bind(d.k, 2.0), d.Run(), d.Read(d.y, got)); err != nil {
		return err
	}
	for i, v := range got {
		if v != 3 {
			return fmt.Errorf("2x + 1 is %v at %d", v, i)
		}
	}
	return nil
}

// scene does everything that takes memory, and after each refusal checks what was there
// before.
type scene struct {
	t      *testing.T
	dev    *scarce
	st     *engine.State
	small  *doubling
	weight float32
}

// check runs what is there: the first program and the slot that it doubles.
func (s *scene) check(after string) {
	s.t.Helper()
	if s.small != nil {
		if err := s.small.run(); err != nil {
			s.t.Fatalf("the first program after %s: %v", after, err)
		}
		s.weight *= 2
	}
	if s.st.Has("weight") {
		got := make([]float32, 64)
		if err := s.st.Read("weight", got); err != nil || got[63] != s.weight {
			s.t.Fatalf("the slot after %s: %v, %v, want %v", after, err, got[63], s.weight)
		}
	}
}

// try does something, and again after a refusal; it reports whether it was done.
func (s *scene) try(what string, do func() error) bool {
	s.t.Helper()
	for range 2 {
		err := do()
		if err == nil {
			s.check(what)
			return true
		}
		if !errors.Is(err, errScarce) || !errors.Is(err, engine.ErrMemory) || !strings.Contains(err.Error(), " bytes") {
			s.t.Fatalf("%s: %v, want ErrMemory with the size that was asked", what, err)
		}
		s.check(what)
	}
	return false
}

func (s *scene) play() {
	if !s.try("Add", func() error {
		return s.st.Add("weight", []int{4, 16}, device.Float32, slices.Repeat([]float32{1}, 64))
	}) {
		return
	}
	s.try("the first program", func() (err error) {
		p, err := compileDoubling(s.dev, s.st, 64)
		if err == nil {
			s.small = p
		}
		return err
	})
	s.try("Clone", func() error {
		c, err := s.st.Clone()
		if err != nil {
			return err
		}
		return c.Close()
	})
	s.try("a larger program", func() error {
		p, err := compileDoubling(s.dev, s.st, 4096)
		if err != nil {
			return err
		}
		defer p.Close()
		s.weight *= 2
		return p.run()
	})
	s.try("a slot more", func() error { return s.st.Add("more", []int{100}, device.Float32, nil) })
}

// TestNoMemory refuses every allocation in turn: once, and from then on.
func TestNoMemory(t *testing.T) {
	c := testdevice.Open(t, device.Options{Threads: 1})
	most := 1
	for _, forever := range []bool{false, true} {
		for n := 1; n <= most; n++ {
			dev := &scarce{Device: c, nth: n}
			if forever {
				dev.nth, dev.from = 0, n
			}
			s := &scene{t: t, dev: dev, st: engine.NewState(dev), weight: 1}
			s.play()
			if most = max(most, dev.calls); forever {
				most = min(most, 30)
			}
			if s.small != nil {
				s.small.Close()
			}
			s.st.Close()
			if dev.live != 0 || dev.buffers != 0 {
				t.Errorf("refusal %d: %d buffers of %d bytes are left", n, dev.buffers, dev.live)
			}
		}
	}
	if most < 10 {
		t.Errorf("only %d allocations were refused", most)
	}
}

// TestTightMemory lets a program ask for more than there is.
func TestTightMemory(t *testing.T) {
	dev := &scarce{Device: testdevice.Open(t, device.Options{Threads: 1}), most: 4 << 20}
	s := &scene{t: t, dev: dev, st: engine.NewState(dev), weight: 1}
	defer s.st.Close()
	s.play()
	before := dev.live
	if _, err := compileDoubling(dev, s.st, 1<<16); !errors.Is(err, engine.ErrMemory) || !strings.Contains(err.Error(), "double65536") {
		t.Errorf("a program that cannot fit: %v", err)
	}
	if dev.live != before {
		t.Errorf("%d bytes before the refusal, %d after", before, dev.live)
	}
	s.check("a program that cannot fit")
}
