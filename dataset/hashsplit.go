package dataset

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"slices"
)

// share is a pseudo-random number in [0, 1) from a seed and an image's name below the folder
// of the classes, with forward slashes, such as "cat/1.jpg". In Python:
// (int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big") >> 11) / 2**53.
func share(seed uint64, name string) float64 {
	h := sha256.Sum256(fmt.Appendf(nil, "%d/%s", seed, name))
	return math.Ldexp(float64(binary.BigEndian.Uint64(h[:8])>>11), -53)
}

// splitByHash splits the images of a class, those below dir: an image whose share
// is less than fraction tests. Since this does not depend on the other images, adding
// or removing images moves none, with one exception: each part needs an image. If none of the first few images falls to the test part, the one
// with the smallest share does, and likewise for training. The first few are those
// whose names are shortest, in byte order: images that come later, with greater
// numbers or longer names, leave this choice as it is. A class that is large enough to
// have both parts anyhow has no exception, so that names may come in any order.
func splitByHash(dir string, paths []string, fraction float64, seed uint64) (train, test []string) {
	type image struct {
		path  string
		share float64
		tests bool
	}
	all := make([]*image, len(paths))
	for i, p := range paths {
		s := share(seed, nameBelow(dir, p))
		all[i] = &image{p, s, s < fraction}
	}
	first := slices.SortedFunc(slices.Values(all), func(a, b *image) int {
		return cmp.Or(cmp.Compare(len(a.path), len(b.path)), cmp.Compare(filepath.ToSlash(a.path), filepath.ToSlash(b.path)))
	})
	few := firstImages(fraction)
	if len(all) >= max(largeClass, 40*few) { // (1 - 1/few) to the power of 40·few is e⁻⁴⁰
		few = 0
	}
	first = first[:min(len(first), few)]
	tests := func(i *image) bool { return i.tests }
	trains := func(i *image) bool { return !i.tests }
	byShare := func(a, b *image) int { return cmp.Compare(a.share, b.share) }
	if len(first) > 1 && !slices.ContainsFunc(first, tests) {
		slices.MinFunc(first, byShare).tests = true
	} else if len(first) > 1 && !slices.ContainsFunc(first, trains) {
		slices.MaxFunc(first, byShare).tests = false
	}
	for _, i := range all {
		if i.tests {
			test = append(test, i.path)
		} else {
			train = append(train, i.path)
		}
	}
	return train, test
}

// largeClass is the number of images from which a class needs no exception.
const largeClass = 1000

// firstImages is the number of images of a class that decide whether one of them must
// change its part: so few that images added to a small class come after them, and so many
// that a choice is seldom needed.
func firstImages(fraction float64) int {
	return max(2, int(math.Ceil(math.Min(1/min(fraction, 1-fraction), 1e6))))
}
