package dataset

import (
	"math/bits"
	"math/rand/v2"

	"github.com/euryale-ml/euryale/internal/philox"
)

// below draws from 0 … n−1. Its bias, n/2⁶⁴, is negligible.
func below(source rand.Source, n int) int {
	high, _ := bits.Mul64(source.Uint64(), uint64(n))
	return int(high)
}

// order is the sequence of indices of a loader's rank in an epoch. Positions are
// distributed to the ranks in turn; in training ranks with fewer images get some from the
// start again, so that all ranks make the same number of steps.
func (l *Loader) order(epoch int) []int {
	n := l.n
	var all []int
	if l.config.Shuffle {
		all = permutation(n, philox.New(l.config.Seed, philox.Stream("shuffle"), uint64(epoch)))
	} else {
		all = make([]int, n)
		for i := range all {
			all[i] = i
		}
	}
	mine := make([]int, 0, l.share())
	for i := range l.share() {
		mine = append(mine, all[(l.config.Rank+i*l.config.Size)%n])
	}
	return mine
}

// share is the number of images of this rank in an epoch.
func (l *Loader) share() int {
	n, size := l.n, l.config.Size
	if l.config.Train {
		return (n + size - 1) / size
	}
	return (n - l.config.Rank + size - 1) / size
}

// permutation shuffles 0 … n−1 (Fisher and Yates). It is written out so that
// orders do not depend on the version of the standard library.
func permutation(n int, source rand.Source) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := below(source, i+1)
		p[i], p[j] = p[j], p[i]
	}
	return p
}
