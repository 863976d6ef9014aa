package trainer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/run"
)

// splitNames is the largest number of images of all sets for which a split lists their names.
const splitNames = 20_000

// NewSplit describes the images of the sets of a run; final may be nil. It reads no image.
func NewSplit(train, test, final dataset.Dataset) *run.Split {
	s := &run.Split{Format: run.SplitFormat, Classes: train.Classes()}
	all := train.Len() + test.Len()
	if final != nil {
		all += final.Len()
	}
	for _, of := range []struct {
		part string
		set  dataset.Dataset
	}{{run.TrainingPart, train}, {run.TestPart, test}, {run.FinalPart, final}} {
		if of.set != nil {
			s.Parts = append(s.Parts, newSplitPart(of.part, of.set, len(s.Classes), all <= splitNames))
		}
	}
	return s
}

func newSplitPart(part string, set dataset.Dataset, classes int, named bool) run.SplitPart {
	p := run.SplitPart{Part: part, Images: set.Len()}
	if v, ok := set.(dataset.Versioned); ok {
		p.Version = v.Version()
	}
	listed, ok := set.(dataset.Listed)
	if !ok {
		return p
	}
	names := set.Classes()
	order, hashes := sha256.New(), make([]io.Writer, classes)
	sums := make([]func(b []byte) []byte, classes)
	for i := range classes {
		h := sha256.New()
		hashes[i], sums[i] = h, h.Sum
	}
	p.PerClass = make([]run.SplitClass, classes)
	for i := range set.Len() {
		name, label := listed.Image(i)
		if label < 0 || label >= classes {
			continue // an error when the image is used
		}
		fmt.Fprintf(order, "%q %q\n", names[label], name)
		fmt.Fprintf(hashes[label], "%q\n", name)
		c := &p.PerClass[label]
		if c.Images++; named {
			c.Names = append(c.Names, name)
		}
	}
	for i := range p.PerClass {
		p.PerClass[i].Hash = hex.EncodeToString(sums[i](nil))
	}
	p.Hash = hex.EncodeToString(order.Sum(nil))
	return p
}
