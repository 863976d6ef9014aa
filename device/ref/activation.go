package ref

// ReLU computes y = max(0, x). NaN stays NaN. y may be x.
func ReLU[T Float](x, y []T) {
	for i, v := range x {
		if v < 0 {
			v = 0
		}
		y[i] = v
	}
}

// ReLUGrad computes dx = dy where y > 0, else 0. dx may be dy.
func ReLUGrad[T Float](y, dy, dx []T) {
	for i, v := range y {
		if v > 0 {
			dx[i] = dy[i]
		} else {
			dx[i] = 0
		}
	}
}

// Add computes z = x + y; with relu, z = max(0, x + y). z may be x or y.
func Add[T Float](x, y, z []T, relu bool) {
	for i, v := range x {
		z[i] = v + y[i]
	}
	if relu {
		ReLU(z, z)
	}
}

// Scale computes y = s·x. y may be x.
func Scale[T Float](x []T, s T, y []T) {
	for i, v := range x {
		y[i] = s * v
	}
}
