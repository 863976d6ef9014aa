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

// Buffer is a piece of a device's memory, outside the Go heap, aligned to at
// least 64 bytes and zeroed when new.
type Buffer interface {
	Bytes() int64
	Free() error
}

// Memory is a place in a buffer. Offsets are multiples of 64 bytes.
type Memory struct {
	Buffer Buffer
	Offset int64
}

// Kernel is a step bound to its memory: running it allocates nothing. On
// asynchronous devices Run enqueues. Kernels panic on impossible states only; the
// engine turns that into an error that names the step.
type Kernel interface {
	Run()
}

// Device carries out steps.
type Device interface {
	// Name is "cpu" or "cuda:0".
	Name() string
	// Describe says in one line what will do the work: kernels in use, threads.
	Describe() string
	// Threads is the number of workers.
	Threads() int

	// Supports reports whether the device can run the step as it stands. The
	// engine asks before it fuses or accumulates, and takes the plain steps if
	// the answer is no. A plain step that is not supported is a compile error.
	Supports(s *Step) bool
	// InPlace lists pairs {out, in} of operands that may share memory when the
	// input is not needed afterwards; they are stored as the same type.
	InPlace(s *Step) [][2]int
	// Bytes is the size of a tensor in the device's own layout, a multiple of 64.
	Bytes(t *Tensor) int64
	// Scratch is the working memory that the step needs while it runs. It may be
	// shared by all steps of all programs, since steps run one after the other.
	Scratch(s *Step) int64

	// NewBuffer returns zeroed memory.
	NewBuffer(bytes int64) (Buffer, error)
	// Bind resolves a step. in and out are the places of s.In and s.Out.
	Bind(s *Step, in, out []Memory, scratch Memory) (Kernel, error)
	// Upload converts from the canonical row-major form: host is []float32,
	// []float64 or []int64 of t.Elements() elements and of t's DType. What is stored as
	// bfloat16 is rounded.
	Upload(t *Tensor, dst Memory, host any) error
	// Download converts to the canonical form and waits for pending work.
	Download(t *Tensor, src Memory, host any) error
	// Copy copies bytes between places, without conversion.
	Copy(dst, src Memory, bytes int64) error

	// Begin is called before the kernels of one run, End after them: workers spin
	// in between. End waits for everything enqueued and returns its error.
	Begin()
	End() error

	io.Closer
}
