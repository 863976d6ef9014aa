package cli

import (
	"fmt"
	"math"

	"github.com/euryale-ml/euryale/internal/sysmem"
)

const (
	startBytes = 96 << 20 // of addresses that a command takes before it knows what it needs
	leastBytes = 48 << 20 // of memory that every command takes
)

// checkMemory refuses to start where a limit leaves too little: Go would end the process
// with its own error somewhere. It also has the collector heed the limits.
func checkMemory() error {
	sysmem.LimitHeap(0)
	err := sysmem.Reserve(0, startBytes)
	hard := sysmem.Tightest(sysmem.Bounds(), func(b sysmem.Bound) bool { return b.Hard && !b.Address })
	if there := hard.Room(0); err == nil && there < leastBytes {
		err = &sysmem.Shortage{Need: leastBytes, Free: there, Bound: hard}
	}
	if err != nil {
		return fmt.Errorf("not enough memory to start: %w", err)
	}
	return nil
}

// sayMemory prints what the run needs and what there is, and has the collector keep the
// heap within it.
func (n *session) sayMemory() {
	use, room := n.trainer.MemoryUse(), n.trainer.RoomForMemory()
	sysmem.LimitHeap(use.Model + use.Work)
	if room == math.MaxInt64 {
		n.say("memory: needs about %s", sysmem.Text(use.Total()))
		return
	}
	n.say("memory: needs about %s, %s free", sysmem.Text(use.Total()), sysmem.Text(room))
}
