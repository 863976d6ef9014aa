package dataset

import (
	"context"
	"fmt"

	"github.com/euryale-ml/euryale/transforms"
)

// Pair is a training image before and after its transform.
type Pair struct {
	Before, After *transforms.RGB
	Label, Index  int
	Name          string
	// Other is the label of the image that mixup mixed in, and Lambda the share of Label;
	// without mixup they are Label and 1.
	Other  int
	Lambda float64
}

// Preview returns the first images of an epoch, at most n, as they are in the set and as
// input of the network, in 8 bits. Images that cannot be read are left out.
func (l *Loader) Preview(ctx context.Context, epoch, n int) ([]Pair, error) {
	if l.config.Mixup > 0 || l.config.Erase.P > 0 {
		return l.previewBatches(ctx, epoch, n)
	}
	return l.pairs(ctx, epoch, l.order(epoch), n)
}

// Images reads the images of the set with the given indices, before and after Transform,
// without Erase and Mixup. Those that cannot be read are left out.
func (l *Loader) Images(ctx context.Context, epoch int, index []int) ([]Pair, error) {
	for _, i := range index {
		if i < 0 || i >= l.n {
			return nil, fmt.Errorf("dataset: there is no image %d of %d", i, l.n)
		}
	}
	return l.pairs(ctx, epoch, index, len(index))
}

// pairs reads the first n images of a list that can be read.
func (l *Loader) pairs(ctx context.Context, epoch int, index []int, n int) ([]Pair, error) {
	var pairs []Pair
	for _, i := range index {
		if len(pairs) >= n {
			break
		}
		p, ok, err := l.pair(ctx, epoch, i)
		if err != nil {
			return nil, err
		}
		if ok {
			pairs = append(pairs, p)
		}
	}
	return pairs, nil
}

// pair reads an image and transforms it; ok: it could be read.
func (l *Loader) pair(ctx context.Context, epoch, i int) (p Pair, ok bool, err error) {
	before, err := l.read(ctx, i)
	if isFatal(err) {
		return p, false, unwrapFatal(err)
	}
	if err != nil {
		return p, false, nil
	}
	after, err := l.transform(before, epoch, i)
	if err != nil {
		return p, false, unwrapFatal(err)
	}
	return Pair{
		Before: before.Image, After: after.Image, Label: before.Label, Index: i, Name: l.name(before, i), Other: before.Label, Lambda: 1,
	}, true, nil
}

// previewBatches is Preview with transforms that need complete batches, such as mixup.
func (l *Loader) previewBatches(ctx context.Context, epoch, n int) (pairs []Pair, err error) {
	if n < 1 {
		return nil, nil
	}
	for b, err := range l.Batches(ctx, epoch) {
		if err != nil {
			return nil, err
		}
		for at := range b.N {
			before, err := l.read(ctx, b.Index[at])
			if err != nil {
				return nil, unwrapFatal(err)
			}
			size := b.C * b.H * b.W
			p := Pair{
				Before: before.Image, After: l.normalize.Image(b.Images[at*size:(at+1)*size], b.W, b.H),
				Label: before.Label, Index: b.Index[at], Name: l.name(before, b.Index[at]), Other: before.Label, Lambda: 1,
			}
			if b.Others != nil {
				p.Other, p.Lambda = int(b.Others[at]), b.Lambda
			}
			if pairs = append(pairs, p); len(pairs) == n {
				return pairs, nil
			}
		}
	}
	return pairs, nil
}
