package philox

import (
	"math/rand/v2"
	"testing"
)

var _ rand.Source = (*Rand)(nil)

// The known-answer vectors published with Random123 for philox4x32-10.
func TestBlockKnownAnswers(t *testing.T) {
	for _, c := range []struct {
		key, hi, lo uint64
		want        [4]uint32
	}{
		{0, 0, 0, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{^uint64(0), ^uint64(0), ^uint64(0), [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{0x299f31d0_a4093822, 0x03707344_13198a2e, 0x85a308d3_243f6a88, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := Block(c.key, c.hi, c.lo); got != c.want {
			t.Errorf("Block(%x, %x, %x) = %x, want %x", c.key, c.hi, c.lo, got, c.want)
		}
	}
}

func TestUniformRange(t *testing.T) {
	if Uniform(0) != 0 || Uniform(^uint32(0)) >= 1 {
		t.Errorf("Uniform leaves [0, 1): %v, %v", Uniform(0), Uniform(^uint32(0)))
	}
}

func TestRandDependsOnEveryCoordinate(t *testing.T) {
	seen := map[uint64]bool{}
	for _, c := range [][]uint64{{1, 2}, {2, 1}, {1, 3}, {1}, {}} {
		v := New(7, c...).Uint64()
		if seen[v] {
			t.Errorf("coordinates %v repeat another stream", c)
		}
		seen[v] = true
	}
}
