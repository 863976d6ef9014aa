package cli

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/internal/sysmem"
)

// bound is a limit that leaves so many megabytes.
func bound(mb int64, hard bool) sysmem.Bound {
	return sysmem.Bound{Name: "the test's limit", Limit: mb << 20, Free: mb << 20, Hard: hard}
}

// big are settings of the tiny network that take some hundred megabytes.
var big = []string{"-set", "data.resize=256", "-set", "data.crop=256", "-set", "data.drawn_images=64", "-set", "data.batch=64", "-set", "train.max_steps=1"}

// TestMemory starts runs under limits: what does not fit is an error before the first step,
// with settings that do fit.
func TestMemory(t *testing.T) {
	inFolder(t)
	defer sysmem.Replace(bound(100<<10, true))()
	train("-out", "fits").wants(t, Done, nil, []string{"memory: needs about ", "107.4 GB free"})

	sysmem.Replace(bound(400, true))
	o := train(append(big, "-out", "large")...)
	o.wants(t, Failed, nil, []string{"not enough memory: this run needs about ", "the test's limit leaves 419 MB", "data.batch="})
	if exists("large") {
		t.Error("a folder was made")
	}
	settings := regexp.MustCompile(`(data\.batch=\d+)(?: with (train\.accumulate=\d+))?`).FindStringSubmatch(o.err)
	args := append(big, "-out", "smaller", "-set", settings[1])
	if settings[2] != "" {
		args = append(args, "-set", settings[2])
	}
	train(args...).wants(t, Done, nil, []string{"419 MB free"})

	sysmem.Replace(bound(10, true))
	train("-out", "none").wants(t, Failed, nil, []string{"not enough memory for the model's 242 parameters"})

	sysmem.Replace(bound(60, false)) // memory that the system may still find
	train("-out", "soft").wants(t, Done, nil, []string{"not enough memory", "the test's limit leaves 63 MB"})
}

// TestLimitedAddresses runs processes under ulimit -v: at every size they end well or with
// a message, and never by Go's own error.
func TestLimitedAddresses(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS != "linux" || exec.Command(sh, "-c", "ulimit -v 4000000").Run() != nil {
		t.Skip("there is no ulimit -v")
	}
	inFolder(t)
	done := 0
	for _, mb := range []int{2000, 2200, 2500, 16000} {
		p := exec.Command(sh, "-c", `ulimit -v "$0" && exec "$@"`, fmt.Sprint(mb<<10), os.Args[0], "-quiet", "-out", fmt.Sprint("run", mb))
		p.Env = append(os.Environ(), asCommand+"=plain")
		said, _ := p.CombinedOutput()
		switch code := p.ProcessState.ExitCode(); {
		case code == Done:
			done++
		case code != Failed || !strings.Contains(string(said), "not enough memory") || strings.Contains(string(said), "goroutine "):
			t.Errorf("ulimit -v of %d MB: code %d\n%.2000s", mb, code, said)
		}
	}
	if done == 0 {
		t.Error("no run had enough")
	}
}
