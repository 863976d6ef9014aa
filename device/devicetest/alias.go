package devicetest

import (
	"testing"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/ref"
)

// alias checks that a step's result is at the place in its operand that Aliaser.Alias returns.
func (c testCase) alias(t *testing.T, dev device.Device, s *device.Step) {
	t.Helper()
	aliaser, ok := dev.(device.Aliaser)
	if !ok {
		return
	}
	offset, ok := aliaser.Alias(s)
	if !ok {
		return
	}
	if offset < 0 || offset%64 != 0 || offset+dev.Bytes(s.Out[0]) > dev.Bytes(s.In[0]) {
		t.Fatalf("an alias of %d bytes at %d of %d", dev.Bytes(s.Out[0]), offset, dev.Bytes(s.In[0]))
	}
	m := place(t, dev, s.In[0])
	host := c.in[0].values(1)
	upload(t, dev, s.In[0], m, host)
	want := make([]float64, s.Out[0].Elements())
	if err := ref.Run(s, []any{host}, []any{want}); err != nil {
		t.Fatal(err)
	}
	m.Offset += offset
	c.check(t, dev, s, s.Out[0], m, want, "alias")
}
