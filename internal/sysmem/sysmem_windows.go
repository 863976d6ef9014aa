package sysmem

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// memoryStatus is MEMORYSTATUSEX.
type memoryStatus struct {
	length, load                                                          uint32
	total, free, totalPage, freePage, totalVirtual, freeVirtual, extended uint64
}

var globalMemoryStatusEx = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

// bounds are the commit limit, beyond which allocations fail, and free memory.
func bounds() []Bound {
	var m memoryStatus
	m.length = uint32(unsafe.Sizeof(m))
	if ok, _, _ := globalMemoryStatusEx.Call(uintptr(unsafe.Pointer(&m))); ok == 0 {
		return nil
	}
	return []Bound{
		{Name: "the system's memory and page file", Limit: int64(m.totalPage), Free: int64(m.freePage), Hard: true},
		{Name: "the system's free memory", Limit: int64(m.total), Free: int64(m.free)},
	}
}
