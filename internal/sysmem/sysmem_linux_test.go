package sysmem

import (
	"os"
	"path/filepath"
	"testing"
)

// system puts files where the kernel has them.
func system(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root = dir
	t.Cleanup(func() { root = "" })
}

const (
	mountV2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
	mountV1 = "33 31 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n34 31 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	noLimit = "9223372036854771712\n"
)

func TestCgroups(t *testing.T) {
	type files = map[string]string
	for _, c := range []struct {
		name  string
		files files
		free  int64 // of the tightest; 0: no limit
		limit int64
	}{
		{"version 2", files{
			"proc/self/cgroup": "0::/user/run\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/user/run/memory.max": "1000\n", "sys/fs/cgroup/user/run/memory.current": "300\n",
		}, 700, 1000},
		{"version 2, a parent's limit and pages of files", files{
			"proc/self/cgroup": "0::/user/run\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/user/run/memory.max": "max\n", "sys/fs/cgroup/user/run/memory.current": "300\n",
			"sys/fs/cgroup/user/memory.max": "500\n", "sys/fs/cgroup/user/memory.current": "400\n",
			"sys/fs/cgroup/user/memory.stat": "anon 1\ninactive_file 150\n",
		}, 250, 500},
		{"version 2, memory.high", files{
			"proc/self/cgroup": "0::/run\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/run/memory.max": "1000\n", "sys/fs/cgroup/run/memory.high": "600\n", "sys/fs/cgroup/run/memory.current": "100\n",
		}, 500, 600},
		{"version 2 in a container", files{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/memory.max": "1000\n", "sys/fs/cgroup/memory.current": "2000\n",
		}, -1000, 1000},
		{"version 1", files{
			"proc/self/cgroup": "4:cpu:/x\n3:memory:/docker/a\n0::/\n", "proc/self/mountinfo": mountV1,
			"sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes": "1000\n", "sys/fs/cgroup/memory/docker/a/memory.usage_in_bytes": "900\n",
			"sys/fs/cgroup/memory/docker/a/memory.stat":    "inactive_file 5\ntotal_inactive_file 100\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":   noLimit,
			"sys/fs/cgroup/memory/memory.usage_in_bytes":   "5000\n",
			"sys/fs/cgroup/memory/docker/memory.something": "",
		}, 200, 1000},
		{"version 1, whose mount begins at the group", files{
			"proc/self/cgroup": "3:memory:/docker/a\n", "proc/self/mountinfo": "34 31 0:31 /docker/a /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "800\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "100\n",
		}, 700, 800},
		{"version 1 without a limit", files{
			"proc/self/cgroup": "3:memory:/\n", "proc/self/mountinfo": mountV1,
			"sys/fs/cgroup/memory/memory.limit_in_bytes": noLimit, "sys/fs/cgroup/memory/memory.usage_in_bytes": "100\n",
		}, 0, 0},
		{"nothing", files{}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			system(t, c.files)
			got := Tightest(cgroups(), func(Bound) bool { return true })
			if c.limit == 0 && got != None || c.limit != 0 && (got.Free != c.free || got.Limit != c.limit || !got.Hard) {
				t.Errorf("%+v, want %d of %d", got, c.free, c.limit)
			}
		})
	}
}

func TestSystem(t *testing.T) {
	system(t, map[string]string{"proc/meminfo": "MemTotal: 100 kB\nMemFree: 10 kB\nMemAvailable: 60 kB\nSwapTotal: 40 kB\nSwapFree: 20 kB\n"})
	soft := Tightest(Bounds(), func(b Bound) bool { return !b.Hard })
	hard := Tightest(Bounds(), func(b Bound) bool { return b.Hard && !b.Address })
	if soft.Free != 80<<10 || hard.Free != 140<<10 {
		t.Errorf("free %+v, in all %+v", soft, hard)
	}
	root = ""
	if b := Bounds(); len(b) == 0 {
		t.Error("this system tells nothing of its memory")
	}
}
