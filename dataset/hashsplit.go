package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
)

// share is where an image falls between 0 and 1, by its name below the folder of
// the classes, with forward slashes, such as "cat/1.jpg", and a seed. In Python:
// (int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big") >> 11) / 2**53.
func share(seed uint64, name string) float64 {
	h := sha256.Sum256(fmt.Appendf(nil, "%d/%s", seed, name))
	return math.Ldexp(float64(binary.BigEndian.Uint64(h[:8])>>11), -53)
}

// splitByHash parts the images of a class, those below dir: an image whose share
// is less than fraction tests. What becomes of an image does not depend on the
// others, so that added and removed ones move none, with one exception: each part
// needs an image. If no image of the class falls to the test part, the one with the
// smallest share does, and likewise the one with the largest for training. That is
// rare but in small classes: of 20 images with a fraction of 0.2, one class in 90.
func splitByHash(dir string, paths []string, fraction float64, seed uint64) (train, test []string) {
	shares := make([]float64, len(paths))
	for i, p := range paths {
		shares[i] = share(seed, nameBelow(dir, p))
	}
	var least, most int // the images with the smallest and the largest share
	for i, s := range shares {
		if s < shares[least] {
			least = i
		}
		if s >= shares[most] { // not the same image
			most = i
		}
	}
	for i, p := range paths {
		if (shares[i] < fraction || i == least) && i != most {
			test = append(test, p)
		} else {
			train = append(train, p)
		}
	}
	return train, test
}
