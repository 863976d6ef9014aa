package dataset

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/euryale-ml/euryale/transforms"
)

// A size that is asked for while the context ends is an error, and is asked for
// again by the next pass.
func TestImageSizeOfAnEndedContext(t *testing.T) {
	stopped := errors.New("stopped")
	for _, broken := range []map[int]error{nil, {0: errors.New("no file")}} {
		var end context.CancelCauseFunc
		set := &levels{n: 4, broken: broken, sample: func(context.Context, int) {
			if end != nil {
				end(stopped)
			}
		}}
		l := mustLoad(t, set, LoaderConfig{Batch: 2, Train: true, Workers: 1})
		var ctx context.Context
		ctx, end = context.WithCancelCause(background)
		if w, h, err := l.ImageSize(ctx); w != 0 || h != 0 || !errors.Is(err, stopped) {
			t.Errorf("ended while the first image was read: %d, %d, %v", w, h, err)
		}
		ctx, end = context.WithCancelCause(background)
		if err := firstError(l.Batches(ctx, 1)); !errors.Is(err, stopped) {
			t.Errorf("a pass whose context ended at its first image: %v", err)
		}
		end = nil
		if all := collect(t, l.Batches(background, 1)); len(all) != 2 || all[0].W != 8 || all[0].H != 6 {
			t.Errorf("the pass after: %v", all)
		}
	}
}

// hooked is a set of images whose parts can be made to fail after it was opened.
type hooked struct {
	levels
	len, classes func()
}

func (h *hooked) Len() int {
	if h.len != nil {
		h.len()
	}
	return h.levels.Len()
}

func (h *hooked) Classes() []string {
	if h.classes != nil {
		h.classes()
	}
	return h.levels.Classes()
}

// lying states a size, or panics when it is asked for one.
type lying struct {
	w, h  int
	panic bool
}

func (lying) Apply(img *transforms.RGB, _ *rand.Rand) *transforms.RGB { return img }
func (l lying) OutputSize() (int, int) {
	if l.panic {
		panic("no size")
	}
	return l.w, l.h
}

// Whatever the set's and the transforms' code does in the loader's goroutines is
// an error of the pass.
func TestPanicsOfWorkers(t *testing.T) {
	at := func(n int, f func()) func(context.Context, int) {
		return func(_ context.Context, i int) {
			if i == n {
				f()
			}
		}
	}
	var empty []int
	var unmade map[int]int
	for _, c := range []struct {
		what      string
		set       *hooked
		transform transforms.Transform
		kind      error
		words     []string
	}{
		{"runtime error", &hooked{levels: levels{n: 6, sample: at(5, func() { _ = empty[3] })}}, nil, ErrPanic,
			[]string{"Sample of image 5", "index out of range [3] with length 0", "(dataset/panics_test.go:"}},
		{"nil map", &hooked{levels: levels{n: 6, sample: at(3, func() { unmade[1] = 1 })}}, nil, ErrPanic,
			[]string{"Sample of image 3", "nil map"}},
		{"panic of nil", &hooked{levels: levels{n: 6, sample: at(3, func() { panic(nil) })}}, nil, ErrPanic, []string{"Sample of image 3"}},
		{"the goroutine ended", &hooked{levels: levels{n: 6, sample: at(4, runtime.Goexit)}}, nil, ErrPanic,
			[]string{"loading image 4", "runtime.Goexit was called", "(dataset/panics_test.go:"}},
		{"every goroutine ended", &hooked{levels: levels{n: 6, sample: func(_ context.Context, i int) {
			if i > 0 {
				runtime.Goexit()
			}
		}}}, nil, ErrPanic, []string{"loading image 1"}},
		{"Classes", &hooked{levels: levels{n: 6}, classes: func() { panic("no classes") }}, nil, ErrPanic, []string{"level 0", "no classes"}},
		{"size of a transform", &hooked{levels: levels{n: 6}}, lying{panic: true}, ErrPanic, []string{"OutputSize of the transform", "no size"}},
		{"absurd size of a transform", &hooked{levels: levels{n: 6}}, lying{w: 1 << 40, h: 1 << 40}, transforms.ErrShape, []string{"1099511627776×1099511627776"}},
		{"other size than stated", &hooked{levels: levels{n: 6}}, lying{w: 9, h: 6}, transforms.ErrShape, []string{"level 0 is 8×6", "others are 9×6"}},
	} {
		for _, workers := range []int{1, 3} {
			for _, train := range []bool{false, true} {
				l := mustLoad(t, c.set, LoaderConfig{Batch: 2, Train: train, Workers: workers, Transform: c.transform})
				wantError(t, c.what, firstError(l.Batches(background, 1)), c.kind, c.words...)
			}
		}
	}
}

// Batches before the one that fails are given out all the same.
func TestBatchesBeforeAGoexit(t *testing.T) {
	set := &levels{n: 9, sample: func(_ context.Context, i int) {
		if i == 6 {
			runtime.Goexit()
		}
	}}
	l := mustLoad(t, set, LoaderConfig{Batch: 3, Workers: 1})
	n := 0
	for _, err := range l.Batches(background, 1) {
		if err != nil {
			wantError(t, "third batch", err, ErrPanic, "image 6")
			break
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d batches came before the failure, want 2", n)
	}
}

// The loader asks for the length once: a set that grows, shrinks or fails
// afterwards changes no pass.
func TestLengthIsAskedOnce(t *testing.T) {
	set := &hooked{levels: levels{n: 4}}
	l := mustLoad(t, set, LoaderConfig{Batch: 2, Shuffle: true})
	for _, change := range []func(){func() { set.n = 9 }, func() { set.n = 0 }, func() { set.len = func() { panic("no length") } }} {
		change()
		if all := collect(t, l.Batches(background, 1)); len(all) != 2 || l.Len() != 4 || l.Steps() != 2 {
			t.Errorf("%d batches of %d images", len(all), l.Len())
		}
	}
	_, err := NewLoader(set, LoaderConfig{Batch: 2})
	wantError(t, "length", err, ErrPanic, "Len of the set: no length")
}

// Faults of the loader's own code, which these states bring about, end a pass and
// not the process.
func TestOwnPanics(t *testing.T) {
	l := mustLoad(t, &levels{n: 6}, LoaderConfig{Batch: 2})
	l.config.Batch = 0
	wantError(t, "no batch", firstError(l.Batches(background, 1)), ErrPanic, "the images of epoch 1", "divide by zero")

	l = mustLoad(t, &levels{n: 6}, LoaderConfig{Batch: 2, Train: true, Mixup: 0.5, Workers: 2})
	collect(t, l.Batches(background, 1))
	for _, m := range l.spare.all {
		m.others = nil
	}
	wantError(t, "mixup", firstError(l.Batches(background, 1)), ErrPanic, "mixup of the batch that begins with level 0")

	l = mustLoad(t, &levels{n: 6}, LoaderConfig{Batch: 2, Train: true, Workers: 2})
	collect(t, l.Batches(background, 1))
	for _, m := range l.spare.all {
		m.images = nil
	}
	wantError(t, "an image's place", firstError(l.Batches(background, 1)), ErrPanic, "loading image 0")
}
