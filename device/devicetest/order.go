package devicetest

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/euryale-ml/euryale/device"
)

// bound is a case with its memory and kernel.
type bound struct {
	testCase
	step   *device.Step
	out    []device.Memory
	kernel device.Kernel
}

// anyOrder runs steps that do not depend on one another in one run, several times in
// different orders, with one scratch memory for all: the results of each must be bit for bit
// those of a run of that step alone.
func anyOrder(t *testing.T, dev device.Device) {
	var all []*bound
	var scratch int64
	for _, family := range families() {
		for i := 0; i < len(family); i += 5 {
			s := family[i].step()
			if dev.Supports(s) && s.In[0].Elements() < 1<<13 && s.Out[0].Elements() < 1<<13 {
				all = append(all, &bound{testCase: family[i], step: s})
				scratch = max(scratch, dev.Scratch(s))
			}
		}
	}
	work := room(t, dev, scratch)
	var want [][][]float32
	for _, b := range all {
		b.bind(t, dev, work)
		finish(t, dev, b.kernel)
		want = append(want, b.take(t, dev))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		var kernels []device.Kernel
		for _, i := range random.Perm(len(all)) {
			kernels = append(kernels, all[i].kernel)
		}
		finish(t, dev, kernels...)
		for i, b := range all {
			for o, got := range b.take(t, dev) {
				same(t, b.kind.String()+"/"+b.name+" among others", got, want[i][o])
			}
		}
	}
}

func (b *bound) bind(t *testing.T, dev device.Device, scratch device.Memory) {
	t.Helper()
	var in []device.Memory
	for i, x := range b.step.In {
		in = append(in, place(t, dev, x))
		upload(t, dev, x, in[i], b.in[i].values(uint64(i+1)))
	}
	for _, x := range b.step.Out {
		b.out = append(b.out, place(t, dev, x))
	}
	var err error
	if b.kernel, err = dev.Bind(b.step, in, b.out, scratch); err != nil {
		t.Fatal(err)
	}
}

// take reads the memory of the outputs, and fills it with NaN again.
func (b *bound) take(t *testing.T, dev device.Device) (values [][]float32) {
	t.Helper()
	for i, x := range b.step.Out {
		bytes := dev.Bytes(x)
		values = append(values, read(t, dev, b.out[i], bytes))
		write(t, dev, b.out[i], dirt(bytes))
	}
	return values
}

// vectors makes places for vectors of one length, and kernels that add them.
type vectors struct {
	t   *testing.T
	dev device.Device
	x   *device.Tensor
}

func newVectors(t *testing.T, dev device.Device) *vectors {
	return &vectors{t, dev, &device.Tensor{Shape: []int{48, 160}, DType: device.Float32, Name: "x"}}
}

func (v *vectors) place() device.Memory { return place(v.t, v.dev, v.x) }

func (v *vectors) set(m device.Memory, value float32) {
	v.t.Helper()
	host := make([]float32, v.x.Elements())
	for i := range host {
		host[i] = value
	}
	if err := v.dev.Upload(v.x, m, host); err != nil {
		v.t.Fatal(err)
	}
	for i := range host { // the host's memory may be reused
		host[i] = -1e30
	}
}

func (v *vectors) copy(dst, src device.Memory) {
	v.t.Helper()
	if err := v.dev.Copy(dst, src, v.dev.Bytes(v.x)); err != nil {
		v.t.Fatal(err)
	}
}

// add is the kernel of out = a + b.
func (v *vectors) add(out, a, b device.Memory) device.Kernel {
	v.t.Helper()
	return v.named("sum", out, a, b)
}

// named is add with the path of a layer.
func (v *vectors) named(path string, out, a, b device.Memory) device.Kernel {
	v.t.Helper()
	s := &device.Step{Kind: device.Add, Attr: device.AddAttr{}, Path: path, In: []*device.Tensor{v.x, v.x}, Out: []*device.Tensor{v.x}}
	k, err := v.dev.Bind(s, []device.Memory{a, b}, []device.Memory{out}, device.Memory{})
	if err != nil {
		v.t.Fatal(err)
	}
	return k
}

func (v *vectors) expect(what string, m device.Memory, want float32) {
	v.t.Helper()
	host := make([]float32, v.x.Elements())
	if err := v.dev.Download(v.x, m, host); err != nil {
		v.t.Fatalf("%s: %v", what, err)
	}
	for i, got := range host {
		if got != want {
			v.t.Errorf("%s[%d] is %v, want %v", what, i, got, want)
			return
		}
	}
}

func (v *vectors) begin() {
	v.t.Helper()
	if err := v.dev.Begin(); err != nil {
		v.t.Fatal(err)
	}
}

func (v *vectors) submit() {
	v.t.Helper()
	if err := v.dev.Submit(); err != nil {
		v.t.Fatal(err)
	}
}

func (v *vectors) wait() {
	v.t.Helper()
	if err := v.dev.Wait(); err != nil {
		v.t.Fatal(err)
	}
}

// inOrder gives a device kernels, copies, uploads and downloads that depend on one another,
// inside a run, while it is pending, and between runs.
func inOrder(t *testing.T, dev device.Device) {
	v := newVectors(t, dev)
	a, b, c, d, e := v.place(), v.place(), v.place(), v.place(), v.place()
	double, sum, again := v.add(b, a, a), v.add(d, c, a), v.add(e, d, d)
	v.set(a, 1)
	v.begin()
	double.Run() // b = 2
	v.copy(c, b) // c = 2
	sum.Run()    // d = 3
	v.expect("a download inside a run", d, 3)
	again.Run()           // e = 6
	v.set(a, 10)          // inside a run
	double.Run()          // b = 20
	v.copy(c, e)          // c = 6
	sum.Run()             // d = 16
	v.set(c, 100)         // after the sum
	v.copy(e, c)          // e = 100
	sum.Run()             // d = 110
	v.submit()            //
	v.set(a, 1000)        // while the run is pending
	v.copy(c, a)          // c = 1000
	v.expect("b", b, 20)  // before Wait
	v.expect("d", d, 110) //
	v.expect("e", e, 100) //
	v.wait()              //
	v.expect("a", a, 1000)
	v.expect("c, copied between runs", c, 1000)
	v.begin()
	sum.Run()
	v.submit()
	v.wait()
	v.expect("d of another run", d, 2000)
	v.begin() // a run of nothing
	v.submit()
	v.wait()
	for i := range 5 { // each run right after the other
		v.set(a, float32(i))
		v.begin()
		double.Run()
		v.submit()
		v.wait()
		v.expect("b", b, float32(2*i))
	}
}

// staging uploads to staging memory while runs are pending, and copies several tensors at
// once between it and the device.
func staging(t *testing.T, dev device.Device) {
	v := newVectors(t, dev)
	bytes := dev.Bytes(v.x)
	there, err := dev.NewBuffer(2 * bytes)
	if err != nil {
		t.Fatal(err)
	}
	defer there.Free()
	var here [3]device.Buffer
	for i := range here {
		if here[i], err = dev.NewStaging(2 * bytes); err != nil {
			t.Fatal(err)
		}
		defer here[i].Free()
	}
	at := func(b device.Buffer, i int64) device.Memory { return device.Memory{Buffer: b, Offset: i * bytes} }
	out := v.place()
	add := v.add(out, at(there, 0), at(there, 1))
	for i := range 6 {
		next := here[i%2] // the other one may still be read
		v.set(at(next, 0), float32(i))
		v.set(at(next, 1), float32(10*i))
		if i > 0 {
			v.wait()
			v.expect("staged result", at(here[2], 0), float32(11*(i-1)))
			v.expect("staged operand", at(here[2], 1), float32(10*(i-1)))
		}
		if err := dev.Copy(at(there, 0), at(next, 0), 2*bytes); err != nil {
			t.Fatal(err)
		}
		v.begin()
		add.Run()
		v.copy(at(here[2], 0), out)
		v.copy(at(here[2], 1), at(there, 1))
		v.submit()
	}
	v.wait()
	v.expect("the last result", out, 55)
}

// freeWhilePending frees memory that pending work uses.
func freeWhilePending(t *testing.T, dev device.Device) {
	v := newVectors(t, dev)
	last := v.place()
	for range 5 {
		var buffers []device.Memory
		for range 4 {
			b, err := dev.NewBuffer(dev.Bytes(v.x))
			if err != nil {
				t.Fatal(err)
			}
			buffers = append(buffers, device.Memory{Buffer: b})
		}
		v.set(buffers[0], 1)
		var kernels []device.Kernel
		for i := range 30 {
			kernels = append(kernels, v.add(buffers[1+i%2], buffers[2-i%2], buffers[0]))
		}
		v.set(buffers[2], 0)
		v.begin()
		for _, k := range kernels {
			k.Run()
		}
		v.copy(last, buffers[2])
		v.submit()
		for _, b := range buffers {
			if err := errors.Join(b.Buffer.Free(), b.Buffer.Free()); err != nil {
				t.Errorf("Free while pending: %v", err)
			}
		}
		v.wait()
		v.expect("the sum of thirty", last, 30)
	}
}

// callsOutOfOrder makes calls that are errors, after which everything works.
func callsOutOfOrder(t *testing.T, dev device.Device) {
	v := newVectors(t, dev)
	a, b := v.place(), v.place()
	v.set(a, 1)
	double := v.add(b, a, a)
	order := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, device.ErrOrder) {
			t.Errorf("%s: %v, want ErrOrder", what, err)
		}
	}
	order("Submit without Begin", dev.Submit())
	if err := dev.Wait(); err != nil {
		t.Errorf("Wait without a run: %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a kernel ran outside a run")
			}
		}()
		double.Run()
	}()
	v.begin()
	order("Begin in an open run", dev.Begin())
	double.Run()
	v.submit()
	order("Begin while a run is pending", dev.Begin())
	order("Submit while a run is pending", dev.Submit())
	v.wait()
	v.expect("b", b, 2)
	wrong := make([]float32, 3)
	for what, err := range map[string]error{"Upload": dev.Upload(v.x, a, wrong), "Download": dev.Download(v.x, a, wrong), "Upload of another type": dev.Upload(v.x, a, make([]int64, v.x.Elements()))} {
		if err == nil {
			t.Errorf("%s of a slice that does not fit: no error", what)
		}
	}
	v.expect("a after errors", a, 1)
}
