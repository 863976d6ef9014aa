package metrics

// EpochMean is the mean of a training value over the images of an epoch, from its means
// over the images of each step. The zero value is ready.
type EpochMean struct {
	weighted  Mean
	plain     Mean
	unweighed bool // the images of some step are not known
}

// Add takes in the value of a step and its number of images. Where that is 0, which stands
// for not known, all steps count alike. A value that is not finite does not count.
func (m *EpochMean) Add(value float64, images int) {
	if !Finite(value) {
		return
	}
	m.unweighed = m.unweighed || images <= 0
	m.weighted.Add(value, float64(max(0, images)))
	m.plain.Add(value, 1)
}

// Value is the mean, NaN before the first value.
func (m *EpochMean) Value() float64 {
	if m.unweighed {
		return m.plain.Value()
	}
	return m.weighted.Value()
}
