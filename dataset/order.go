package dataset

import (
	"math/bits"
	"math/rand/v2"

	"github.com/euryale-ml/euryale/internal/philox"
)

// below draws from 0 … n−1. Its bias, n/2⁶⁴, is far below notice.
func below(source rand.Source, n int) int {
	high, _ := bits.Mul64(source.Uint64(), uint64(n))
	return int(high)
}

// order is the sequence of indices that a loader's rank goes through in an
// epoch. Positions are dealt to the ranks in turn; in training the short hands
// are filled up from the start, so that all ranks take the same steps.
func (l *Loader) order(epoch int) []int {
	n := l.n
	var whole []int
	if l.config.Shuffle {
		whole = permutation(n, philox.New(l.config.Seed, philox.Stream("shuffle"), uint64(epoch)))
	} else {
		whole = make([]int, n)
		for i := range whole {
			whole[i] = i
		}
	}
	mine := make([]int, 0, l.share())
	for i := range l.share() {
		mine = append(mine, whole[(l.config.Rank+i*l.config.Size)%n])
	}
	return mine
}

// share is the number of images that this rank takes an epoch.
func (l *Loader) share() int {
	n, size := l.n, l.config.Size
	if l.config.Train {
		return (n + size - 1) / size
	}
	return (n - l.config.Rank + size - 1) / size
}

// permutation shuffles 0 … n−1 (Fisher and Yates). It is written out so that
// orders stay the same whatever the standard library does.
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
