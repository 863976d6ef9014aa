package cli

import (
	"bufio"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSignals runs the training command as a process of its own and stops it.
func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("processes there get no signals")
	}
	inFolder(t)
	for _, c := range []struct {
		name   string
		as     string
		signal os.Signal
		after  []string // a signal after each line that begins so
		saved  bool
	}{
		{"Ctrl-C", "plain", os.Interrupt, []string{"epoch 2/"}, true},
		{"SIGTERM", "plain", syscall.SIGTERM, []string{"epoch 2/"}, true},
		{"Ctrl-C twice", "stuck", os.Interrupt, []string{"stuck", "stopping"}, false},
	} {
		out := strings.ReplaceAll(c.name, " ", "_")
		p := exec.Command(os.Args[0], "-out", out, "-set", "train.epochs=100000")
		p.Env = append(os.Environ(), asCommand+"="+c.as)
		stderr, err := p.StderrPipe()
		if err == nil {
			err = p.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		began, next := time.Now(), 0
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			said.WriteString(lines.Text() + "\n")
			if next < len(c.after) && strings.HasPrefix(lines.Text(), c.after[next]) {
				next++
				if err := p.Process.Signal(c.signal); err != nil {
					t.Fatal(err)
				}
			}
		}
		p.Wait()
		saved := strings.Contains(said.String(), "saved; go on with: ")
		if code := p.ProcessState.ExitCode(); code != Stopped || saved != c.saved || time.Since(began) > 30*time.Second {
			t.Errorf("%s: code %d, saved %v, after %v:\n%s", c.name, code, saved, time.Since(began), said.String())
		}
		if c.saved && !exists(out+"/checkpoints/last.safetensors") {
			t.Errorf("%s: nothing was saved", c.name)
		}
	}
}
