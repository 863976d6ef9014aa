package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/queued"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/op"
)

var errBroken = errors.New("broken on purpose")

// openQueued is the processor behind a queue.
func openQueued(t *testing.T, o queued.Options) *queued.Device {
	t.Helper()
	inner, err := device.Open("cpu", device.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	o.Delay = 100 * time.Microsecond
	d := queued.New(inner, o)
	t.Cleanup(func() { d.Close() })
	return d
}

// nameless is a device that does not know which kernel failed.
type nameless struct{ device.Device }

func (d nameless) Wait() error {
	var f *device.Fault
	if err := d.Device.Wait(); !errors.As(err, &f) {
		return err
	}
	return &device.Fault{Err: f.Err, Lost: f.Lost}
}

// TestFaults lets each step of a program fail, on a device that names the step and on one
// that does not, with and without the synchronous mode.
func TestFaults(t *testing.T) {
	for _, path := range []string{"relu", "scale", "add", "sum"} {
		for _, named := range []bool{true, false} {
			for _, synchronous := range []bool{true, false} {
				failing := ""
				q := openQueued(t, queued.Options{Fault: func(s *device.Step) error {
					if s.Path == failing {
						return errBroken
					}
					return nil
				}})
				var dev device.Device = q
				if !named {
					dev = nameless{q}
				}
				st := engine.NewState(dev)
				defer st.Close()
				a := newAffineOf(t, dev, st, "affine", 100, func(s *engine.Spec) { s.Synchronous = synchronous })
				other := newIdle(t, dev, st)
				a.bind(1, 2)
				if err := a.Run(); err != nil {
					t.Fatal(err)
				}
				failing = path
				err := a.Run()
				var f *device.Fault
				if !errors.Is(err, engine.ErrRun) || !errors.Is(err, errBroken) || !errors.As(err, &f) {
					t.Fatalf("%s: %v, want a Fault", path, err)
				}
				known := named || synchronous
				if known != (f.Step != nil && f.Step.Path == path) || known && !strings.Contains(err.Error(), path) {
					t.Errorf("%s, named %v, synchronous %v: the fault is of %+v: %v", path, named, synchronous, f.Step, err)
				}
				if again := a.Wait(); again == nil || again.Error() != err.Error() {
					t.Errorf("Wait again: %v, want %v", again, err)
				}
				if err := a.Read(a.y, make([]float32, 1600)); !errors.Is(err, errBroken) {
					t.Errorf("reading an output of the failed run: %v", err)
				}
				if err := other.Run(); err != nil {
					t.Errorf("a program that does not use what failed: %v", err)
				}
				failing = ""
				a.recover(path, known && path != "sum")
			}
		}
	}
}

// recover checks which slots a fault has spoiled, and that the program runs once they have a value.
func (a *affine) recover(path string, intact bool) {
	a.t.Helper()
	got := []float32{0}
	if intact {
		if err := a.st.Read("sum", got); err != nil || got[0] != 2 || len(a.st.Broken()) > 0 {
			a.t.Errorf("after a fault of %s, before the slot's update: %v, %v, broken %v", path, got, err, a.st.Broken())
		}
	} else {
		if err := a.st.Read("sum", got); !errors.Is(err, engine.ErrBroken) || !slices.Equal(a.st.Broken(), []string{"sum"}) {
			a.t.Errorf("after a fault of %s: reading the slot: %v, broken %v", path, err, a.st.Broken())
		}
		if err := a.Start(); !errors.Is(err, engine.ErrBroken) || !strings.Contains(err.Error(), "sum") {
			a.t.Errorf("after a fault of %s: Start: %v, want ErrBroken", path, err)
		}
		if err := a.st.Write("sum", []float32{2}); err != nil {
			a.t.Fatal(err)
		}
	}
	if err := a.Run(); err != nil {
		a.t.Fatalf("after a fault of %s: %v", path, err)
	}
	a.expect("after a fault", 1, 2)
	if err := a.st.Read("sum", got); err != nil || got[0] != 4 {
		a.t.Errorf("after a fault of %s the sum is %v, %v, want 4", path, got, err)
	}
}

// newIdle is a program without slots.
func newIdle(t *testing.T, dev device.Device, st *engine.State) *engine.Program {
	g := G.NewGraph()
	x := G.NewVector(g, tensor.Float32, G.WithShape(3), G.WithName("x"))
	p, err := engine.Compile(dev, st, engine.Spec{Name: "idle", Graph: g, Inputs: []*G.Node{x}, Outputs: []*G.Node{G.Must(op.ReLU("idle", x))}})
	if err == nil {
		err = p.Bind(x, []float32{1, 2, 3})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// TestAFaultOfAnEarlierRun starts a second program while the first one's run, which fails,
// is pending.
func TestAFaultOfAnEarlierRun(t *testing.T) {
	fail := false
	dev := openQueued(t, queued.Options{Fault: func(s *device.Step) error {
		if fail && s.Path == "sum" {
			return errBroken
		}
		return nil
	}})
	st := engine.NewState(dev)
	defer st.Close()
	a, other := newAffine(t, dev, st, "affine", 100), newIdle(t, dev, st)
	a.bind(1, 2)
	fail = true
	a.start()
	if err := errors.Join(other.Start(), other.Wait()); err != nil {
		t.Errorf("the second program: %v", err)
	}
	if err := a.Wait(); !errors.Is(err, errBroken) {
		t.Errorf("Wait of the first: %v", err)
	}
}

// TestAFaultThatNobodyWaitedFor starts a program again without Wait after a run that fails
// before it changes a slot.
func TestAFaultThatNobodyWaitedFor(t *testing.T) {
	fail := true
	dev := openQueued(t, queued.Options{Fault: func(s *device.Step) error {
		if fail && s.Path == "relu" {
			return errBroken
		}
		return nil
	}})
	st := engine.NewState(dev)
	defer st.Close()
	a, other := newAffine(t, dev, st, "affine", 100), newIdle(t, dev, st)
	a.bind(1, 2)
	a.start()
	if err := other.Run(); err != nil {
		t.Error(err)
	}
	fail = false
	if err := a.Start(); !errors.Is(err, errBroken) {
		t.Errorf("Start again: %v, want the fault of the run before", err)
	}
	a.start()
	a.expect("once the fault is known", 1, 2)
}

// TestBeginFails: nothing has changed.
func TestBeginFails(t *testing.T) {
	fail := false
	dev := openQueued(t, queued.Options{FailBegin: func() error {
		if fail {
			return errBroken
		}
		return nil
	}})
	st := engine.NewState(dev)
	defer st.Close()
	a := newAffine(t, dev, st, "affine", 100)
	a.bind(1, 2)
	fail = true
	if err := a.Start(); !errors.Is(err, errBroken) || !errors.Is(err, engine.ErrRun) || len(st.Broken()) > 0 {
		t.Errorf("Start: %v, broken %v", err, st.Broken())
	}
	fail = false
	a.start()
	a.expect("after Begin failed", 1, 2)
}

// refusingCopies is a device whose next Copy fails.
type refusingCopies struct {
	device.Device
	refuse bool
}

func (d *refusingCopies) Copy(dst, src device.Memory, bytes int64) error {
	if d.refuse {
		d.refuse = false
		return errBroken
	}
	return d.Device.Copy(dst, src, bytes)
}

// TestTheCopyOfTheInputsFails: the next run has the values that were bound.
func TestTheCopyOfTheInputsFails(t *testing.T) {
	dev := &refusingCopies{Device: openQueued(t, queued.Options{})}
	st := engine.NewState(dev)
	defer st.Close()
	a := newAffine(t, dev, st, "affine", 100)
	a.bind(1, 2)
	if err := a.Run(); err != nil {
		t.Fatal(err)
	}
	a.bind(3, 4)
	dev.refuse = true
	if err := a.Start(); !errors.Is(err, errBroken) {
		t.Errorf("Start: %v", err)
	}
	a.start()
	a.expect("after the copy failed", 3, 4)
}

// TestALostDevice: everything is an error, and can be closed.
func TestALostDevice(t *testing.T) {
	dev := openQueued(t, queued.Options{Fault: func(s *device.Step) error {
		if s.Path == "scale" {
			return &device.Fault{Err: errBroken, Lost: true}
		}
		return nil
	}})
	st := engine.NewState(dev)
	a := newAffine(t, dev, st, "affine", 100)
	a.bind(1, 2)
	if err := a.Run(); !errors.Is(err, errBroken) {
		t.Errorf("Run: %v", err)
	}
	for what, err := range map[string]error{
		"Run": a.Run(), "Bind": a.Bind(a.k, 1.0), "Read": st.Read("sum", []float32{0}), "Write": st.Write("sum", []float32{0}),
		"Add": st.Add("new", nil, device.Float32, nil),
	} {
		if err == nil {
			t.Errorf("%s works on a lost device", what)
		}
	}
	if err := errors.Join(a.Close(), st.Close()); err != nil {
		t.Errorf("closing: %v", err)
	}
}

// TestMemoryForOneArena compiles programs whose arenas do not fit beside each other.
func TestMemoryForOneArena(t *testing.T) {
	dev := openQueued(t, queued.Options{Memory: 1_600_000})
	st := engine.NewState(dev)
	defer st.Close()
	small := newDeep(t, dev, st, 5000) // 0.32 MB each for the input and the arena
	check := func(when string, p *deep) {
		t.Helper()
		if err := p.run(); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	check("alone", small)
	large := newDeep(t, dev, st, 9000) // 0.576 MB each
	check("a larger arena", large)
	check("after the arena was exchanged", small)
	_, err := compileDeep(dev, st, 200_000)
	if !errors.Is(err, engine.ErrMemory) || !strings.Contains(err.Error(), "for activations") || !strings.Contains(err.Error(), "are free") {
		t.Errorf("a program that does not fit: %v", err)
	}
	check("after the refusal", small)
	check("after the refusal", large)
}

// deep is a program of Σ(2x+1)² with x = 1 of n·16 values: a large activation, one scalar
// output.
type deep struct {
	*engine.Program
	y *G.Node
	n int
}

func compileDeep(dev device.Device, st *engine.State, n int) (*deep, error) {
	g := G.NewGraph()
	x := G.NewMatrix(g, tensor.Float32, G.WithShape(n, 16), G.WithName("x"))
	ones := tensor.New(tensor.WithShape(16), tensor.WithBacking(slices.Repeat([]float32{1}, 16)))
	one := G.NewVector(g, tensor.Float32, G.WithShape(16), G.WithName("ones"), G.WithValue(ones))
	y := G.Must(op.SumSquares("sum", G.Must(op.Add("add", G.Must(op.BiasAdd("bias", x, one)), x))))
	p, err := engine.Compile(dev, st, engine.Spec{Name: "deep", Graph: g, Inputs: []*G.Node{x}, Outputs: []*G.Node{y}})
	if err != nil {
		return nil, err
	}
	return &deep{p, y, n}, p.Bind(x, slices.Repeat([]float32{1}, n*16))
}

func newDeep(t *testing.T, dev device.Device, st *engine.State, n int) *deep {
	t.Helper()
	p, err := compileDeep(dev, st, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func (p *deep) run() error {
	got := []float32{0}
	if err := errors.Join(p.Run(), p.Read(p.y, got)); err != nil {
		return err
	}
	if want := float32(9 * 16 * p.n); got[0] != want {
		return fmt.Errorf("the sum of squares is %v, want %v", got[0], want)
	}
	return nil
}

// TestProfileOfAQueue compares the time of the steps by the device's clock, and by waiting
// where it has none, with the time of the run.
func TestProfileOfAQueue(t *testing.T) {
	for _, clock := range []bool{true, false} {
		var dev device.Device = openQueued(t, queued.Options{Fault: func(s *device.Step) error {
			if s.Path == "add" {
				time.Sleep(20 * time.Millisecond)
			}
			return nil
		}})
		if !clock {
			dev = nameless{dev}
		}
		st := engine.NewState(dev)
		defer st.Close()
		a := newAffine(t, dev, st, "affine", 10)
		a.bind(1, 2)
		a.Profile(true)
		for range 2 {
			if err := a.Run(); err != nil {
				t.Fatal(err)
			}
		}
		longest := strings.Split(strings.SplitAfter(a.ProfileReport(), "longest steps:\n")[1], "\n")[0]
		if !strings.Contains(a.ProfileReport(), "mean of 2") || !strings.Contains(longest, "add Add") {
			t.Errorf("clock %v: the longest step is %q, want add:\n%s", clock, longest, a.ProfileReport())
		}
		a.Profile(false)
		a.expect("profiled", 1, 2)
	}
}

// recorders counts recordings.
type recorder struct {
	*queued.Device
	made, freed, played int
}

type counter struct {
	device.Recording
	of *recorder
}

func (d *recorder) Record(enqueue func()) (device.Recording, error) {
	d.made++
	r, err := d.Device.Record(enqueue)
	return &counter{r, d}, err
}

func (c *counter) Run() { c.of.played++; c.Recording.Run() }

func (c *counter) Free() error { c.of.freed++; return c.Recording.Free() }

// TestRecording compares a network's steps replayed with the same run one by one.
func TestRecording(t *testing.T) {
	dev := &recorder{Device: openQueued(t, queued.Options{})}
	_, want := newNetwork(t, tensor.Float32, false).run(testdevice.Open(t, device.Options{Threads: 1}), 4, nil)
	_, got := newNetwork(t, tensor.Float32, false).run(dev, 4, func(s *engine.Spec) { s.Poison = true })
	for name := range want {
		near(t, name, got[name], want[name], 0)
	}
	if dev.made != 1 || dev.played != 4 || dev.freed != 1 {
		t.Errorf("%d recordings, played %d times, freed %d times", dev.made, dev.played, dev.freed)
	}
	_, foreign := newNetwork(t, tensor.Float32, true).run(dev, 2, nil)
	if dev.made != 1 || len(foreign) == 0 {
		t.Errorf("a program with a foreign operator was recorded")
	}
}

// clocks is a device that counts the clocks that are in use.
type clocks struct {
	*queued.Device
	n int
}

type countedClock struct {
	device.Clock
	of *clocks
}

func (d *clocks) NewClock(n int) (device.Clock, error) {
	c, err := d.Device.NewClock(n)
	d.n++
	return countedClock{c, d}, err
}

func (c countedClock) Free() error {
	c.of.n--
	return c.Clock.Free()
}

// TestCloseFreesClocks closes a program whose steps are timed.
func TestCloseFreesClocks(t *testing.T) {
	dev := &clocks{Device: openQueued(t, queued.Options{})}
	st := engine.NewState(dev)
	defer st.Close()
	a := newAffine(t, dev, st, "affine", 10)
	for range 2 {
		a.Profile(true)
		a.bind(1, 2)
		if err := a.Run(); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil || dev.n != 0 {
		t.Errorf("%d clocks are left, %v", dev.n, err)
	}
}
