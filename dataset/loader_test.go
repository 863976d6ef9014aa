package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/transforms"
)

// copied is a batch that outlives the loop's turn.
func copied(b *Batch) *Batch {
	c := *b
	c.Images, c.Labels, c.Index = slices.Clone(b.Images), slices.Clone(b.Labels), slices.Clone(b.Index)
	return &c
}

func collect(t *testing.T, batches iter.Seq2[*Batch, error]) []*Batch {
	t.Helper()
	var all []*Batch
	for b, err := range batches {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, copied(b))
	}
	return all
}

func mustLoad(t testing.TB, set Dataset, c LoaderConfig) *Loader {
	t.Helper()
	l, err := NewLoader(set, c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func indices(batches []*Batch) []int {
	var all []int
	for _, b := range batches {
		all = append(all, b.Index...)
	}
	return all
}

func same(a, b []*Batch) bool {
	return slices.EqualFunc(a, b, func(x, y *Batch) bool {
		return slices.Equal(x.Images, y.Images) && slices.Equal(x.Labels, y.Labels) && slices.Equal(x.Index, y.Index)
	})
}

// noise is a random transform: it adds a number to every level.
type noise struct{}

func (noise) Apply(img *transforms.RGB, r *rand.Rand) *transforms.RGB {
	out := img.Clone()
	d := uint8(r.UintN(256))
	for i := range out.Pix {
		out.Pix[i] += d
	}
	return out
}

func TestBatches(t *testing.T) {
	l := mustLoad(t, &levels{n: 10}, LoaderConfig{Batch: 4, Train: true})
	if l.Steps() != 3 || l.ShortBatch() != 2 || l.Len() != 10 {
		t.Errorf("%d steps, short batch %d, %d images; want 3, 2, 10", l.Steps(), l.ShortBatch(), l.Len())
	}
	all := collect(t, l.Batches(background, 1))
	if len(all) != 3 || all[2].N != 2 || !slices.Equal(indices(all), []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Fatalf("%d batches of %v", len(all), indices(all))
	}
	b := all[1]
	if b.N != 4 || b.C != 3 || b.H != 6 || b.W != 8 || len(b.Images) != 4*3*6*8 {
		t.Errorf("batch [%d, %d, %d, %d] of %d values", b.N, b.C, b.H, b.W, len(b.Images))
	}
	for at, i := range b.Index {
		if b.Labels[at] != int64(i%3) || b.Images[at*144] != float32(i)/255 {
			t.Errorf("image %d: label %d, first value %g", i, b.Labels[at], b.Images[at*144])
		}
	}
	l = mustLoad(t, &levels{n: 10}, LoaderConfig{Batch: 4, DropLast: true})
	if all := collect(t, l.Batches(background, 1)); l.Steps() != 2 || l.ShortBatch() != 0 || len(all) != 2 {
		t.Errorf("DropLast: %d steps, short batch %d, %d batches", l.Steps(), l.ShortBatch(), len(all))
	}
}

// Batches are a function of seed and epoch, whatever the number of workers and
// their speed.
func TestBatchesDoNotDependOnWorkers(t *testing.T) {
	set := &levels{n: 37, broken: map[int]error{5: fs.ErrInvalid, 6: fs.ErrInvalid}}
	set.sample = func(_ context.Context, i int) { time.Sleep(time.Duration(i*7919%5) * 100 * time.Microsecond) }
	config := LoaderConfig{Batch: 8, Train: true, Shuffle: true, Seed: 3, Transform: noise{}}
	var want [2][]*Batch
	for _, workers := range []int{1, 2, 7} {
		for _, cache := range []int64{0, 1500, 1 << 20} {
			config.Workers, config.CacheBytes = workers, cache
			l := mustLoad(t, set, config)
			for e := range want {
				got := collect(t, l.Batches(background, e+1))
				if want[e] == nil {
					want[e] = got
				}
				if !same(got, want[e]) {
					t.Errorf("%d workers, cache %d, epoch %d: other batches than with one worker", workers, cache, e+1)
				}
			}
		}
	}
	if same(want[0], want[1]) {
		t.Error("two epochs are alike")
	}
	config.Seed = 4
	if same(collect(t, mustLoad(t, set, config).Batches(background, 1)), want[0]) {
		t.Error("two seeds are alike")
	}
	config.Seed = 3
	if rest := collect(t, mustLoad(t, set, config).BatchesFrom(background, 2, 3)); !same(rest, want[1][3:]) {
		t.Error("an epoch resumed after 3 batches goes on otherwise")
	}
}

func TestRanks(t *testing.T) {
	for _, train := range []bool{true, false} {
		var seen []int
		steps := map[int]bool{}
		for rank := range 3 {
			l := mustLoad(t, &levels{n: 11}, LoaderConfig{Batch: 2, Rank: rank, Size: 3, Train: train, Shuffle: train, Seed: 1})
			seen = append(seen, indices(collect(t, l.Batches(background, 1)))...)
			steps[l.Steps()] = true
		}
		slices.Sort(seen)
		if train && (len(steps) != 1 || len(seen) != 12) {
			t.Errorf("training: steps %v, %d images; want the same number of steps and 12", steps, len(seen))
		}
		if !train && len(seen) != 11 {
			t.Errorf("testing: %d images, want each of 11 once", len(seen))
		}
		if len(slices.Compact(seen)) != 11 {
			t.Errorf("train %v: images are left out: %v", train, seen)
		}
	}
}

func TestBadImages(t *testing.T) {
	set := &levels{n: 9, broken: map[int]error{2: fs.ErrInvalid, 3: fs.ErrClosed}}
	l := mustLoad(t, set, LoaderConfig{Batch: 3, Train: true})
	for range 2 {
		if got := indices(collect(t, l.Batches(background, 1))); !slices.Equal(got, []int{0, 1, 4, 4, 4, 5, 6, 7, 8}) {
			t.Errorf("training goes through %v", got)
		}
	}
	bad := l.Bad()
	if len(bad) != 2 || bad[0].Name != "level 2" || bad[0].Index != 2 || !errors.Is(bad[1].Err, fs.ErrClosed) {
		t.Errorf("bad images %+v, want 2 and 3 once each", bad)
	}

	l = mustLoad(t, set, LoaderConfig{Batch: 3})
	all := collect(t, l.Batches(background, 1))
	if got := indices(all); !slices.Equal(got, []int{0, 1, 4, 5, 6, 7, 8}) || all[0].N != 2 || all[1].N != 2 || all[1].Images[0] != 4./255 {
		t.Errorf("testing goes through %v", got)
	}

	l = mustLoad(t, set, LoaderConfig{Batch: 3, StopOnBad: true, Train: true})
	wantError(t, "stop", firstError(l.Batches(background, 1)), ErrBadImage, "level 2", "invalid argument")

	none := &levels{n: 2, broken: map[int]error{0: fs.ErrInvalid, 1: fs.ErrInvalid}}
	l = mustLoad(t, none, LoaderConfig{Batch: 1, Train: true})
	wantError(t, "nothing readable", firstError(l.Batches(background, 1)), ErrBadImage, "none of the set's 2 images")
}

func firstError(batches iter.Seq2[*Batch, error]) error {
	for _, err := range batches {
		if err != nil {
			return err
		}
	}
	return nil
}

// explosive panics.
type explosive struct{}

func (explosive) Apply(*transforms.RGB, *rand.Rand) *transforms.RGB { panic("boom") }

type nothing struct{}

func (nothing) Apply(*transforms.RGB, *rand.Rand) *transforms.RGB { return nil }

// growing makes images of different sizes.
type growing struct{ transforms.Transform }

func (growing) Apply(img *transforms.RGB, _ *rand.Rand) *transforms.RGB {
	return transforms.ResizeTo(img, 8+int(img.Pix[0]), 6)
}

func TestPanicsAndWrongSizes(t *testing.T) {
	panics := &levels{n: 6, sample: func(_ context.Context, i int) {
		if i == 4 {
			panic("boom")
		}
	}}
	for _, c := range []struct {
		what      string
		set       Dataset
		transform transforms.Transform
		kind      error
		words     []string
	}{
		{"set panics", panics, nil, ErrPanic, []string{"in Sample of image 4: boom"}},
		{"transform panics", &levels{n: 6}, explosive{}, ErrPanic, []string{"in the transform of level 0: boom"}},
		{"no image", &levels{n: 6}, nothing{}, transforms.ErrShape, []string{"the transform of level 0 made no image"}},
		{"sizes differ", &levels{n: 6}, growing{}, transforms.ErrShape, []string{"level 1 is 9×6 pixels after its transform, others are 8×6"}},
		{"label out of range", &badLabel{}, nil, ErrList, []string{"label 3", "outside the 3 classes"}},
	} {
		l := mustLoad(t, c.set, LoaderConfig{Batch: 6, Train: true, Transform: c.transform})
		wantError(t, c.what, firstError(l.Batches(background, 1)), c.kind, c.words...)
	}
}

type badLabel struct{ levels }

func (*badLabel) Len() int { return 2 }
func (b *badLabel) Sample(ctx context.Context, i int) (Sample, error) {
	s, err := b.levels.Sample(ctx, i)
	s.Label = 3
	return s, err
}

func TestLoaderConfig(t *testing.T) {
	for _, c := range []struct {
		config LoaderConfig
		n      int
		says   string
	}{
		{LoaderConfig{}, 5, "LoaderConfig.Batch = 0, want at least 1"},
		{LoaderConfig{Batch: -1}, 5, "LoaderConfig.Batch = -1"},
		{LoaderConfig{Batch: 6, DropLast: true}, 5, "LoaderConfig.Batch = 6 is more than the 5 images of an epoch, and DropLast leaves none"},
		{LoaderConfig{Batch: 1, Workers: -2}, 5, "LoaderConfig.Workers = -2"},
		{LoaderConfig{Batch: 1, Rank: 2, Size: 2}, 5, "LoaderConfig.Rank = 2, want 0 to 1"},
		{LoaderConfig{Batch: 1, Size: -1}, 5, "LoaderConfig.Size = -1"},
		{LoaderConfig{Batch: 1, CacheBytes: -1}, 5, "LoaderConfig.CacheBytes = -1"},
		{LoaderConfig{Batch: 1, Mixup: -1, Train: true}, 5, "LoaderConfig.Mixup = -1"},
		{LoaderConfig{Batch: 1, Mixup: math.Inf(1), Train: true}, 5, "LoaderConfig.Mixup = +Inf"},
		{LoaderConfig{Batch: 1, Mixup: 0.2}, 5, "LoaderConfig.Mixup = 0.2 is for training"},
		{LoaderConfig{Batch: 1, Erase: transforms.RandomErasing{P: 2}}, 5, "RandomErasing.P = 2"},
		{LoaderConfig{Batch: 1}, 0, "the set holds no image"},
		{LoaderConfig{Batch: 1, Transform: transforms.Compose{transforms.CenterCrop{}}}, 5, "CenterCrop.Size = 0"},
		{LoaderConfig{Batch: 1, Transform: transforms.Normalize{Mean: [3]float64{1, 1, 1}}}, 5, "Normalize.Std[0] = 0"},
	} {
		_, err := NewLoader(&levels{n: c.n}, c.config)
		wantError(t, c.says, err, ErrConfig, c.says)
	}
	if _, err := NewLoader(&levels{n: 5}, LoaderConfig{Batch: 6}); err != nil {
		t.Errorf("a batch larger than the set without DropLast: %v", err)
	}
}

// A loop that is left early or cancelled leaves no goroutine behind.
func TestLeavingEarly(t *testing.T) {
	before := runtime.NumGoroutine()
	l := mustLoad(t, &levels{n: 100}, LoaderConfig{Batch: 2, Workers: 4})
	for k := range 20 {
		for range l.Batches(background, 1) {
			if k--; k < 0 {
				break
			}
		}
	}
	ctx, cancel := context.WithCancelCause(background)
	defer cancel(nil)
	stopped := errors.New("stopped")
	n := 0
	for _, err := range l.Batches(ctx, 1) {
		if n++; n == 3 {
			cancel(stopped)
		}
		if err != nil && !errors.Is(err, stopped) {
			t.Errorf("cancelled: %v, want its cause", err)
		}
	}
	if n > 10 {
		t.Errorf("%d batches after the end of the context", n)
	}
	if err := firstError(l.Batches(ctx, 1)); !errors.Is(err, stopped) {
		t.Errorf("a context that had ended: %v", err)
	}
	// A worker that waits in Sample hears of it, too.
	waiting := &levels{n: 8, sample: func(ctx context.Context, i int) {
		if i > 2 {
			<-ctx.Done()
		}
	}}
	for range mustLoad(t, waiting, LoaderConfig{Batch: 1, Workers: 3}).Batches(background, 1) {
		break
	}
	for wait := time.Now(); runtime.NumGoroutine() > before && time.Since(wait) < 2*time.Second; {
		time.Sleep(time.Millisecond)
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
}

// Images are made ahead of the loop, but not without bound.
func TestPrefetch(t *testing.T) {
	var made atomic.Int64
	set := &levels{n: 400, sample: func(context.Context, int) { made.Add(1) }}
	l := mustLoad(t, set, LoaderConfig{Batch: 10, Workers: 2})
	for range l.Batches(background, 1) {
		for wait := time.Now(); made.Load() < 30 && time.Since(wait) < 5*time.Second; {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(20 * time.Millisecond)
		if n := made.Load(); n < 30 || n > 31 { // one to learn the size
			t.Errorf("%d images are made while the first batch is in use, want this batch and %d more", n, ahead)
		}
		break
	}
}

// A pass over an epoch takes no memory for its batches but the first time.
func TestBatchesReuseMemory(t *testing.T) {
	set := &levels{n: 200}
	l := mustLoad(t, set, LoaderConfig{Batch: 50, Workers: 2, CacheBytes: 1 << 20, Transform: big{}})
	_ = collect(t, l.Batches(background, 1))
	var a, b runtime.MemStats
	runtime.ReadMemStats(&a)
	for range l.Batches(background, 2) {
	}
	runtime.ReadMemStats(&b)
	if taken, batch := b.TotalAlloc-a.TotalAlloc, uint64(50*3*64*64*4); taken > batch {
		t.Errorf("the second epoch took %d bytes, a batch has %d", taken, batch)
	}
}

// big returns one and the same large image.
type big struct{}

var bigImage = transforms.NewRGB(64, 64)

func (big) Apply(*transforms.RGB, *rand.Rand) *transforms.RGB { return bigImage }

func TestCacheBudget(t *testing.T) {
	var read atomic.Int64
	set := &levels{n: 10, sample: func(context.Context, int) { read.Add(1) }}
	one := int64(8*6*3 + len("level 0") + 128)
	l := mustLoad(t, set, LoaderConfig{Batch: 5, CacheBytes: 4 * one})
	for e := range 3 {
		_ = collect(t, l.Batches(background, e+1))
	}
	if n := read.Load(); n != 10+6+6 {
		t.Errorf("%d images read in 3 epochs, want 10, then the 6 that the cache did not hold", n)
	}
}

func TestPreview(t *testing.T) {
	set := &levels{n: 9, broken: map[int]error{4: fs.ErrInvalid}}
	l := mustLoad(t, set, LoaderConfig{Batch: 9, Shuffle: true, Train: true, Seed: 2, Transform: noise{}})
	pairs, err := l.Preview(background, 1, 5)
	if err != nil || len(pairs) != 5 {
		t.Fatalf("%d pairs, %v", len(pairs), err)
	}
	batch := collect(t, l.Batches(background, 1))[0]
	at := 0
	for _, p := range pairs {
		for batch.Index[at] != p.Index {
			at++
		}
		if p.Before.Pix[0] != uint8(p.Index) || float32(p.After.Pix[0])/255 != batch.Images[at*144] || p.Name != fmt.Sprintf("level %d", p.Index) {
			t.Errorf("pair of image %d is not what the batch holds", p.Index)
		}
	}
}
