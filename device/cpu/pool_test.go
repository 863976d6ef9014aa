package cpu

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestPoolDoesEveryPieceOnce(t *testing.T) {
	p := newPool(3)
	defer p.close()
	var counts [100]atomic.Int64
	j := &job{pieces: len(counts), do: func(_, piece int) { counts[piece].Add(1) }}
	for round := range int64(50) {
		p.begin()
		p.run(j)
		for i := range counts {
			if n := counts[i].Load(); n != round+1 {
				t.Fatalf("round %d: piece %d was done %d times", round, i, n)
			}
		}
		p.end()
	}
}

func TestPoolPanic(t *testing.T) {
	p := newPool(2)
	defer p.close()
	p.begin()
	defer p.end()
	broken := errors.New("broken")
	bad := &job{pieces: 64, do: func(_, piece int) {
		if piece == 40 {
			panic(broken)
		}
		time.Sleep(10 * time.Microsecond)
	}}
	for range 3 {
		func() {
			defer func() {
				err, ok := recover().(error)
				if !ok || !errors.Is(err, broken) || !strings.Contains(err.Error(), "worker") {
					t.Errorf("recovered %v, want an error that wraps the piece's and names the worker", err)
				}
			}()
			p.run(bad)
		}()
		var done atomic.Int64
		p.run(&job{pieces: 64, do: func(int, int) { done.Add(1) }})
		if done.Load() != 64 {
			t.Errorf("%d of 64 pieces after a panic", done.Load())
		}
	}
}
