package engine

import "errors"

var (
	// ErrGraph is wrapped by errors about graphs that cannot be compiled.
	ErrGraph = errors.New("the graph cannot be compiled")
	// ErrValue is wrapped by errors about host values of another shape or type.
	ErrValue = errors.New("the value does not fit")
	// ErrSlot is wrapped by errors about slots that are unknown or named twice.
	ErrSlot = errors.New("no such slot")
	// ErrRun is wrapped by errors of a step that failed while running; the error is a
	// *device.Fault too where the device can name the step: use errors.As.
	ErrRun = errors.New("the step failed")
	// ErrBroken is wrapped by errors about slots whose value is undefined because a run that
	// assigns them failed. They are usable again after Write, or after a run that assigns them
	// without reading them.
	ErrBroken = errors.New("the slot has no value since a step failed")
	// ErrMemory is wrapped by errors about memory that a device does not have. Programs and
	// slots made before remain usable.
	ErrMemory = errors.New("out of memory")
	// ErrClosed is returned by programs and states after Close.
	ErrClosed = errors.New("closed")
)
