// Package device is the interface between the engine, which plans the order and
// the memory of a computation, and the devices that execute it. It defines the
// kinds of step (kind.go), their attributes and operands, and the Device interface.
//
// Public tensors are NCHW (activations), OIHW (weights) and row-major: their canonical
// form. A device chooses its own layout: it reports a tensor's size, gets places of that
// size, and converts at Upload and Download.
package device

import (
	"fmt"
	"io"
)

// DType is an element type.
type DType uint8

// Element types. Int64 carries labels, predicted classes and random counters. BFloat16 is
// a way to store float32 values in half the memory, see Tensor.Stored; it is never the type
// of a node, a slot or host memory.
const (
	Float32 DType = iota
	Float64
	Int64
	BFloat16
)

// Size is the number of bytes of an element.
func (d DType) Size() int64 {
	switch d {
	case BFloat16:
		return 2
	case Float32:
		return 4
	}
	return 8
}

func (d DType) String() string {
	switch d {
	case Float32:
		return "float32"
	case Float64:
		return "float64"
	case Int64:
		return "int64"
	case BFloat16:
		return "bfloat16"
	}
	return fmt.Sprintf("DType(%d)", uint8(d))
}

// Role is the origin of a tensor's memory and its lifetime.
type Role uint8

// Roles of a tensor.
const (
	Activation Role = iota // lives in the arena between its producer and its last reader
	Input                  // uploaded before a run: images, labels, learning rate, random counters
	Constant               // uploaded once, when the program is compiled
	Slot                   // belongs to the engine's State: parameters, statistics, an optimizer's values
	Output                 // read after a run: in its program's own memory, laid out as an Activation
)

// Tensor is a value of a compiled program. Devices choose a layout as a function
// of Shape, DType, Stored, Role and Param alone, so that all steps that use a tensor agree on it.
type Tensor struct {
	ID    int
	Shape []int // canonical; empty for a scalar
	DType DType
	// Stored is BFloat16 for float32 values that are kept as bfloat16; its zero value means
	// DType. Kernels take the exact values of such operands, compute in float32 or better,
	// and round each result once, to the nearest bfloat16, where they store it (halfway: to
	// the even one). NaN and infinities are kept. See package bfloat16.
	Stored DType
	Role   Role
	// Param: the value is laid out as a weight (a slot, a parameter's gradient or its update),
	// not as an activation of a batch. The layout of weights is the same in every role, so
	// that an update can be written into its slot. The operands of an elementwise step have
	// the same Param; a Reshape to the same shape converts.
	Param bool
	Name  string // of the node or slot, for messages
}

// Storage is the type that the elements have in the device's memory: Stored or DType.
func (t *Tensor) Storage() DType {
	if t.Stored == BFloat16 {
		return BFloat16
	}
	return t.DType
}

// Elements is the number of elements of the canonical form.
func (t *Tensor) Elements() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Step is one operation of a program.
type Step struct {
	Kind Kind
	Attr any    // the attribute struct that Kind names, or nil
	Path string // of the layer that the step belongs to: "layer1.0.conv2"
	In   []*Tensor
	Out  []*Tensor
	// Accumulate adds the result to Out[0], which already holds a value,
	// instead of overwriting it.
	Accumulate bool
}

// Buffer is a block of memory, aligned to at least 64 bytes and zeroed when new: of the
// device (NewBuffer), or of the host (NewStaging).
type Buffer interface {
	// Bytes is the requested size, rounded up to a multiple of 64 or more.
	Bytes() int64
	// Free waits for pending work, which may use the memory, and releases the memory.
	// Kernels bound to it must not run afterwards. A second Free does nothing.
	Free() error
}

// Memory is a place in a buffer. Offsets are multiples of 64 bytes.
type Memory struct {
	Buffer Buffer
	Offset int64
}

// Kernel is a step bound to its memory.
type Kernel interface {
	// Run appends the kernel to the run that Begin opened. It allocates nothing and returns
	// without waiting for the kernel, whose error is returned by Submit or Wait. Run panics
	// only when it is called outside a run.
	Run()
}

// Device executes steps. It queues work: Kernel.Run and Copy return before the work is
// done, and Wait returns its error.
//
// # Order
//
// Calls take effect in the order in which they are made: kernels, copies, uploads and
// downloads, inside a run and between runs. A kernel sees the uploads before its Run, and a
// download sees the results of the kernels run before it. The device may overlap and reorder
// work only where the results are the same.
//
// # Runs
//
// A run is Begin, any number of Kernel.Run and Copy, Submit, Wait. One run is open or
// pending at a time. Between Begin and Submit, Upload and Download may be called too; they
// execute the work enqueued so far, and wait for it. Between Submit and Wait the
// run is pending. Supports, InPlace, Bytes, Scratch, NewBuffer, NewStaging, and Upload and
// Download of places in staging memory do not wait for it. Bind, Free, Close, and other
// uploads and downloads may wait until it is done; its error is kept for Wait.
//
// # Goroutines
//
// A device is used by one goroutine at a time, not always the same one, so state of an
// operating-system thread is set up in each call. Work on the device's own goroutines must
// not depend on further calls.
//
// # Memory
//
// The engine owns all buffers, places tensors in them, and frees them. The contents of arena
// and scratch memory are undefined: a kernel must not rely on them, must write its outputs
// completely, padding of its layout included, and must not change memory outside its outputs
// and its scratch.
//
// # Errors
//
// After an error the device works as before, unless it is a *Fault with Lost set. When memory
// runs out, NewBuffer, NewStaging or Bind returns an error and changes nothing. When a kernel
// fails, Submit, Wait, or the Upload or Download that waited for it returns a *Fault, and work
// enqueued after the kernel does not run. Memory that the kernel writes is then undefined; all
// other memory has the contents of that moment.
//
// # Identity
//
// The engine compares devices with ==, so the type that implements Device has to be
// comparable: a pointer is.
//
// A device may implement the optional interfaces of capability.go, too.
type Device interface {
	// Name is "cpu" or "cuda:0".
	Name() string
	// Describe is a line for users: the kernels in use, the number of threads.
	Describe() string

	// Supports reports whether the device has a kernel for the step. The engine asks before
	// it fuses, groups, or accumulates in a kind of which Kind.Accumulates is true, and keeps
	// the plain steps if the answer is no. An unsupported plain step is a compile error.
	// The answer must not depend on Tensor.Stored, which the engine sets later.
	Supports(s *Step) bool
	// InPlace lists pairs {out, in} of operands that may share memory when the
	// input is not needed afterwards; they are stored as the same type.
	InPlace(s *Step) [][2]int
	// Bytes is the size of a tensor in the device's own layout, a multiple of 64.
	Bytes(t *Tensor) int64
	// Scratch is the working memory in bytes that the step needs while it runs. It may be
	// shared by all steps of all programs, since steps run one after the other.
	Scratch(s *Step) int64

	// NewBuffer returns zeroed memory of the device.
	NewBuffer(bytes int64) (Buffer, error)
	// NewStaging returns zeroed memory of the host that the device copies from and to
	// quickly, such as pinned memory. Upload and Download of a place in it convert at once,
	// and neither wait for pending work nor delay it. Only Copy moves bytes between it and
	// the device. A device that works in the host's memory returns ordinary memory.
	NewStaging(bytes int64) (Buffer, error)
	// Bind makes the kernel of a step. in and out are the places of s.In and s.Out. An output
	// may have exactly an input's place if InPlace has the pair; other operands do not
	// overlap. The kernel owns no memory that must be freed.
	Bind(s *Step, in, out []Memory, scratch Memory) (Kernel, error)
	// Upload converts from the canonical row-major form: host is []float32,
	// []float64 or []int64 of t.Elements() elements and of t's DType. Values stored as
	// bfloat16 are rounded. host may be reused when Upload returns. Another type or length is
	// an error and changes nothing.
	Upload(t *Tensor, dst Memory, host any) error
	// Download waits for all earlier work of the device, and converts to the
	// canonical form.
	Download(t *Tensor, src Memory, host any) error
	// Copy copies bytes between places of buffers of any sort, without conversion: of
	// several adjacent tensors, in one go. Inside a run it is enqueued like a kernel.
	// Outside it may be enqueued too, and then a source in staging memory must stay as it
	// is until the next Wait has returned. The places do not overlap.
	Copy(dst, src Memory, bytes int64) error

	// Begin opens a run. While another is open or pending it is ErrOrder. After an error
	// no run is open.
	Begin() error
	// Submit closes the run and starts it, without waiting for its end. Without an open run
	// it is ErrOrder. After an error the run is over as after Wait.
	Submit() error
	// Wait returns when the pending run is done, with its error. Without a pending run it
	// does nothing.
	Wait() error

	// Close waits for pending work and frees the device's own resources. Buffers are freed by
	// their owners, before or after.
	io.Closer
}
