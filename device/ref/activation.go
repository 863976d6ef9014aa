package ref

import (
	"fmt"
	"math"

	"github.com/euryale-ml/euryale/device"
)

// function is an activation function (value) and its derivative (slope).
type function struct{ value, slope func(x float64) float64 }

// functions are the activation functions that are computed in float64 for both element
// types. ReLU is not among them, since it is exact in either.
var functions = map[device.Act]function{
	device.SiLU: {
		value: func(x float64) float64 { return x * sigmoid(x) },
		slope: func(x float64) float64 { return sigmoid(x) * (1 + x*sigmoid(-x)) },
	},
	device.GELU: {
		value: func(x float64) float64 { return x * normal(x) },
		slope: func(x float64) float64 { return normal(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi) },
	},
	device.GELUTanh: { // ½·(1 + tanh(z/2)) is σ(z)
		value: func(x float64) float64 { return x * sigmoid(tanhFactor*(x+tanhCube*x*x*x)) },
		slope: func(x float64) float64 {
			z := tanhFactor * (x + tanhCube*x*x*x)
			return sigmoid(z) * (1 + x*sigmoid(-z)*tanhFactor*(1+3*tanhCube*x*x))
		},
	},
}

// Constants of GELU's approximation.
const (
	tanhFactor = 2 * math.Sqrt2 / (math.SqrtPi)
	tanhCube   = 0.044715
)

// normal is the standard normal distribution function.
func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// functionOf is the entry of functions for an activation; it panics if there is none.
func functionOf(act device.Act) function {
	f, ok := functions[act]
	if !ok {
		panic(fmt.Sprintf("ref: no activation function %v", act))
	}
	return f
}

// Activate computes y = act(x). NaN stays NaN. y may be x.
func Activate[T Float](act device.Act, x, y []T) {
	switch act {
	case device.None:
		copy(y, x)
	case device.ReLU:
		for i, v := range x {
			if v < 0 {
				v = 0
			}
			y[i] = v
		}
	default:
		f := functionOf(act)
		for i, v := range x {
			y[i] = T(f.value(float64(v)))
		}
	}
}

// ActivateGrad computes dx = dy·act'(x). v is y = act(x) if act.GradOfOutput, else x.
// dx may be dy.
func ActivateGrad[T Float](act device.Act, v, dy, dx []T) {
	switch act {
	case device.None:
		copy(dx, dy)
	case device.ReLU:
		for i, y := range v {
			if y > 0 {
				dx[i] = dy[i]
			} else {
				dx[i] = 0
			}
		}
	default:
		f := functionOf(act)
		for i, x := range v {
			dx[i] = T(float64(dy[i]) * f.slope(float64(x)))
		}
	}
}

// Add computes z = act(x + y). z may be x or y.
func Add[T Float](x, y, z []T, act device.Act) {
	for i, v := range x {
		z[i] = v + y[i]
	}
	if act != device.None {
		Activate(act, z, z)
	}
}

// Scale computes y = s·x. y may be x.
func Scale[T Float](x []T, s T, y []T) {
	for i, v := range x {
		y[i] = s * v
	}
}
