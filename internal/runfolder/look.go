package runfolder

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/internal/smallfile"
)

// Kind is what a folder holds.
type Kind int

const (
	// Empty is a folder that is missing or holds nothing but a lock and what a kill left
	// of files.
	Empty Kind = iota
	// Stepless is a run that ended before its first step: a new run may take its place.
	Stepless
	// Run is a run with at least one step.
	Run
	// Configured is a folder with nothing but a config.yaml that no run has left there.
	Configured
	// Foreign is anything else.
	Foreign
)

// Contents is what a folder holds.
type Contents struct {
	Kind     Kind
	Finished bool   // a Run that ended by itself
	Steps    int    // of a Run, as its summary has it; 0: it has none
	Example  string // an entry of a folder that no run has left
}

// String completes "it holds …".
func (c Contents) String() string {
	switch {
	case c.Kind == Foreign, c.Kind == Configured:
		return c.Example
	case c.Kind == Run && c.Finished:
		return "a finished run of " + inwords.Count(c.Steps, "step")
	case c.Kind == Run:
		return "a run that is not finished"
	case c.Kind == Stepless:
		return "a run without a step"
	}
	return "nothing"
}

// StepKey is the key of last.safetensors' metadata that has its step.
const StepKey = "euryale.step"

// Look says what a folder holds. The caller holds its lock, or takes the answer as a
// guess.
func Look(path string) (Contents, error) {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Contents{}, err
	}
	names, locked, example := map[string]bool{}, false, ""
	for _, e := range entries {
		if e.Name() == LockFile || !e.IsDir() && atomicfile.IsTemporary(e.Name()) {
			locked = locked || e.Name() == LockFile
			continue
		}
		names[e.Name()] = true
		if example == "" {
			example = e.Name()
		}
	}
	began := names[ConfigFile] || names["metrics.jsonl"] || names[CheckpointDir]
	steps := hasSteps(path)
	switch {
	case example == "":
		return Contents{Kind: Empty}, nil
	case !locked && len(names) == 1 && names[ConfigFile]:
		return Contents{Kind: Configured, Example: example}, nil
	case !began, !locked && !(names[ConfigFile] && steps): // every run takes the lock first
		return Contents{Kind: Foreign, Example: example}, nil
	case steps:
		c := Contents{Kind: Run}
		c.Finished, c.Steps = summary(path)
		return c, nil
	}
	return Contents{Kind: Stepless}, nil
}

// hasSteps reports whether a step of a run is recorded or saved in a folder. What cannot
// be read counts as one: it is not to be removed.
func hasSteps(path string) bool {
	if finished, steps := summary(path); finished || steps > 0 {
		return true
	}
	if hasLine(filepath.Join(path, "metrics.jsonl")) {
		return true
	}
	dir := filepath.Join(path, CheckpointDir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case atomicfile.IsTemporary(name) || name == FreshResumeFile:
		case name == LastFile || name == BestFile:
			if metadata, err := checkpoint.ReadMetadata(filepath.Join(dir, name)); err != nil || metadata[StepKey] != "0" {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// hasLine reports whether a file has a complete line.
func hasLine(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return !errors.Is(err, fs.ErrNotExist)
	}
	f, err := os.Open(path)
	if err != nil {
		return true
	}
	defer f.Close()
	const longest = 1 << 16 // of a line
	begin, err := io.ReadAll(io.LimitReader(f, longest))
	return err != nil || len(begin) == longest || bytes.ContainsRune(begin, '\n')
}

// maxSummary is the most bytes of a summary that are read.
const maxSummary = 16 << 20

// summary reads what a run's summary has of its end.
func summary(path string) (finished bool, steps int) {
	data, err := smallfile.Read(filepath.Join(path, SummaryFile), maxSummary)
	if err != nil {
		return false, 0
	}
	var s struct {
		Status string
		Steps  int
	}
	if json.Unmarshal(data, &s) != nil {
		return false, 0
	}
	return strings.EqualFold(s.Status, "finished"), s.Steps
}
