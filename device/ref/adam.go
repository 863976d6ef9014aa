package ref

import (
	"math"

	"github.com/euryale-ml/euryale/device"
)

// Lerp computes x + weight·(y - x). out may be x.
func Lerp[T Float](weight float64, x, y, out []T) {
	w := T(weight)
	for i := range x {
		out[i] = x[i] + T(w*(y[i]-x[i]))
	}
}

// SquareLerp computes (1-weight)·x + weight·y². out may be x.
func SquareLerp[T Float](weight float64, x, y, out []T) {
	keep, take := T(1-weight), T(weight)
	for i := range x {
		out[i] = T(keep*x[i]) + T(T(take*y[i])*y[i])
	}
}

// AdamFactors are the constants of AdamWeight at a learning rate and a step number, from 1:
// keep = 1 - lr·WeightDecay multiplies the weight, size = lr/(1-Beta1^step) is the step size,
// and root = √(1-Beta2^step) corrects the second moment's bias.
func AdamFactors(a device.AdamAttr, lr, step float64) (keep, size, root float64) {
	return 1 - lr*a.WeightDecay, lr / (1 - math.Pow(a.Beta1, step)), math.Sqrt(1 - math.Pow(a.Beta2, step))
}

// AdamWeight computes the parameter after a step of AdamW, as torch.optim.AdamW does.
// out may be w.
func AdamWeight[T Float](a device.AdamAttr, w, m, v []T, lr, step T, out []T) {
	k, s, r := AdamFactors(a, float64(lr), float64(step))
	keep, size, root, eps := T(k), T(s), T(r), T(a.Eps)
	for i := range w {
		denominator := T(T(math.Sqrt(float64(v[i])))/root) + eps
		out[i] = T(keep*w[i]) - T(size*T(m[i]/denominator))
	}
}

// LionWeight computes the parameter after a step of Lion. The sign of 0 is 0, that of NaN is
// NaN. out may be w.
func LionWeight[T Float](a device.LionAttr, w, m, g []T, lr T, out []T) {
	keep := T(1 - float64(lr)*a.WeightDecay)
	old, fresh := T(a.Beta1), T(1-a.Beta1)
	m, g, out = m[:len(w)], g[:len(w)], out[:len(w)]
	for i, v := range w {
		c := T(old*m[i]) + T(fresh*g[i])
		var up, down int32 // without branches, since random signs cannot be predicted
		if c > 0 {
			up = 1
		}
		if c < 0 {
			down = 1
		}
		sign := T(up - down)
		if c != c {
			sign = c
		}
		out[i] = T(keep*v) - T(lr*sign)
	}
}

// sumPiece is the number of elements of a partial sum.
const sumPiece = 1 << 14

// SumPieces is the number of partial sums of n elements.
func SumPieces(n int) int { return (n + sumPiece - 1) / sumPiece }

// SumSquaresPiece is partial sum number piece, from 0, of the squares, summed in order.
func SumSquaresPiece[T Float](x []T, piece int) float64 {
	sum := 0.0
	for _, v := range x[piece*sumPiece : min(len(x), (piece+1)*sumPiece)] {
		sum += float64(float64(v) * float64(v))
	}
	return sum
}

// SumSquares is the sum of the squares of all elements: the pieces of each operand are
// added in order, and then the operands.
func SumSquares[T Float](xs ...[]T) T {
	total := 0.0
	for _, x := range xs {
		sum := 0.0
		for piece := range SumPieces(len(x)) {
			sum += SumSquaresPiece(x, piece)
		}
		total += sum
	}
	return T(total)
}

func runAdam[T Float](a operands[T]) bool {
	switch a.Kind {
	case device.Lerp:
		Lerp(a.Attr.(device.LerpAttr).Weight, a.in[0], a.in[1], a.out[0])
	case device.SquareLerp:
		SquareLerp(a.Attr.(device.LerpAttr).Weight, a.in[0], a.in[1], a.out[0])
	case device.AdamWeight:
		AdamWeight(a.Attr.(device.AdamAttr), a.in[0], a.in[1], a.in[2], a.in[3][0], a.in[4][0], a.out[0])
	case device.LionWeight:
		LionWeight(a.Attr.(device.LionAttr), a.in[0], a.in[1], a.in[2], a.in[3][0], a.out[0])
	case device.SumSquares:
		a.out[0][0] = SumSquares(a.in...)
	default:
		return false
	}
	return true
}
