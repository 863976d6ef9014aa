package filelock_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/euryale-ml/euryale/internal/filelock"
)

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".lock")
	l, err := filelock.Acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := filelock.Acquire(path); !errors.Is(err, filelock.ErrLocked) {
		t.Errorf("a second lock: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
	if err := l.Release(); err != nil {
		t.Error("released twice:", err)
	}
	l, err = filelock.Acquire(path)
	if err != nil {
		t.Fatal("after the release:", err)
	}
	l.Release()
	if _, err := filelock.Acquire(filepath.Join(path, "x")); err == nil {
		t.Error("locked a file in a file")
	}
}

// TestKilled holds the lock in another process and kills it.
func TestKilled(t *testing.T) {
	if path := os.Getenv("FILELOCK_HOLD"); path != "" {
		if _, err := filelock.Acquire(path); err != nil {
			os.Exit(1)
		}
		os.Stdout.WriteString("held\n")
		io.Copy(io.Discard, os.Stdin) // until killed
		os.Exit(0)
	}
	path := filepath.Join(t.TempDir(), ".lock")
	c := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	c.Env = append(os.Environ(), "FILELOCK_HOLD="+path)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the other process: %q, %v", line, err)
	}
	if _, err := filelock.Acquire(path); !errors.Is(err, filelock.ErrLocked) {
		t.Errorf("while another process holds it: %v", err)
	}
	c.Process.Kill()
	c.Wait()
	l, err := filelock.Acquire(path)
	if err != nil {
		t.Fatal("after the other process was killed:", err)
	}
	l.Release()
}
