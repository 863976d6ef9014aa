package sysmem

import (
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// root is the root of the file system; tests replace it.
var root = ""

func bounds() []Bound {
	list := rlimits(usedAddresses())
	own := table("/proc/self/status")["VmRSS"]
	for _, b := range cgroups() {
		b.Taken = own
		list = append(list, b)
	}
	m := table("/proc/meminfo")
	if m["MemTotal"] == 0 {
		return list
	}
	free, ok := m["MemAvailable"]
	if !ok {
		free = m["MemFree"] + m["Cached"]
	}
	return append(list,
		Bound{Name: "the system's memory and swap", Limit: m["MemTotal"] + m["SwapTotal"], Free: m["MemTotal"] + m["SwapTotal"], Hard: true},
		Bound{Name: "the system's free memory", Limit: m["MemTotal"], Free: free + m["SwapFree"], Taken: own})
}

// usedAddresses are the process's uses of its resource limits, in bytes.
func usedAddresses() map[int]int64 {
	s := table("/proc/self/status")
	return map[int]int64{unix.RLIMIT_AS: s["VmSize"], unix.RLIMIT_DATA: s["VmData"]}
}

// table reads lines such as "MemFree:  123 kB" as bytes.
func table(name string) map[string]int64 {
	values := map[string]int64{}
	for line := range strings.Lines(readFile(name)) {
		key, value, _ := strings.Cut(line, ":")
		words := strings.Fields(value)
		if len(words) == 0 {
			continue
		}
		n, err := strconv.ParseInt(words[0], 10, 64)
		if err != nil {
			continue
		}
		if len(words) > 1 && words[1] == "kB" {
			n <<= 10
		}
		values[key] = n
	}
	return values
}

func readFile(name string) string {
	data, _ := os.ReadFile(root + name)
	return string(data)
}

// cgroups are the limits of the process's control group and of the groups around it, in
// version 1, 2, or both.
func cgroups() (list []Bound) {
	for line := range strings.Lines(readFile("/proc/self/cgroup")) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case parts[0] == "0" && parts[1] == "":
			list = append(list, walk(parts[2], "cgroup2", "", version2)...)
		case contains(parts[1], "memory"):
			list = append(list, walk(parts[2], "cgroup", "memory", version1)...)
		}
	}
	return list
}

func contains(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

// walk reads the limits of a group and of its mounted parents.
func walk(group, kind, controller string, limit func(dir string) (Bound, bool)) (list []Bound) {
	mount, inside, ok := mounted(group, kind, controller)
	if !ok {
		return nil
	}
	for {
		if b, ok := limit(path.Join(mount, inside)); ok {
			list = append(list, b)
		}
		if inside == "/" || inside == "." {
			return list
		}
		inside = path.Dir(inside)
	}
}

// mounted finds where a hierarchy of groups is mounted, and a group's path below that. In
// a container the mount's root may be the group itself.
func mounted(group, kind, controller string) (mount, inside string, ok bool) {
	for line := range strings.Lines(readFile("/proc/self/mountinfo")) {
		before, after, _ := strings.Cut(line, " - ")
		m, super := strings.Fields(before), strings.Fields(after)
		if len(m) < 5 || len(super) < 3 || super[0] != kind || controller != "" && !contains(super[2], controller) {
			continue
		}
		inside, found := strings.CutPrefix(path.Clean(group), strings.TrimSuffix(path.Clean(m[3]), "/"))
		if !found || inside != "" && inside[0] != '/' {
			inside = "/"
		}
		return m[4], path.Join("/", inside), true
	}
	return "", "", false
}

// version2 reads a group's limit. Beyond memory.high the kernel does not end a process, but
// slows it down almost to a stop, so it counts as a limit.
func version2(dir string) (Bound, bool) {
	limit, ok := number(dir + "/memory.max")
	if high, also := number(dir + "/memory.high"); also && (!ok || high < limit) {
		limit, ok = high, true
	}
	used, known := number(dir + "/memory.current")
	if !ok || !known {
		return Bound{}, false
	}
	return group(dir, limit, used, "inactive_file"), true
}

func version1(dir string) (Bound, bool) {
	limit, ok := number(dir + "/memory.limit_in_bytes")
	used, known := number(dir + "/memory.usage_in_bytes")
	const none = 1 << 60 // from here on: no limit
	if !ok || !known || limit >= none {
		return Bound{}, false
	}
	return group(dir, limit, used, "total_inactive_file"), true
}

// group is the Bound of a group; memory that the kernel can drop at once does not count as
// used.
func group(dir string, limit, used int64, droppable string) Bound {
	for line := range strings.Lines(readFile(dir + "/memory.stat")) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), " "); name == droppable {
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				used -= min(n, used)
			}
		}
	}
	return Bound{Name: "the control group's limit", Limit: limit, Free: limit - used, Hard: true}
}

// number reads a file with a number; "max" is not one.
func number(name string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(readFile(name)), 10, 64)
	return n, err == nil && n >= 0
}
