package infer

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/trainer"
	"github.com/euryale-ml/euryale/transforms"
)

// fresh is a classifier of three classes with fresh weights, for images of 8×8 pixels.
func fresh(t *testing.T, batch int) *Classifier {
	t.Helper()
	dev := testdevice.Open(t, device.Options{Threads: 2})
	net := &goldenNet{
		Conv: &nn.Conv2D{In: 3, Out: 4, Kernel: 3, Padding: 1, Bias: true}, Norm: &nn.BatchNorm2D{Channels: 4}, ReLU: &nn.ReLU{},
		Pool: &nn.AdaptiveAvgPool2D{Size: 2}, Flat: &nn.Flatten{}, FC: &nn.Linear{In: 16, Out: 3},
	}
	c := &Classifier{device: dev, classes: []string{"a", "b", "c"}, top: 3, batch: batch, pipeline: transforms.Test(8, 8, transforms.TaskNormalize())}
	var err error
	if c.session, err = trainer.NewSession(net, trainer.SessionConfig{Device: dev, Input: [3]int{3, 8, 8}, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// pictures are n images that differ.
func pictures(n int) (list []image.Image) {
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		img := image.NewRGBA(image.Rect(0, 0, 11, 9))
		for i := range img.Pix {
			img.Pix[i] = uint8(r.IntN(256))
		}
		list = append(list, img)
	}
	return list
}

// hold keeps the network busy until release is called.
func (c *Classifier) hold(t *testing.T) (release func()) {
	t.Helper()
	begun, end := make(chan bool), make(chan bool)
	err := c.put(c.batch, c.serve, job{done: make(chan outcome, 1), alone: func() error {
		close(begun)
		<-end
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	return sync.OnceFunc(func() { close(end) })
}

// waitFor waits until so many jobs are in the queue.
func (c *Classifier) waitFor(t *testing.T, n int) {
	t.Helper()
	for range 2000 {
		c.mu.Lock()
		have := len(c.waiting)
		c.mu.Unlock()
		if have == n {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("there are never %d jobs in the queue", n)
}

// TestDeadline has calls end while the network is busy: waiting, in parts, and explaining.
func TestDeadline(t *testing.T) {
	c := fresh(t, 4)
	release := c.hold(t)
	defer release()
	cause := errors.New("enough")
	for name, call := range map[string]func(ctx context.Context) error{
		"one image":   func(ctx context.Context) error { _, err := c.Classify(ctx, pictures(1)...); return err },
		"many images": func(ctx context.Context) error { _, err := c.Classify(ctx, pictures(50)...); return err },
		"GradCAM":     func(ctx context.Context) error { _, err := c.GradCAM(ctx, pictures(1)[0], -1); return err },
	} {
		ctx, cancel := context.WithTimeoutCause(context.Background(), 20*time.Millisecond, cause)
		err := call(ctx) // would never return if it waited for the network
		cancel()
		if !errors.Is(err, cause) {
			t.Errorf("%s: error %v", name, err)
		}
		c.waitFor(t, 0)
	}
	release()
	if r, err := c.Classify(context.Background(), pictures(1)...); err != nil || len(r) != 1 {
		t.Errorf("afterwards: %v, %v", r, err)
	}
}

// TestSameBitsTogether compares each image's logits alone and in all sorts of company.
func TestSameBitsTogether(t *testing.T) {
	c := fresh(t, 8)
	images := pictures(21)
	var want []Result
	for _, img := range images {
		r, err := c.Classify(context.Background(), img)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, r[0])
	}
	check := func(from int, got []Result) {
		for i, r := range got {
			if !slices.Equal(r.Logits, want[from+i].Logits) {
				t.Errorf("image %d has the logits %v, alone %v", from+i, r.Logits, want[from+i].Logits)
			}
		}
	}
	for n := 1; n <= len(images); n++ {
		r, err := c.Classify(context.Background(), images[:n]...)
		if err != nil || len(r) != n {
			t.Fatalf("%d images: %d results, %v", n, len(r), err)
		}
		check(0, r)
	}
	release := c.hold(t)
	var calls sync.WaitGroup
	for from := 0; from < len(images); from += 3 {
		calls.Go(func() {
			r, err := c.Classify(context.Background(), images[from:from+3]...)
			if err != nil {
				t.Error(err)
			}
			check(from, r)
		})
	}
	c.waitFor(t, len(images))
	release()
	calls.Wait()
}

// TestBatchesOfWhatWaits takes images of several calls out of a queue.
func TestBatchesOfWhatWaits(t *testing.T) {
	for _, c := range []struct {
		n, batch int
		want     []int
	}{
		{16, 16, []int{16}}, {16, 8, []int{8, 8}}, {1, 8, []int{1}}, {2, 8, []int{2}}, {3, 8, []int{3}}, {5, 8, []int{4, 1}}, {6, 8, []int{6}},
		{7, 8, []int{7}}, {9, 8, []int{8, 1}}, {4, 5, []int{4}}, {5, 5, []int{5}}, {3, 1, []int{1, 1, 1}}, {11, 12, []int{11}},
	} {
		q := queue{working: make(chan struct{})}
		q.waiting = make([]job, c.n)
		var got []int
		for jobs := q.next(c.batch); jobs != nil; jobs = q.next(c.batch) {
			got = append(got, len(jobs))
			n, size := programFor(len(jobs), c.batch)
			if n != len(jobs) || size < n || size > c.batch || 4*n < 3*size {
				t.Errorf("%d images get a program for %d", len(jobs), size)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d images, at most %d together: %v, want %v", c.n, c.batch, got, c.want)
		}
	}
	alone := func() error { return nil }
	q := queue{working: make(chan struct{}), waiting: []job{{}, {}, {alone: alone}, {alone: alone}, {}}}
	var got []int
	for jobs := q.next(8); jobs != nil; jobs = q.next(8) {
		got = append(got, len(jobs))
	}
	if !slices.Equal(got, []int{2, 1, 1, 1}) {
		t.Errorf("jobs that are alone: %v", got)
	}
}

// TestLargeCallGivesWay checks how many images of a large call stand before others.
func TestLargeCallGivesWay(t *testing.T) {
	c := fresh(t, 4)
	release := c.hold(t)
	large, small := make(chan error), make(chan error)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { _, err := c.Classify(ctx, pictures(1000)...); large <- err }()
	c.waitFor(t, 8)
	go func() { _, err := c.Classify(context.Background(), pictures(1)...); small <- err }()
	c.waitFor(t, 9)
	cancel()
	if err := <-large; !errors.Is(err, context.Canceled) {
		t.Errorf("the large call: %v", err)
	}
	c.waitFor(t, 1)
	release()
	if err := <-small; err != nil {
		t.Error(err)
	}
}

// TestCloseWhileCallsWait checks that each call gets its error and nothing is left over.
func TestCloseWhileCallsWait(t *testing.T) {
	c := fresh(t, 4)
	before := runtime.NumGoroutine() // the device's among them
	release := c.hold(t)
	errs := make(chan error)
	for range 5 {
		go func() { _, err := c.Classify(context.Background(), pictures(1)...); errs <- err }()
	}
	c.waitFor(t, 5)
	closed := make(chan error)
	for range 2 {
		go func() { closed <- c.Close() }()
	}
	for range 5 {
		if err := <-errs; !errors.Is(err, ErrClosed) {
			t.Errorf("a waiting call: %v", err)
		}
	}
	release()
	for range 2 {
		if err := <-closed; err != nil {
			t.Error(err)
		}
	}
	for range 400 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%d goroutines, before %d", runtime.NumGoroutine(), before)
}

// panicking is an image whose methods fail.
type panicking struct{ image.Image }

func (panicking) At(int, int) color.Color { panic("a bug of the caller") }

// TestBadImageHurtsNobodyElse has calls with bad images among good ones.
func TestBadImageHurtsNobodyElse(t *testing.T) {
	c := fresh(t, 4)
	good := pictures(1)[0]
	var none *image.RGBA
	bad := []image.Image{
		nil, image.NewRGBA(image.Rectangle{}), panicking{image.NewRGBA(image.Rect(0, 0, 4, 4))}, none,
		&image.Uniform{C: color.Black}, // has no end
	}
	var calls sync.WaitGroup
	for i := range 40 {
		calls.Go(func() {
			if i%2 == 0 {
				if r, err := c.Classify(context.Background(), good, good); err != nil || len(r) != 2 {
					t.Errorf("good images: %v, %v", r, err)
				}
				return
			}
			b := bad[i/2%len(bad)]
			if _, err := c.Classify(context.Background(), good, b); !errors.Is(err, ErrImage) {
				t.Errorf("%T: %v", b, err)
			}
			if _, err := c.GradCAM(context.Background(), b, 0); !errors.Is(err, ErrImage) {
				t.Errorf("%T explained: %v", b, err)
			}
		})
	}
	calls.Wait()
}

// TestPanicOfTheNetwork is the error of its jobs alone.
func TestPanicOfTheNetwork(t *testing.T) {
	c := fresh(t, 4)
	done := make(chan outcome, 1)
	if err := c.put(c.batch, c.serve, job{done: done, alone: func() error { panic("a bug") }}); err != nil {
		t.Fatal(err)
	}
	if o := <-done; o.err == nil || o.err.Error() != "infer: panic: a bug" {
		t.Errorf("error %v", o.err)
	}
	if _, err := c.Classify(context.Background(), pictures(3)...); err != nil {
		t.Error(err)
	}
}

// TestManyCalls mixes calls of all sizes with cancelled ones.
func TestManyCalls(t *testing.T) {
	c := fresh(t, 4)
	var calls sync.WaitGroup
	for i := range 60 {
		calls.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if i%5 == 0 {
				cancel()
			}
			n := i % 13
			r, err := c.Classify(ctx, pictures(n)...)
			if i%5 == 0 && n > 0 && !errors.Is(err, context.Canceled) || i%5 != 0 && (err != nil || len(r) != n) {
				t.Error(fmt.Errorf("call %d: %d results of %d, %v", i, len(r), n, err))
			}
			if i%7 == 0 {
				if _, err := c.GradCAM(context.Background(), pictures(1)[0], -1); err != nil {
					t.Error(err)
				}
			}
		})
	}
	calls.Wait()
}
