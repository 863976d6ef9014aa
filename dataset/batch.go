package dataset

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/euryale-ml/euryale/internal/philox"
	"github.com/euryale-ml/euryale/transforms"
)

// Batch is a group of images that the network takes at once.
type Batch struct {
	Images     []float32 // [N, C, H, W]
	Labels     []int64   // [N]
	Index      []int     // [N], of the images in the set
	Names      []string  // [N], Sample.Name of each image
	Others     []int64   // [N], with mixup the labels of the images that were mixed in, else nil
	Lambda     float64   // with mixup the share of Labels; Others have the rest
	N, C, H, W int
}

// ahead is the number of batches that are made while one is in use.
const ahead = 2

// Batches makes the batches of an epoch, counted from 1. A batch is valid until
// the loop's next turn, since its memory is reused. The loop may be left at any
// time; then all goroutines have ended. An error ends the loop: the cause of a
// cancelled context, ErrBadImage with StopOnBad or when no image can be read,
// ErrPanic if code of the set or of a transform panicked, or
// transforms.ErrShape. In testing a batch without a readable image is left out.
func (l *Loader) Batches(ctx context.Context, epoch int) iter.Seq2[*Batch, error] {
	return l.BatchesFrom(ctx, epoch, 0)
}

// BatchesFrom makes the batches of an epoch without the first skip: a run that
// was stopped within an epoch resumes with the batches that it would have had.
func (l *Loader) BatchesFrom(ctx context.Context, epoch, skip int) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		w, h, err := l.ImageSize(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		inner, cancel := context.WithCancelCause(ctx)
		e := &epochLoad{l: l, ctx: inner, fail: cancel, epoch: epoch, order: l.order(epoch), w: w, h: h}
		e.start(max(skip, 0))
		defer e.stop()
		for s := range e.slots {
			select {
			case <-s.ready:
			case <-inner.Done():
				yield(nil, unwrapFatal(context.Cause(inner)))
				return
			}
			b, err := s.finish()
			if err != nil {
				yield(nil, unwrapFatal(err))
				return
			}
			if b.N > 0 && !yield(b, nil) {
				return
			}
			e.free <- s.memory
		}
		if inner.Err() != nil {
			yield(nil, unwrapFatal(context.Cause(inner)))
		}
	}
}

// epochLoad loads the images of one epoch: a dispatcher sends the images of the
// batches to the workers in order, workers write each to its place, and the loop
// waits for the oldest batch.
type epochLoad struct {
	l     *Loader
	ctx   context.Context
	fail  context.CancelCauseFunc // of ctx
	epoch int
	order []int
	w, h  int

	slots chan *slot   // in order of the batches
	free  chan *memory // not in use by a batch
	jobs  chan job
	all   sync.WaitGroup
}

type job struct {
	*slot
	at int // within the batch
}

func (e *epochLoad) start(skip int) {
	e.slots, e.free, e.jobs = make(chan *slot, ahead), make(chan *memory, ahead+1), make(chan job)
	for range ahead + 1 {
		e.free <- e.l.spare.take(e.l.config.Batch, 3*e.w*e.h, e.l.config.Mixup > 0)
	}
	e.all.Go(func() { e.dispatch(skip) })
	for range e.l.config.Workers {
		e.all.Go(e.work)
	}
}

// stop ends the goroutines, waits for them, and keeps the memory for the next
// epoch.
func (e *epochLoad) stop() {
	e.fail(context.Canceled)
	e.all.Wait()
	for len(e.free) > 0 {
		e.l.spare.give(<-e.free)
	}
}

func (e *epochLoad) dispatch(skip int) {
	defer close(e.jobs)
	defer close(e.slots)
	defer func() {
		if p := recover(); p != nil {
			e.fail(panicked(fmt.Sprintf("handing out the images of epoch %d", e.epoch), p))
		}
	}()
	size := e.l.config.Batch
	for step := skip; step < e.l.Steps(); step++ {
		first := step * size
		n := min(size, len(e.order)-first)
		var m *memory
		select {
		case m = <-e.free:
		case <-e.ctx.Done():
			return
		}
		s := newSlot(m, first, n, e.w, e.h)
		select {
		case e.slots <- s:
		case <-e.ctx.Done():
			return
		}
		for at := range n {
			select {
			case e.jobs <- job{s, at}:
			case <-e.ctx.Done():
				return
			}
		}
	}
}

// work fills places of batches. If the set's code ends the goroutine with
// runtime.Goexit, another replaces it: the batches before are still made.
func (e *epochLoad) work() {
	returned := false
	defer func() {
		if !returned {
			e.all.Go(e.work)
		}
	}()
	for j := range e.jobs {
		e.do(j)
	}
	returned = true
}

// do fills one place of a batch and counts it as done, whatever happens in the
// set's or the transforms' code: the loop waits for every place.
func (e *epochLoad) do(j job) {
	i := e.order[j.first+j.at] // index in the set, for the message
	returned := false
	defer func() {
		if p := recover(); p != nil || !returned {
			j.errs[j.at] = panicked(fmt.Sprintf("loading image %d", i), p)
		}
		if j.done() {
			e.complete(j.slot)
		}
	}()
	j.errs[j.at] = e.fill(j, &i)
	returned = true
}

// complete mixes the images of a batch, all of which are loaded, and makes it ready.
func (e *epochLoad) complete(s *slot) {
	defer close(s.ready)
	defer func() {
		if p := recover(); p != nil {
			s.errs[0] = panicked("mixup of the batch that begins with "+s.names[0], p)
		}
	}()
	if e.l.config.Mixup > 0 && !slices.ContainsFunc(s.errs[:s.n], func(err error) bool { return err != nil }) {
		s.mix(e.l.lambda(e.epoch, s.first/e.l.config.Batch))
	}
}

// erase applies LoaderConfig.Erase to the image at j's place, image i of the set.
func (e *epochLoad) erase(j job, i int) {
	if c := e.l.config; c.Erase.P > 0 {
		r := rand.New(philox.New(c.Seed, philox.Stream("erase"), uint64(e.epoch), uint64(i)))
		c.Erase.Erase(j.images[j.at*j.pixels:(j.at+1)*j.pixels], e.w, e.h, r)
	}
}

// fill puts one image into its place in the batch. It sets now to the index of
// the image that it works on.
func (e *epochLoad) fill(j job, now *int) error {
	position := j.first + j.at
	tries := 1
	if e.l.config.Train && !e.l.config.StopOnBad {
		tries = len(e.order)
	}
	var first error
	for t := range tries {
		i := e.order[(position+t)%len(e.order)]
		*now = i
		s, err := e.l.load(e.ctx, e.epoch, i)
		if err != nil && e.ctx.Err() != nil && !isFatal(err) {
			return fatalError{context.Cause(e.ctx)} // the context may be the image's only fault
		}
		if isFatal(err) {
			return err
		}
		if err != nil {
			if first == nil {
				first = fmt.Errorf("dataset: %w: %s: %w", ErrBadImage, e.l.name(s, i), err)
			}
			continue
		}
		if s.Image.W != e.w || s.Image.H != e.h {
			return fatalError{fmt.Errorf("dataset: %w: %s is %d×%d pixels after its transform, others are %d×%d",
				transforms.ErrShape, e.l.name(s, i), s.Image.W, s.Image.H, e.w, e.h)}
		}
		j.put(j.at, i, s, e.l.normalize)
		e.erase(j, i)
		return nil
	}
	if e.l.config.Train || e.l.config.StopOnBad {
		return fatalError{first}
	}
	return first
}
