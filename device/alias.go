package device

// Aliaser is a Device that can use a part of a tensor where it lies, or a tensor under
// another shape, without a copy. The engine then leaves the step out.
type Aliaser interface {
	// Alias returns where the result of s lies within its first operand's memory, in bytes
	// from the start: a multiple of 64. ok is false if the step has to run, because the two
	// differ in layout.
	Alias(s *Step) (offset int64, ok bool)
}
