package ref

import "math"

// Target is the target of logits [n, k] in a loss: labels [n], or probabilities
// [n, k] if Labels is nil. With smoothing ε both become (1-ε)·target + ε/k.
type Target[T Float] struct {
	Labels        []int64
	Probabilities []T
	Smoothing     float64
}

// at is the smoothed target probability of class j in row i.
func (t Target[T]) at(i, j, k int) float64 {
	var p float64
	if t.Labels == nil {
		p = float64(t.Probabilities[i*k+j])
	} else if t.Labels[i] == int64(j) {
		p = 1
	}
	return (1-t.Smoothing)*p + t.Smoothing/float64(k)
}

// BadLabel is the index of the first label outside [0, k), or -1.
func (t Target[T]) BadLabel(k int) int {
	for i, l := range t.Labels {
		if l < 0 || l >= int64(k) {
			return i
		}
	}
	return -1
}

// Softmax computes rows r0 to r1 of y [n, k] from logits [n, k]. y may be logits.
func Softmax[T Float](k int, logits, y []T, r0, r1 int) {
	for r := r0; r < r1; r++ {
		z, out := logits[r*k:(r+1)*k], y[r*k:(r+1)*k]
		peak, sum := sumExp(z)
		for j, v := range z {
			out[j] = T(math.Exp(float64(v)-peak) / sum)
		}
	}
}

// sumExp is the maximum of z and Σ exp(z - maximum); NaN if an element is NaN.
func sumExp[T Float](z []T) (peak, sum float64) {
	peak = math.Inf(-1)
	for _, v := range z {
		peak = math.Max(peak, float64(v))
	}
	for _, v := range z {
		sum += math.Exp(float64(v) - peak)
	}
	return peak, sum
}

// SoftmaxCrossEntropy is the mean over the n rows of -Σ target·log softmax(logits).
// A label outside [0, k) makes it NaN.
func SoftmaxCrossEntropy[T Float](n, k int, logits []T, target Target[T]) T {
	if target.BadLabel(k) >= 0 {
		return T(math.NaN())
	}
	var loss float64
	for i := range n {
		z := logits[i*k : (i+1)*k]
		peak, sum := sumExp(z)
		logSum := peak + math.Log(sum)
		if target.Labels != nil && target.Smoothing == 0 {
			loss += logSum - float64(z[target.Labels[i]])
			continue
		}
		for j, v := range z {
			loss += target.at(i, j, k) * (logSum - float64(v))
		}
	}
	return T(loss / float64(n))
}

// SoftmaxCrossEntropyGrad computes rows r0 to r1 of dlogits [n, k] =
// (softmax·Σtarget - target)·dloss/n. A row whose label lies outside [0, k)
// becomes NaN.
func SoftmaxCrossEntropyGrad[T Float](n, k int, logits []T, target Target[T], dloss T, dlogits []T, r0, r1 int) {
	scale := float64(dloss) / float64(n)
	for i := r0; i < r1; i++ {
		z, out := logits[i*k:(i+1)*k], dlogits[i*k:(i+1)*k]
		if target.Labels != nil && (target.Labels[i] < 0 || target.Labels[i] >= int64(k)) {
			for j := range out {
				out[j] = T(math.NaN())
			}
			continue
		}
		mass := 1.0
		if target.Labels == nil {
			mass = 0
			for j := range z {
				mass += target.at(i, j, k)
			}
		}
		peak, sum := sumExp(z)
		for j, v := range z {
			out[j] = T((math.Exp(float64(v)-peak)/sum*mass - target.at(i, j, k)) * scale)
		}
	}
}

// ArgMax computes rows r0 to r1 of class [n]: the index of the first maximum of
// each row of x [n, k], or of its first NaN, as torch.argmax.
func ArgMax[T Float](k int, x []T, class []int64, r0, r1 int) {
	for r := r0; r < r1; r++ {
		row, best := x[r*k:(r+1)*k], 0
		for j, v := range row {
			if v > row[best] || v != v {
				best = j
			}
			if v != v {
				break
			}
		}
		class[r] = int64(best)
	}
}
