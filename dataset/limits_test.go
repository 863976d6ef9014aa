package dataset

import (
	"context"
	"testing"
)

// TestLimitCache keeps fewer decoded images than was asked for.
func TestLimitCache(t *testing.T) {
	train, _, err := Drawn{Classes: 2, Images: 4, Size: 16}.Splits()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		limit int64
		kept  int
	}{{1 << 30, 8}, {1100, 1}, {0, 0}} {
		l, err := NewLoader(train, LoaderConfig{Batch: 4, Workers: 1, CacheBytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		l.LimitCache(c.limit)
		for _, err := range l.Batches(context.Background(), 1) {
			if err != nil {
				t.Fatal(err)
			}
		}
		kept := 0
		if l.cache != nil {
			kept = len(l.cache.samples)
		}
		if kept != c.kept {
			t.Errorf("limit %d: %d images kept, want %d", c.limit, kept, c.kept)
		}
	}
}
