package nn

// pair returns {height, width} of an attribute: rectangle if it is set, else value for
// both. Setting both is an error of m.
func pair(s *Scope, m Module, name string, value int, rectangle [2]int) [2]int {
	if rectangle == [2]int{} {
		return [2]int{value, value}
	}
	if value != 0 {
		s.Errorf(m, ErrModule, "%s %d and %sHW %v: want one of them", name, value, name, rectangle)
	}
	return rectangle
}
