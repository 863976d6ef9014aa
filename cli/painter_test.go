package cli

import (
	"errors"
	"slices"
	"sync"
	"testing"
)

func TestPainter(t *testing.T) {
	var mu sync.Mutex
	var drawn, warned []string
	p := newPainter(func(picture string, err error) {
		mu.Lock()
		defer mu.Unlock()
		warned = append(warned, picture+": "+err.Error())
	})
	note := func(s string) func() error {
		return func() error {
			mu.Lock()
			defer mu.Unlock()
			drawn = append(drawn, s)
			return nil
		}
	}
	begun, release := make(chan bool), make(chan bool)
	p.draw("first", func() error { close(begun); <-release; return errors.New("no disk") })
	<-begun
	p.draw("curves", note("curves 1"))
	p.draw("matrix", note("matrix"))
	p.draw("curves", note("curves 2")) // replaces the one that waits
	p.draw("bad", func() error { panic("a bug") })
	close(release)
	p.close()
	if want := []string{"curves 2", "matrix"}; !slices.Equal(drawn, want) {
		t.Errorf("drawn %v, want %v", drawn, want)
	}
	if want := []string{"first: no disk", "bad: panic: a bug"}; !slices.Equal(warned, want) {
		t.Errorf("warned %v, want %v", warned, want)
	}
}
