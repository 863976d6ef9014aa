package ref

import "github.com/euryale-ml/euryale/device"

// The updates follow torch.optim.SGD with dampening 0. Products are rounded
// before they are added (the conversions forbid fusing), so that a fused update
// has the same bits as its parts on every processor.

// SGDVelocity computes v' = Momentum·v + g + WeightDecay·w. out may be v.
func SGDVelocity[T Float](a device.SGDAttr, v, g, w, out []T) {
	momentum, decay := T(a.Momentum), T(a.WeightDecay)
	for i := range v {
		out[i] = T(momentum*v[i]) + T(g[i]+T(decay*w[i]))
	}
}

// SGDWeight computes w' from the new velocity v: w' = w - lr·v, or with Nesterov
// w' = w - lr·(g + WeightDecay·w + Momentum·v). Without momentum v is the
// gradient: w' = w - lr·(v + WeightDecay·w). g is nil unless Nesterov. out may be w.
func SGDWeight[T Float](a device.SGDAttr, w, v []T, lr T, g, out []T) {
	momentum, decay := T(a.Momentum), T(a.WeightDecay)
	switch {
	case a.Momentum == 0:
		for i := range w {
			out[i] = w[i] - T(lr*(v[i]+T(decay*w[i])))
		}
	case a.Nesterov:
		for i := range w {
			out[i] = w[i] - T(lr*(T(g[i]+T(decay*w[i]))+T(momentum*v[i])))
		}
	default:
		for i := range w {
			out[i] = w[i] - T(lr*v[i])
		}
	}
}

// SGD updates w and v in place with the gradient g: SGDVelocity, then SGDWeight.
// v is nil without momentum.
func SGD[T Float](a device.SGDAttr, w, v, g []T, lr T) {
	if a.Momentum == 0 {
		SGDWeight(a, w, g, lr, nil, w)
		return
	}
	SGDVelocity(a, v, g, w, v)
	SGDWeight(a, w, v, lr, g, w)
}
