package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/trainer"
)

// RunsDir is where runs without -out have their folders, below the working folder.
const RunsDir = "runs"

// runDir is a run's folder that was made or found.
type runDir struct {
	path string
	made bool // by this process
}

// makeRunDir makes a new folder for a run: out, which may be there but must be empty, or
// RunsDir/<name>-<time>, with -2, -3 … behind it if that is taken.
func makeRunDir(out, name string, now time.Time) (runDir, error) {
	if out == "" {
		return makeNamedDir(name, now)
	}
	if err := atomicfile.Clean(out); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return runDir{}, fmt.Errorf("-out %s: %w", out, err)
	}
	entries, err := os.ReadDir(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(out, 0o755); err != nil {
			return runDir{}, fmt.Errorf("-out: %w", err)
		}
		return runDir{path: out, made: true}, nil
	case err != nil:
		return runDir{}, fmt.Errorf("-out: %w", err)
	case len(entries) > 0:
		return runDir{}, usagef("-out %s is not empty: it holds %s; -resume goes on with a run, or choose another folder", out, entries[0].Name())
	}
	return runDir{path: out}, nil
}

func makeNamedDir(name string, now time.Time) (runDir, error) {
	if err := os.MkdirAll(RunsDir, 0o755); err != nil {
		return runDir{}, err
	}
	base := filepath.Join(RunsDir, fileName(name)+now.Format("-20060102-150405"))
	for n := 1; ; n++ {
		path := base
		if n > 1 {
			path = fmt.Sprintf("%s-%d", base, n)
		}
		err := os.Mkdir(path, 0o755)
		if err == nil {
			return runDir{path: path, made: true}, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return runDir{}, err
		}
	}
}

// discard removes what a run that could not begin left: files that are certainly its own.
func (d runDir) discard() {
	os.Remove(filepath.Join(d.path, trainer.ConfigFile))
	for _, name := range []string{"metrics.jsonl", "metrics.csv", trainer.LockFile, trainer.CheckpointDir} {
		path := filepath.Join(d.path, name)
		if info, err := os.Stat(path); err == nil && (info.IsDir() || info.Size() == 0 || strings.HasSuffix(name, ".csv")) {
			os.Remove(path) // folders only if they are empty
		}
	}
	if d.made {
		os.Remove(d.path)
	}
}

// writeConfig puts the configuration into the folder.
func (d runDir) writeConfig(yaml []byte) error {
	return atomicfile.Write(filepath.Join(d.path, trainer.ConfigFile), 0o644, func(w io.Writer) error {
		_, err := w.Write(yaml)
		return err
	})
}

// newestUnfinished is the folder below RunsDir of the newest run that did not end by
// itself; "" if there is none.
func newestUnfinished() string {
	folders, _ := filepath.Glob(filepath.Join(RunsDir, "*"))
	newest, at := "", time.Time{}
	for _, dir := range folders {
		info, err := os.Stat(filepath.Join(dir, trainer.ConfigFile))
		if err != nil || finished(dir) {
			continue
		}
		when := info.ModTime()
		if m, err := os.Stat(filepath.Join(dir, "metrics.jsonl")); err == nil && m.ModTime().After(when) {
			when = m.ModTime()
		}
		if newest == "" || when.After(at) {
			newest, at = dir, when
		}
	}
	return newest
}

// finished reports whether a run's summary says that it ended by itself.
func finished(dir string) bool {
	r, err := trainer.ReadReport(dir)
	return err == nil && r.Status == trainer.Finished
}
