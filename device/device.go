// Package device is the border between the engine, which knows the order and
// the memory of a computation, and the machines that carry it out. It names the
// kinds of step, their attributes and operands, and what a device offers.
//
// Public tensors are NCHW, OIHW and row-major. How a device lays them out in its
// memory is its own business: it is asked for a tensor's size, is handed places
// of that size, and converts at Upload and Download.
package device

import (
	"fmt"
	"io"
)

// DType is an element type.
type DType uint8

// Element types. Int64 carries labels, predicted classes and random counters. BFloat16 is
// a way to store float32 values in half the memory, see Tensor.Stored: no node, slot or
// host memory has it as its type.
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

// Role says where a tensor's memory comes from and how long it lives.
type Role uint8

// Roles of a tensor.
const (
	Activation Role = iota // lives in the arena between its producer and its last reader
	Input                  // uploaded before a run: images, labels, learning rate, random counters
	Constant               // uploaded once, when the program is compiled
	Slot                   // belongs to the State: parameters, statistics, optimizer slots
	Output                 // read after a run: lives in memory of its program, laid out as an Activation
)

// Tensor is a value of a compiled program. Devices choose a layout as a function
// of Shape, DType, Stored, Role and Param alone, so that steps agree without negotiating.
type Tensor struct {
	ID    int
	Shape []int // canonical; empty for a scalar
	DType DType
	// Stored is BFloat16 where float32 values are kept as bfloat16; its zero value means as
	// DType. Kernels take the exact values of such operands, compute in float32 or better,
	// and round each result once, to the nearest bfloat16, where they store it (halfway: to
	// the even one). NaN and infinities stay what they are. See package bfloat16.
	Stored DType
	Role   Role
	// Param says that the value is laid out as a weight: a slot, a parameter's gradient
	// or its update, as opposed to an activation of a batch. Weights lie alike in every
	// role, so that an update may be made in its slot. Operands of an elementwise step
	// agree in it; a Reshape of the same shape converts.
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

// Buffer is a piece of memory, aligned to at least 64 bytes and zeroed when new: of the
// device (NewBuffer), or of the host (NewStaging).
type Buffer interface {
	// Bytes is the size that was asked for, rounded up to a multiple of 64 or more.
	Bytes() int64
	// Free gives the memory back. It waits for pending work, since that may use the memory.
	// Kernels that are bound to it must not run afterwards. A second Free does nothing.
	Free() error
}

// Memory is a place in a buffer. Offsets are multiples of 64 bytes.
type Memory struct {
	Buffer Buffer
	Offset int64
}

// Kernel is a step bound to its memory.
type Kernel interface {
	// Run appends the kernel to the run that Begin opened. It allocates nothing, does not
	// wait, and returns before the kernel has worked. What goes wrong is an error of Submit
	// or Wait; Run panics only when it is called outside a run.
	Run()
}

// Device carries out steps. It queues work: Kernel.Run and Copy return before the work is
// done, and Wait reports how it went.
//
// # Order
//
// Everything that is given to a device takes effect in the order in which it was given:
// kernels, copies, uploads and downloads, inside a run and between runs. A kernel sees
// what was uploaded before its Run, and a download sees what kernels wrote that were run
// before it. The device may overlap and reorder only what nobody can tell apart.
//
// # Runs
//
// A run is Begin, any number of Kernel.Run and Copy, Submit, Wait. One run is open or
// pending at a time. Between Begin and Submit, Upload and Download may be called too; they
// carry out what has been enqueued so far, and wait for it. Between Submit and Wait the
// run is pending. Supports, InPlace, Bytes, Scratch, NewBuffer, NewStaging, and Upload and
// Download of places in staging memory do not wait for it. Bind, Free, Close, and other
// uploads and downloads may wait until it is done; its error is kept for Wait.
//
// # Goroutines
//
// A device is used by one goroutine at a time, not always the same one, so whatever belongs
// to a thread of the system is set up in each call. What the device does on goroutines of
// its own must not need the caller to make progress.
//
// # Memory
//
// The engine owns all buffers, places tensors in them, and frees them. Arena and scratch
// memory is dirty: a kernel must not rely on what is there, must write its outputs
// completely, pads of its layout included, and must leave everything outside its outputs
// and its scratch as it was.
//
// # Errors
//
// Errors are ordinary: after one, the device works as before, unless it is a *Fault with
// Lost set. Memory that is short is an error of NewBuffer, NewStaging or Bind that changes
// nothing. A kernel that fails is a *Fault of Submit, Wait, or the Upload or Download that
// waited for it; what was enqueued after it does not run. Memory that the kernel writes
// then has undefined contents, all other memory has the contents of that moment.
//
// What a device may offer in addition is listed in capability.go: an interface each.
type Device interface {
	// Name is "cpu" or "cuda:0".
	Name() string
	// Describe says in one line what does the work: kernels in use, threads.
	Describe() string

	// Supports reports whether the device can run the step as it stands. The
	// engine asks before it fuses, groups or accumulates, and takes the plain steps if
	// the answer is no. A plain step that is not supported is a compile error.
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
	// the device. A device that works in the host's memory returns memory of the same sort.
	NewStaging(bytes int64) (Buffer, error)
	// Bind resolves a step. in and out are the places of s.In and s.Out. An output may lie
	// exactly where an input lies if InPlace has the pair; other operands do not overlap.
	// The kernel is garbage when nobody holds it: it owns no memory that needs freeing.
	Bind(s *Step, in, out []Memory, scratch Memory) (Kernel, error)
	// Upload converts from the canonical row-major form: host is []float32,
	// []float64 or []int64 of t.Elements() elements and of t's DType. What is stored as
	// bfloat16 is rounded. host may be reused when Upload returns. Another type or length is
	// an error and changes nothing.
	Upload(t *Tensor, dst Memory, host any) error
	// Download waits for what was given to the device before, and converts to the
	// canonical form.
	Download(t *Tensor, src Memory, host any) error
	// Copy copies bytes between places of buffers of any sort, without conversion: of
	// several adjacent tensors, in one go. Inside a run it is enqueued like a kernel.
	// Outside it may be enqueued too, and then a source in staging memory must stay as it
	// is until the next Wait has returned. The places do not overlap.
	Copy(dst, src Memory, bytes int64) error

	// Begin opens a run. It is an error while another is open or pending. After an error
	// no run is open.
	Begin() error
	// Submit closes the run and has it carried out. It does not wait for it. After an error
	// the run is over as after Wait.
	Submit() error
	// Wait returns when the pending run is done, with its error. Without a pending run it
	// does nothing.
	Wait() error

	// Close waits for pending work and frees what the device itself holds. Buffers are
	// their owners' to free, before or after.
	io.Closer
}
