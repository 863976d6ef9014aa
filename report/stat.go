package report

import "math"

// Stat is the statistics of one value over several runs.
type Stat struct {
	N        int
	Mean, SD float64 // SD is that of a sample, 0 for one value
	Values   []float64
}

// newStat returns the statistics of the finite values.
func newStat(values []float64) Stat {
	var s Stat
	for _, v := range values {
		if finite(v) {
			s.Values = append(s.Values, v)
			s.Mean += v
		}
	}
	if s.N = len(s.Values); s.N == 0 {
		return s
	}
	s.Mean /= float64(s.N)
	if s.N == 1 {
		return s
	}
	sum := 0.0
	for _, v := range s.Values {
		sum += (v - s.Mean) * (v - s.Mean)
	}
	s.SD = math.Sqrt(sum / float64(s.N-1))
	return s
}

// pooled returns the pooled standard deviation of several samples, and its degrees of
// freedom.
func pooled(stats ...Stat) (sd float64, freedom int) {
	sum := 0.0
	for _, s := range stats {
		if s.N > 1 {
			sum += s.SD * s.SD * float64(s.N-1)
			freedom += s.N - 1
		}
	}
	if freedom == 0 {
		return 0, 0
	}
	return math.Sqrt(sum / float64(freedom)), freedom
}

// binomial is the variance of a share p of n images.
func binomial(p float64, n int) float64 { return max(0, p*(1-p)) / float64(max(1, n)) }

// Verdict classifies a difference by its significance.
type Verdict int

// Verdicts.
const (
	None   Verdict = iota // within one standard deviation
	Unsure                // within two
	Sure                  // more
)

// verdict classifies a difference of z standard deviations.
func verdict(z float64) Verdict {
	switch z = math.Abs(z); {
	case z <= 1:
		return None
	case z <= 2:
		return Unsure
	}
	return Sure
}

// byLuck is the probability of a difference of z standard deviations or more by chance (the
// two-sided p-value).
func byLuck(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }

// Comparison is two experiments on the same test images.
type Comparison struct {
	A, B       *Experiment // A has the greater accuracy
	Difference float64     // of the best accuracies, 0 or more
	Binomial   float64     // binomial standard deviation of the difference, from the number of images
	Seed       float64     // standard deviation between seeds; 0: no experiment has several
	Borrowed   bool        // Seed is that of other experiments
	Z          float64     // Difference in the larger of the two
	Verdict    Verdict
}

// compare compares two evaluated experiments. usual is the standard deviation between the
// seeds of all experiments, used for experiments with one seed.
func compare(a, b *Experiment, usual float64) Comparison {
	if b.Best.Mean > a.Best.Mean {
		a, b = b, a
	}
	c := Comparison{A: a, B: b}
	c.Difference, c.Binomial = a.Best.Mean-b.Best.Mean, deviation(a.Best, b.Best, a.images(), b.images())
	var freedom int
	if c.Seed, freedom = pooled(a.Best, b.Best); freedom == 0 && usual > 0 {
		c.Seed, c.Borrowed = usual, true
	}
	c.Z = inDeviations(c.Difference, max(c.Binomial, c.Seed))
	c.Verdict = verdict(c.Z)
	return c
}

// last is the difference by the accuracy of the last epoch, in standard deviations, with its
// sign.
func (c Comparison) last() (z float64) {
	a, b := c.A, c.B
	seed, freedom := pooled(a.Last, b.Last)
	if freedom == 0 && c.Borrowed {
		seed = c.Seed
	}
	return inDeviations(a.Last.Mean-b.Last.Mean, max(deviation(a.Last, b.Last, a.images(), b.images()), seed))
}

func deviation(a, b Stat, n, m int) float64 {
	return math.Sqrt(binomial(a.Mean, n) + binomial(b.Mean, m))
}

// inDeviations is a difference in standard deviations: infinite if the standard deviation is
// 0 and the difference is not.
func inDeviations(difference, sd float64) float64 {
	if sd > 0 {
		return difference / sd
	}
	if difference == 0 {
		return 0
	}
	return math.Copysign(math.Inf(1), difference)
}
