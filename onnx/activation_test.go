package onnx

import (
	"testing"

	"github.com/euryale-ml/euryale/device"
)

// TestEveryActivationIsExported names an activation that export does not know.
func TestEveryActivationIsExported(t *testing.T) {
	for act := range device.Acts() {
		c := &converter{}
		if err := c.activation(act, []string{"x"}, "y"); err != nil || len(c.nodes) == 0 {
			t.Errorf("%v: %d nodes, %v", act, len(c.nodes), err)
		}
	}
}
