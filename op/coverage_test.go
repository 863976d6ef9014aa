package op_test

import (
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/op"
)

// TestEveryGradientIsChecked names a kind that no gradient check computes, forward or
// backward, and an activation of which that is so.
func TestEveryGradientIsChecked(t *testing.T) {
	kinds, acts := map[device.Kind]bool{}, map[device.ActAttr]bool{}
	for _, family := range gradientFamilies() {
		for _, c := range family {
			for _, n := range gradientNodes(t, c) {
				if o, ok := n.Op().(op.Operator); ok {
					kinds[o.Kind()] = true
					if a, ok := o.Attr().(device.ActAttr); ok && o.Kind() == device.ActivateGrad {
						acts[a] = true
					}
				}
			}
		}
	}
	for k := range device.Kinds() {
		if k.Gradient() && !kinds[k] {
			t.Errorf("no gradient check reaches %v", k)
		}
	}
	for act := range device.Acts() {
		if !acts[device.ActAttr{Act: act}] {
			t.Errorf("no gradient check reaches the activation %v", act)
		}
	}
}

// gradientNodes are those of a case's graph and its gradients.
func gradientNodes(t *testing.T, c gradientCase) gorgonia.Nodes {
	t.Helper()
	g := gorgonia.NewGraph()
	in := make(gorgonia.Nodes, len(c.inputs))
	var wrt gorgonia.Nodes
	for i, input := range c.inputs {
		in[i] = input.Node(g, tensor.Float64)
		if input.Differentiable() {
			wrt = append(wrt, in[i])
		}
	}
	y, err := c.build(g, in)
	if err != nil {
		t.Fatal(err)
	}
	loss, err := optest.Weigh(y, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gorgonia.Grad(loss, wrt...); err != nil {
		t.Fatal(err)
	}
	return g.AllNodes()
}
