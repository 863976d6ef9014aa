package devicetest

import (
	"fmt"
	"testing"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/ref"
)

// TestEveryKindHasACaseAndAReference names a kind that the device suite does not try, or
// that device/ref has no kernel for, and an activation of which that is so.
func TestEveryKindHasACaseAndAReference(t *testing.T) {
	kinds := map[device.Kind]bool{}
	type activated struct {
		kind device.Kind
		act  device.Act
	}
	acts := map[activated]bool{}
	for _, family := range families() {
		for _, c := range family {
			act := device.None
			switch a := c.attr.(type) {
			case device.Activated:
				act = a.Activation()
			case device.ActAttr:
				act = a.Act
			}
			seen := activated{c.kind, act}
			if kinds[c.kind] && acts[seen] {
				continue
			}
			kinds[c.kind], acts[seen] = true, true
			if err := c.reference(); err != nil {
				t.Errorf("%v with the activation %v: %v", c.kind, act, err)
			}
		}
	}
	for k := range device.Kinds() {
		if k == device.Host {
			continue // the engine's own
		}
		if !kinds[k] {
			t.Errorf("the device suite has no case of %v", k)
		}
		_, gradient := k.Attr().(device.BatchNormAttr)
		_, alone := k.Attr().(device.ActAttr)
		for act := range device.Acts() {
			if (k.Activates() || gradient || alone) && !acts[activated{k, act}] {
				t.Errorf("the device suite has no case of %v with %v", k, act)
			}
		}
	}
}

// reference runs the case in device/ref alone.
func (c testCase) reference() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	s := c.step()
	var in, out []any
	for i := range s.In {
		in = append(in, c.in[i].values(uint64(i+1)))
	}
	for _, x := range s.Out {
		if x.DType == device.Int64 {
			out = append(out, make([]int64, x.Elements()))
		} else {
			out = append(out, make([]float64, x.Elements()))
		}
	}
	return ref.Run(s, in, out)
}

// TestActivationsAreZeroAtZero is what keeps the padding of layouts zero, in float64 and
// with a negative zero too.
func TestActivationsAreZeroAtZero(t *testing.T) {
	for act := range device.Acts() {
		y := []float64{1, 1}
		ref.Activate(act, []float64{0, -1 / inf}, y)
		if y[0] != 0 || y[1] != 0 {
			t.Errorf("%v of 0 and -0 is %v", act, y)
		}
	}
}

var inf = func() float64 { zero := 0.0; return 1 / zero }()
