package sysmem

import (
	"errors"
	"runtime"
	"testing"
)

// TestReserveWithNothingLeft is a Shortage at once: collecting garbage may start threads,
// for which there are no addresses.
func TestReserveWithNothingLeft(t *testing.T) {
	defer Replace(Bound{Name: "the test's limit", Limit: 1 << 30, Hard: true, Address: true})()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var short *Shortage
	if err := Reserve(0, 0); !errors.As(err, &short) || short.Free != 0 || short.Bound.Name != "the test's limit" {
		t.Errorf("error %v", err)
	}
	if runtime.ReadMemStats(&after); after.NumForcedGC != before.NumForcedGC {
		t.Error("garbage was collected")
	}
}
