package dataset

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/euryale-ml/euryale/transforms"
)

// TestMixAsTorchvision mixes batches as torchvision's MixUp does.
func TestMixAsTorchvision(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "mixup.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Classes                int
		Lambda                 float64
		Images, Mixed, Targets []float64
		Labels                 []int64
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) < 5 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	for _, c := range cases {
		n := len(c.Labels)
		pixels := len(c.Images) / n
		var pool sparePool
		s := newSlot(pool.take(n, pixels, true), 0, n, 2, 2)
		copy(s.labels, c.Labels)
		for i, v := range c.Images {
			s.images[i] = float32(v)
		}
		s.mix(c.Lambda)
		b, err := s.finish()
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.Mixed {
			if math.Abs(float64(b.Images[i])-want) > 1e-6 {
				t.Fatalf("%d images, λ = %v: value %d is %v, want %v", n, c.Lambda, i, b.Images[i], want)
			}
		}
		got := b.Targets(nil, c.Classes)
		for i, want := range c.Targets {
			if math.Abs(got[i]-want) > 1e-12 {
				t.Fatalf("%d images, λ = %v: target %d is %v, want %v", n, c.Lambda, i, got[i], want)
			}
		}
	}
}

// whole is a batch that outlives the loop's turn, with what mixup adds.
func whole(b *Batch) *Batch {
	c := copied(b)
	c.Others = slices.Clone(b.Others)
	return c
}

func mixed(t *testing.T, c LoaderConfig, n, epoch, skip int) (batches []*Batch) {
	t.Helper()
	for b, err := range mustLoad(t, &levels{n: n}, c).BatchesFrom(background, epoch, skip) {
		if err != nil {
			t.Fatal(err)
		}
		batches = append(batches, whole(b))
	}
	return batches
}

// TestMixupOfLoader takes epochs apart: each image is the sum of two levels in the batch's
// shares, whatever the number of workers and wherever in the epoch the loop begins.
func TestMixupOfLoader(t *testing.T) {
	c := LoaderConfig{Batch: 4, Shuffle: true, Train: true, Seed: 3, Mixup: 0.4, Workers: 1}
	seen := map[float64]bool{}
	for epoch := 1; epoch <= 2; epoch++ {
		all := mixed(t, c, 11, epoch, 0)
		if len(all) != 3 || all[2].N != 3 {
			t.Fatalf("%d batches", len(all))
		}
		for step, b := range all {
			if seen[b.Lambda] || !(b.Lambda >= 0 && b.Lambda <= 1) {
				t.Errorf("λ = %v twice, or out of range", b.Lambda)
			}
			seen[b.Lambda] = true
			for i := range b.N {
				j := (i + b.N - 1) % b.N
				want := (b.Lambda*float64(b.Index[i]) + (1-b.Lambda)*float64(b.Index[j])) / 255
				if b.Labels[i] != int64(b.Index[i]%3) || b.Others[i] != b.Labels[j] || math.Abs(float64(b.Images[i*144])-want) > 1e-6 {
					t.Errorf("epoch %d, batch %d, image %d: %v of labels %d and %d, want %v", epoch, step, i, b.Images[i*144], b.Labels[i], b.Others[i], want)
				}
			}
		}
		many := c
		many.Workers = 5
		if got := mixed(t, many, 11, epoch, 0); !equal(all, got) {
			t.Error("other workers, other batches")
		}
		if got := mixed(t, many, 11, epoch, 1); !equal(all[1:], got) {
			t.Error("batches from the second on differ")
		}
	}
	other := c
	other.Seed = 4
	if slices.ContainsFunc(mixed(t, other, 11, 1, 0), func(b *Batch) bool { return seen[b.Lambda] }) {
		t.Error("another seed, the same λ")
	}
}

func equal(a, b []*Batch) bool {
	return same(a, b) && slices.EqualFunc(a, b, func(x, y *Batch) bool { return slices.Equal(x.Others, y.Others) && x.Lambda == y.Lambda })
}

// TestMixupOfOne leaves a batch of one image alone.
func TestMixupOfOne(t *testing.T) {
	for _, b := range mixed(t, LoaderConfig{Batch: 1, Train: true, Mixup: 1}, 3, 1, 0) {
		if b.Images[0] != float32(b.Index[0])/255 || b.Others[0] != b.Labels[0] || b.Targets(nil, 3)[b.Labels[0]] != 1 {
			t.Errorf("%+v", b)
		}
	}
}

func TestDominant(t *testing.T) {
	b := &Batch{N: 2, Labels: []int64{1, 2}, Lambda: 0.2}
	if d := b.Dominant(); d[0] != 1 {
		t.Errorf("without mixup: %v", d)
	}
	b.Others = []int64{2, 1}
	if d := b.Dominant(); d[0] != 2 {
		t.Errorf("λ = 0.2: %v", d)
	}
	b.Lambda = 0.5
	if d := b.Dominant(); d[0] != 1 {
		t.Errorf("λ = 0.5: %v", d)
	}
}

// TestErasingOfLoader erases after Normalize, the same rectangles whatever the workers.
func TestErasingOfLoader(t *testing.T) {
	c := LoaderConfig{Batch: 4, Train: true, Seed: 3, Workers: 1, Erase: transforms.DefaultErasing(0.5)}
	c.Transform = transforms.TaskNormalize()
	all := mixed(t, c, 40, 2, 0)
	many := c
	many.Workers = 4
	if !equal(all, mixed(t, many, 40, 2, 0)) || !equal(all[3:], mixed(t, many, 40, 2, 3)) {
		t.Error("other workers, or a later start, other batches")
	}
	if equal(all, mixed(t, c, 40, 3, 0)) {
		t.Error("another epoch has the same rectangles")
	}
	erased := 0
	for _, b := range all {
		if b.Others != nil {
			t.Fatal("mixup without being asked")
		}
		for i := range b.N {
			image := b.Images[i*144 : (i+1)*144]
			zeros := 0
			for _, v := range image {
				if v == 0 {
					zeros++
				}
			}
			if zeros > 0 {
				erased++
			}
			if zeros%3 != 0 || zeros > 60 {
				t.Errorf("%d values of 144 are 0", zeros)
			}
		}
	}
	if erased < 10 || erased > 30 {
		t.Errorf("%d of 40 images have a rectangle", erased)
	}
}

// TestPreviewOfMixture shows what the network sees.
func TestPreviewOfMixture(t *testing.T) {
	l := mustLoad(t, &levels{n: 9}, LoaderConfig{
		Batch: 4, Shuffle: true, Train: true, Seed: 2, Mixup: 0.5, Erase: transforms.DefaultErasing(0.5), Transform: transforms.TaskNormalize(),
	})
	pairs, err := l.Preview(context.Background(), 1, 6)
	if err != nil || len(pairs) != 6 {
		t.Fatalf("%d pairs, %v", len(pairs), err)
	}
	var batches []*Batch
	for b, err := range l.Batches(background, 1) {
		if err != nil {
			t.Fatal(err)
		}
		batches = append(batches, whole(b))
	}
	planes := make([]float32, 144)
	for i, p := range pairs {
		b, at := batches[i/4], i%4
		if p.Index != b.Index[at] || p.Label != int(b.Labels[at]) || p.Other != int(b.Others[at]) || p.Lambda != b.Lambda || p.Before.Pix[0] != uint8(p.Index) {
			t.Errorf("pair %d is %+v", i, p)
		}
		transforms.TaskNormalize().Tensor(planes, p.After)
		for j, v := range planes {
			if got := b.Images[at*144+j]; math.Abs(float64(got-v)) > 0.51/255/0.224 {
				t.Fatalf("pair %d: value %d is %v, the network sees %v", i, j, v, got)
			}
		}
	}
	if none, err := l.Preview(context.Background(), 1, 0); err != nil || len(none) != 0 {
		t.Errorf("%v, %v", none, err)
	}
}
