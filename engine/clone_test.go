package engine_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/testdevice"
)

// TestCloneSharesMemory runs programs of a State and of its clone in turn: they work in one
// arena, which grows for both, and which lives as long as one of the two.
func TestCloneSharesMemory(t *testing.T) {
	dev := &scarce{Device: testdevice.Open(t, device.Options{Threads: 1})}
	st := engine.NewState(dev)
	ones := slices.Repeat([]float32{1}, 64)
	if err := errors.Join(st.Add("weight", []int{4, 16}, device.Float32, ones), st.Add("other", []int{4, 16}, device.Float32, ones)); err != nil {
		t.Fatal(err)
	}
	small, err := compileDoubling(dev, st, 64)
	if err != nil {
		t.Fatal(err)
	}
	clone, err := st.Clone("weight")
	if err != nil || clone.Has("other") {
		t.Fatalf("%v, %v", err, clone.Names())
	}
	if _, err := st.Clone("missing"); !errors.Is(err, engine.ErrSlot) {
		t.Errorf("a clone of a slot that is not there: %v", err)
	}
	before := dev.live
	same, err := compileDoubling(dev, clone, 64)
	if err != nil {
		t.Fatal(err)
	}
	if took := dev.live - before; took > same.Memory().Own {
		t.Errorf("the clone's program took %d bytes, of its own it has %d", took, same.Memory().Own)
	}
	large, err := compileDoubling(dev, clone, 4096)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := errors.Join(small.run(), large.run(), same.run()); err != nil {
			t.Fatal(err)
		}
	}
	y := make([]float32, 64*16)
	if err := small.Read(small.y, y); err != nil || y[0] != 3 || y[len(y)-1] != 3 {
		t.Errorf("an output after the clone's programs ran: %v (%v), want 3", y[0], err)
	}
	weight := func(of *engine.State) float32 {
		got := make([]float32, 64)
		if err := of.Read("weight", got); err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	if a, b := weight(st), weight(clone); a != 4 || b != 16 {
		t.Errorf("the weights are %v and %v, want 4 and 16", a, b)
	}
	if err := errors.Join(small.Close(), st.Close()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(large.run(), large.Close(), same.Close(), clone.Close()); err != nil {
		t.Errorf("the clone after the State was closed: %v", err)
	}
	if dev.live != 0 {
		t.Errorf("%d bytes are left", dev.live)
	}
}
