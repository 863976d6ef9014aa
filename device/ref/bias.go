package ref

import "github.com/euryale-ml/euryale/device"

// BiasAdd computes planes i0 to i1 of y = act(x + b), x and y [N, C, P], b [C]. y may be x.
func BiasAdd[T Float](m Maps, x, b, y []T, act device.Act, i0, i1 int) {
	for i := i0; i < i1; i++ {
		v, xp, yp := b[i%m.C], plane(x, m, i), plane(y, m, i)
		for p := range xp {
			yp[p] = xp[p] + v
		}
		if act != device.None {
			Activate(act, yp, yp)
		}
	}
}

// ChannelSum computes channels c0 to c1 of sum [C] = Σ over images and pixels of
// x [N, C, P]: the gradient of a bias.
func ChannelSum[T Float](m Maps, x, sum []T, c0, c1 int) {
	for c := c0; c < c1; c++ {
		var total float64
		for n := range m.N {
			for _, v := range plane(x, m, n*m.C+c) {
				total += float64(v)
			}
		}
		sum[c] = T(total)
	}
}
