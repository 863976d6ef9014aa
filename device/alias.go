package device

// Aliaser is a Device that can use a part of a tensor, or a tensor under another shape,
// without a copy. The engine then drops the step.
type Aliaser interface {
	// Alias returns the offset of the result of s in its first operand's memory, in bytes, a
	// multiple of 64. ok is false if the step has to run, because the two differ in layout.
	Alias(s *Step) (offset int64, ok bool)
}
