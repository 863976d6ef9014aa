// Package philox is the counter-based generator Philox4x32-10 (Salmon, Moraes,
// Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011). A number
// is a pure function of its seed and counter, so results do not depend on the
// order or the number of threads in which they are drawn.
package philox

import "math/bits"

// Block returns four 32-bit numbers for a 64-bit key and a 128-bit counter.
func Block(key, hi, lo uint64) [4]uint32 {
	k0, k1 := uint32(key), uint32(key>>32)
	c := [4]uint32{uint32(lo), uint32(lo >> 32), uint32(hi), uint32(hi >> 32)}
	for range 10 {
		h0, l0 := bits.Mul32(0xD2511F53, c[0])
		h1, l1 := bits.Mul32(0xCD9E8D57, c[2])
		c = [4]uint32{h1 ^ c[1] ^ k0, l1, h0 ^ c[3] ^ k1, l0}
		k0 += 0x9E3779B9
		k1 += 0xBB67AE85
	}
	return c
}

// Stream hashes a name (FNV-1a, 64 bits) to keep streams of one seed apart.
func Stream(name string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(name); i++ {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return h
}

// Key mixes a seed, a step and a stream into one key.
func Key(seed, step, stream uint64) uint64 {
	b := Block(seed, step, stream)
	return uint64(b[0]) | uint64(b[1])<<32
}

// Uniform maps 32 random bits to [0, 1) in steps of 2⁻²⁴.
func Uniform(u uint32) float32 { return float32(u>>8) * (1.0 / (1 << 24)) }

// Float32 is element i of the uniform sequence of a key: word i%4 of block i/4.
func Float32(key, i uint64) float32 { return Uniform(Block(key, 0, i/4)[i%4]) }

// Rand is a sequential generator over one key: a math/rand/v2 Source.
type Rand struct {
	key, n uint64
	block  [4]uint32
}

// New returns the generator for a seed and a list of coordinates, such as an
// epoch and a sample's index.
func New(seed uint64, coordinates ...uint64) *Rand {
	for _, c := range coordinates {
		seed = Key(seed, c, 0x9E3779B97F4A7C15)
	}
	return &Rand{key: seed}
}

// Uint64 returns the next 64 random bits.
func (r *Rand) Uint64() uint64 {
	half := r.n % 2
	if half == 0 {
		r.block = Block(r.key, 0, r.n/2)
	}
	r.n++
	return uint64(r.block[2*half]) | uint64(r.block[2*half+1])<<32
}
