package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// TestStopSignals chooses the signals that stop.
func TestStopSignals(t *testing.T) {
	for _, c := range []struct {
		name     string
		ignored  bool // SIGHUP
		variable string
		want     []os.Signal
	}{
		{"a terminal", false, "", []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}},
		{"nohup", true, "", []os.Signal{os.Interrupt, syscall.SIGTERM}},
		{"Slurm", true, "SLURM_JOB_ID", append([]os.Signal{os.Interrupt, syscall.SIGTERM}, launcherSignals...)},
		{"torchrun", false, "TORCHELASTIC_RUN_ID", append([]os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}, launcherSignals...)},
	} {
		env := func(name string) string {
			if name == c.variable {
				return "1"
			}
			return ""
		}
		ignored := func(s os.Signal) bool { return c.ignored && s == syscall.SIGHUP }
		if got := stopSignals(env, ignored); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestSecondSignal counts what ends the process at once.
func TestSecondSignal(t *testing.T) {
	const term, hup = syscall.SIGTERM, syscall.SIGHUP
	for _, c := range []struct {
		signals []os.Signal
		ends    bool
	}{
		{[]os.Signal{os.Interrupt}, false},
		{[]os.Signal{os.Interrupt, os.Interrupt}, true},
		{[]os.Signal{term, os.Interrupt}, true},
		{[]os.Signal{hup, hup, hup}, false}, // of the shell and of the system
		{[]os.Signal{term, hup}, false},     // of systemd
		{[]os.Signal{hup, term}, false},
		{[]os.Signal{hup, term, term}, true},
	} {
		signals, stops := make(chan os.Signal, len(c.signals)), 0
		for _, s := range c.signals {
			signals <- s
		}
		close(signals)
		waitForStop(signals, func() { stops++ })
		left := 0
		for range signals {
			left++
		}
		second := 0
		for _, s := range c.signals {
			if s != hup {
				second++
			}
		}
		if ended := second > 1 && left == 0; ended != c.ends || stops != 1 {
			t.Errorf("%v: ends at once %v, stopped %d times", c.signals, ended, stops)
		}
	}
}

// signalled runs the training command as a process and sends signals: one after each line
// that begins with a word of after.
func signalled(t *testing.T, as string, env []string, signals []os.Signal, after []string, args ...string) (code int, said string) {
	t.Helper()
	caught := make(chan os.Signal, 1) // what this process ignores, under nohup, its child would ignore too
	signal.Notify(caught, syscall.SIGHUP, os.Interrupt)
	defer signal.Stop(caught)
	p := exec.Command(os.Args[0], args...)
	p.Env = append(append(os.Environ(), asCommand+"="+as), env...)
	stderr, err := p.StderrPipe()
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(time.Minute, func() { p.Process.Kill() })
	defer stuck.Stop()
	var b strings.Builder
	next := 0
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		b.WriteString(lines.Text() + "\n")
		if next < len(after) && strings.HasPrefix(lines.Text(), after[next]) {
			if err := p.Process.Signal(signals[min(next, len(signals)-1)]); err != nil {
				t.Fatal(err)
			}
			next++
		}
	}
	p.Wait()
	return p.ProcessState.ExitCode(), b.String()
}

// TestSignals runs the training command as a process of its own and stops it.
func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("processes there get no signals")
	}
	inFolder(t)
	slurm := []string{"SLURM_JOB_ID=7"}
	usr1 := []os.Signal{os.Interrupt}
	if len(launcherSignals) > 0 {
		usr1 = launcherSignals
	}
	for _, c := range []struct {
		name   string
		as     string
		env    []string
		signal os.Signal
		after  []string
		saved  bool
	}{
		{"Ctrl-C", "plain", nil, os.Interrupt, []string{"epoch 2/"}, true},
		{"SIGTERM", "plain", nil, syscall.SIGTERM, []string{"epoch 2/"}, true},
		{"SIGHUP", "plain", nil, syscall.SIGHUP, []string{"epoch 2/"}, true},
		{"SIGHUP twice", "plain", nil, syscall.SIGHUP, []string{"epoch 2/", "stopping"}, true},
		{"SIGUSR1 of Slurm", "plain", slurm, usr1[0], []string{"epoch 2/"}, true},
		{"Ctrl-C twice", "stuck", nil, os.Interrupt, []string{"stuck", "stopping"}, false},
	} {
		out := strings.ReplaceAll(c.name, " ", "_")
		code, said := signalled(t, c.as, c.env, []os.Signal{c.signal}, c.after, "-out", out, "-set", "train.epochs=100000")
		saved := strings.Contains(said, "saved; resume with: ")
		if code != Stopped || saved != c.saved {
			t.Errorf("%s: code %d, saved %v:\n… %s", c.name, code, saved, said[max(0, len(said)-2000):])
		}
		if c.saved && !exists(out+"/checkpoints/last.safetensors") {
			t.Errorf("%s: nothing was saved", c.name)
		}
	}
}

// TestNohup ignores SIGHUP at the start, as nohup does.
func TestNohup(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("there is no shell")
	}
	inFolder(t)
	p := exec.Command(sh, "-c", `trap "" HUP; "$0" -out run -set train.epochs=3 & p=$!
		while [ ! -s run/metrics.jsonl ]; do sleep 0.05; done
		kill -HUP $p; wait $p`, os.Args[0])
	p.Env = append(os.Environ(), asCommand+"=plain")
	if said, err := p.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, said)
	}
	if r, err := run.Folder("run").Report(); err != nil || r.Status != run.Finished {
		t.Errorf("%v, %+v", err, r)
	}
}

// TestClosedStreams closes the pipes that a run writes to: it continues and saves everything.
func TestClosedStreams(t *testing.T) {
	inFolder(t)
	for _, c := range []struct {
		name       string
		args       []string
		outs, errs bool // are closed
		code       int
	}{
		{"progress", nil, false, true, Done},
		{"results", nil, true, false, Failed},
		{"results as JSON", []string{"-json"}, true, false, Failed},
		{"both", nil, true, true, Failed},
	} {
		dir := strings.ReplaceAll(c.name, " ", "_")
		p := exec.Command(os.Args[0], append(c.args, "-out", dir)...)
		p.Env = append(os.Environ(), asCommand+"=plain")
		p.Stdout, p.Stderr = pipe(t, c.outs), pipe(t, c.errs)
		p.Run()
		if code := p.ProcessState.ExitCode(); code != c.code {
			t.Errorf("%s closed: exit code %d, want %d", c.name, code, c.code)
		}
		if r, err := run.Folder(dir).Report(); err != nil || r.Status != run.Finished || r.Error != "" {
			t.Errorf("%s closed: %v, %+v", c.name, err, r)
		}
	}
}

// pipe is a pipe whose reader is gone, or that is read to its end.
func pipe(t *testing.T, closed bool) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	if closed {
		r.Close()
	} else {
		go io.Copy(io.Discard, r)
	}
	return w
}

// TestResultsThatCannotBeWritten has a full disk or a reader that is gone behind standard
// output.
func TestResultsThatCannotBeWritten(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	for _, c := range []struct {
		w    *os.File
		says string
	}{{full, "the results could not be written to standard output"}, {pipe(t, true), ""}} {
		var said strings.Builder
		r := &results{w: c.w}
		if r.codeOf(Done, &said) != Done {
			t.Error("failed before anything was written")
		}
		_, err := fmt.Fprintln(r, "a result")
		if code := r.codeOf(Done, &said); err == nil || code != Failed || !strings.HasPrefix(said.String(), c.says) || c.says == "" && said.String() != "" {
			t.Errorf("%v: code %d, %q", err, code, said.String())
		}
		if r.codeOf(Stopped, &said) != Stopped || r.codeOf(Usage, &said) != Usage {
			t.Error("another code was replaced")
		}
	}
}

// TestStoppedBeforeTheFirstStep stops runs early: nothing is saved, and the same command,
// or -resume, begins them again.
func TestStoppedBeforeTheFirstStep(t *testing.T) {
	inFolder(t)
	train("-quiet", "-out", "straight").wants(t, Done, nil, nil)
	for name, early := range map[string]func(*training, context.CancelCauseFunc){
		"while the run is prepared": func(_ *training, stop context.CancelCauseFunc) { stop(ErrStopped) },
		"before Fit":                func(tr *training, stop context.CancelCauseFunc) { tr.attached = func(*session) { stop(ErrStopped) } },
		"at the start of Fit": func(tr *training, stop context.CancelCauseFunc) {
			tr.attached = func(n *session) {
				n.trainer.AddHook(trainer.Hook{Name: "stop", Start: func(trainer.Start) error { stop(ErrStopped); return nil }})
			}
		},
	} {
		for i, next := range [][]string{nil, {"-resume"}} {
			ctx, cancel := context.WithCancelCause(t.Context())
			dir := fmt.Sprintf("%s %d", name, i)
			command := TrainCommand([]byte(tinyRecipe), func(tr *training) { early(tr, cancel) })
			o := runCommand(ctx, command, "", "-out", dir)
			o.wants(t, Stopped, nil, []string{nothingSaved})
			if left, _ := filepath.Glob(filepath.Join(dir, "checkpoints", "*")); len(left) > 0 || strings.Contains(o.err, "saved; go on") {
				t.Errorf("%s: %v is left; %s", name, left, o.err)
			}
			train(append(next, "-quiet", "-out", dir)...).wants(t, Done, []string{"test accuracy"}, nil)
			if !reflect.DeepEqual(tensors(t, dir), tensors(t, "straight")) {
				t.Errorf("%s: the next run has other weights than one that was never stopped", name)
			}
		}
	}
}

// TestStoppedWhileResuming stops before a resumed run has made a step: it stays as it was.
func TestStoppedWhileResuming(t *testing.T) {
	inFolder(t)
	train("-quiet", "-out", "run", "-set", "train.max_steps=2").wants(t, Done, nil, nil)
	before := tensors(t, "run")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.Join(ErrStopped))
	o := runCommand(ctx, TrainCommand([]byte(tinyRecipe)), "", "-resume", "-out", "run", "-set", "train.max_steps=4")
	if o.code != Stopped || strings.Contains(o.err, "starts afresh") || !reflect.DeepEqual(tensors(t, "run"), before) {
		t.Errorf("%+v", o)
	}
	train("-quiet", "-resume", "-out", "run", "-set", "train.max_steps=4").wants(t, Done, nil, nil)
}
