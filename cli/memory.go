package cli

import (
	"fmt"
	"math"

	"github.com/euryale-ml/euryale/internal/sysmem"
)

const (
	startBytes = 96 << 20 // address space that every command takes at its start
	leastBytes = 48 << 20 // memory that every command takes
)

// checkMemory is an error if a limit leaves too little memory to start, since Go's runtime
// would end the process with its own error later. It also sets the collector's limit.
func checkMemory() error {
	sysmem.LimitHeap(0)
	err := sysmem.Reserve(0, startBytes)
	hard := sysmem.Tightest(sysmem.Bounds(), func(b sysmem.Bound) bool { return b.Hard && !b.Address })
	if room := hard.Room(0); err == nil && room < leastBytes {
		err = &sysmem.Shortage{Need: leastBytes, Free: room, Bound: hard}
	}
	if err != nil {
		return fmt.Errorf("not enough memory to start: %w", err)
	}
	return nil
}

// printMemory prints the memory that the run needs and the free memory, and sets the
// collector's limit to it.
func (n *session) printMemory() {
	use, room := n.trainer.MemoryUse(), n.trainer.RoomForMemory()
	sysmem.LimitHeap(use.Model + use.Work)
	if room == math.MaxInt64 {
		n.info("memory: needs about %s", sysmem.Text(use.Total()))
		return
	}
	n.info("memory: needs about %s, %s free", sysmem.Text(use.Total()), sysmem.Text(room))
}
