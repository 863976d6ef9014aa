// Package cpu executes steps on the processor: with Go assembly if it has AVX2 and FMA, and
// with the plain kernels of device/ref for float64, on other processors and under the build
// tags noasm and purego.
//
// To read it: this file (what the engine calls), queue.go and pool.go (how kernels run),
// layout.go (how tensors are stored), then a kernel such as conv_amd64.go and its tiles in
// tiles_amd64.go, whose assembly internal/gen/asm writes.
package cpu

import (
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/inwords"
)

// Errors that New and the Device wrap.
var (
	// ErrOption is returned by New for an invalid option, or kernels that the processor lacks.
	ErrOption = errors.New("invalid option")
	// ErrHost is returned by Upload and Download for a slice of another type or length.
	ErrHost = errors.New("the host memory does not fit")
	// ErrType is returned by Bind for operands of an element type that no kernel computes on.
	ErrType = errors.New("invalid element type")
)

// Options configure a Device. The zero value means all processors and the fastest kernels.
type Options struct {
	// Threads is the number of workers; 0 means all that the container allows.
	Threads int
	// ISA selects the kernels: "avx512", "avx2" or "generic"; "" means the value of the
	// environment variable EURYALE_ISA or, without that, the fastest that the processor has.
	ISA string
	// Reference runs every step through device/ref: the same as ISA "generic".
	Reference bool
}

// Device is the processor as a device.Device. Its kernels run one after the other on the
// device's own goroutines, not on the caller's.
type Device struct {
	pool *pool
	queue
	isa  string
	fast bool // blocked layouts and assembly for float32

	kernels *kernels
	work    [][]byte // working memory of each worker
	owned   [][]byte // all of it, outside the Go heap
	half    halves   // of Upload and Download
	working halves   // of the plain kernels, which run one after the other
}

var (
	_ device.Device         = (*Device)(nil)
	_ device.Threader       = (*Device)(nil)
	_ device.Unifier        = (*Device)(nil)
	_ device.Timer          = (*Device)(nil)
	_ device.MemoryReporter = (*Device)(nil)
)

// New returns the processor as a device. Close it to end its workers.
func New(o Options) (*Device, error) {
	if o.Threads < 0 {
		return nil, fmt.Errorf("cpu: %d threads: %w", o.Threads, ErrOption)
	}
	isa, err := chooseISA(o)
	if err != nil {
		return nil, err
	}
	threads := o.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	d := &Device{pool: newPool(threads), queue: newQueue(), isa: isa, fast: isa != "generic", kernels: kernelsOf(isa)}
	go d.execute(d.pool)
	return d, nil
}

// Name is "cpu".
func (d *Device) Name() string { return "cpu" }

// Describe names the kernels in use and the number of threads.
func (d *Device) Describe() string {
	kernels := map[string]string{"avx512": "AVX-512 assembly", "avx2": "AVX2+FMA assembly", "generic": "plain Go"}[d.isa]
	return fmt.Sprintf("cpu, %s kernels, %s", kernels, inwords.Count(d.pool.workers, "thread"))
}

// ISA is the instruction set of the kernels: "avx512", "avx2" or "generic".
func (d *Device) ISA() string { return d.isa }

// Threads is the number of workers.
func (d *Device) Threads() int { return d.pool.workers }

// Unified is true: buffers are the host's memory.
func (d *Device) Unified() bool { return true }

// Close waits for a pending run, ends the workers and frees their working memory. Buffers
// stay.
func (d *Device) Close() error {
	if d.phase == closed {
		return nil
	}
	d.drain()
	d.phase = closed
	close(d.todo)
	d.pool.close()
	var first error
	for _, m := range d.owned {
		if err := release(m); err != nil && first == nil {
			first = fmt.Errorf("cpu: working memory: %w", err)
		}
	}
	d.owned, d.work = nil, nil
	return first
}

// Supports reports whether there is a kernel for the step.
func (d *Device) Supports(s *device.Step) bool {
	switch s.Kind {
	case device.Host:
		return false
	case device.Group:
		return d.supportsGroup(s)
	case device.LinearUpdate:
		return !s.Accumulate && d.fastOperands(s)
	case device.Conv2DGradWeight, device.ChannelSum:
		return !s.Accumulate || d.addsSums(s)
	}
	if a, ok := s.Attr.(device.Activated); ok && d.fastOperands(s) && !d.hasActivation(a.Activation()) {
		return false // fused, device/ref would run the complete step, not the activation alone
	}
	return !s.Accumulate || s.Kind.Accumulates()
}

// addsSums reports whether the fast kernel of a parameter's gradient can add it to its output
// (Step.Accumulate). Others would need a temporary copy, so that accumulation saves nothing.
func (d *Device) addsSums(s *device.Step) bool {
	for _, t := range slices.Concat(s.In, s.Out) {
		if t.DType != device.Float32 {
			return false
		}
	}
	a, _ := s.Attr.(device.ConvAttr)
	return d.fast && d.layoutOf(s.In[0]) == maps && a.Groups <= 1
}

// InPlace lists the results that may be written over an operand: all that the kind allows
// (Kind.Overwrites) and whose storage type is the operand's.
func (d *Device) InPlace(s *device.Step) (pairs [][2]int) {
	if g, ok := s.Attr.(device.GroupAttr); ok {
		return g.InPlace(d.InPlace)
	}
	for _, p := range s.Kind.Overwrites() {
		if p[0] < len(s.Out) && s.Out[p[0]].Storage() == s.In[p[1]].Storage() {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// Bind makes the kernel of a step: the fast one if there is one for the operands' layouts,
// else the plain one.
func (d *Device) Bind(s *device.Step, in, out []device.Memory, scratch device.Memory) (device.Kernel, error) {
	d.flush() // working memory may move
	k, err := d.bind(s, in, out, scratch)
	if err != nil {
		return nil, err
	}
	return &kernel{queue: &d.queue, step: s, work: k}, nil
}

func (d *Device) bind(s *device.Step, in, out []device.Memory, scratch device.Memory) (k device.Kernel, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case shortage:
			k, err = nil, fmt.Errorf("working memory: %w", r.error)
		default:
			panic(r)
		}
	}()
	if g, ok := s.Attr.(device.GroupAttr); ok {
		return d.bindGroup(g, in, out, scratch)
	}
	if err := checkStored(s); err != nil {
		return nil, err
	}
	if d.fast && d.fastOperands(s) {
		if k := d.bindFast(s, in, out, scratch); k != nil {
			return k, nil
		}
	}
	return d.bindPlain(s, in, out)
}

// checkStored is an error if an operand has type bfloat16, which is allowed only as the
// storage of float32.
func checkStored(s *device.Step) error {
	for _, t := range slices.Concat(s.In, s.Out) {
		if t.DType == device.BFloat16 || t.Storage() == device.BFloat16 && t.DType != device.Float32 {
			return fmt.Errorf("cpu: %v at %q: %s %v: %w: %v stored as %v", s.Kind, s.Path, t.Name, t.Shape, ErrType, t.DType, t.Storage())
		}
	}
	return nil
}

// shortage is the panic of a kernel for which there is not enough working memory.
type shortage struct{ error }

// fastOperands reports whether the fast kernels read the types of the step's operands: all
// but float64.
func (d *Device) fastOperands(s *device.Step) bool {
	if !d.fast {
		return false
	}
	for _, operands := range [2][]*device.Tensor{s.In, s.Out} {
		for _, t := range operands {
			if t.DType == device.Float64 {
				return false
			}
		}
	}
	return true
}
