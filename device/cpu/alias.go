package cpu

import (
	"slices"

	"github.com/euryale-ml/euryale/device"
)

var _ device.Aliaser = (*Device)(nil)

// Alias supports rows of matrices, and tensors whose elements are in the same order under
// another shape.
func (d *Device) Alias(s *device.Step) (offset int64, ok bool) {
	from, to := s.In[0], s.Out[0]
	if from.DType != to.DType || from.Storage() != to.Storage() {
		return 0, false
	}
	switch s.Kind {
	case device.Row:
		row := int64(d.floats(from)/from.Shape[0]) * from.Storage().Size()
		offset = row * int64(s.Attr.(device.RowAttr).Row)
	case device.Reshape:
		same := d.layoutOf(from) == d.layoutOf(to) && slices.Equal(from.Shape, to.Shape)
		if !same && !(d.rowMajor(from) && d.rowMajor(to)) {
			return 0, false
		}
	default:
		return 0, false
	}
	return offset, offset%64 == 0
}
