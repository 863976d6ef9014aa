package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/internal/smallfile"
)

// Kind classifies the contents of a folder.
type Kind int

const (
	// Empty is a folder that is missing or contains only a lock file and temporary files
	// that a kill left.
	Empty Kind = iota
	// Stepless is a run that ended before its first step: a new run may take its place.
	Stepless
	// Trained is a run with at least one step.
	Trained
	// Configured is a folder with only a config.yaml that is not from a run.
	Configured
	// Foreign is anything else.
	Foreign
)

// Contents describes the contents of a folder.
type Contents struct {
	Kind     Kind
	Finished bool   // of a Trained folder: the run reached its last epoch or a limit
	Steps    int    // of a Trained folder, from its summary; 0: it has no summary
	Example  string // an entry that is not from a run
}

// String completes "it holds …".
func (c Contents) String() string {
	switch {
	case c.Kind == Foreign, c.Kind == Configured:
		return c.Example
	case c.Kind == Trained && c.Finished:
		return "a finished run of " + inwords.Count(c.Steps, "step")
	case c.Kind == Trained:
		return "a run that is not finished"
	case c.Kind == Stepless:
		return "a run without a step"
	}
	return "nothing"
}

// Look classifies the contents of a folder. Unless the caller holds the folder's lock, the
// result may be out of date.
func (f Folder) Look() (Contents, error) {
	entries, err := os.ReadDir(string(f))
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
	began := names[ConfigFile] || names[LinesFile] || names[CheckpointDir]
	steps := f.hasSteps()
	switch {
	case example == "":
		return Contents{Kind: Empty}, nil
	case !locked && len(names) == 1 && names[ConfigFile]:
		return Contents{Kind: Configured, Example: example}, nil
	case !began, !locked && !(names[ConfigFile] && steps): // every run takes the lock first
		return Contents{Kind: Foreign, Example: example}, nil
	case steps:
		c := Contents{Kind: Trained}
		c.Finished, c.Steps = f.end()
		return c, nil
	}
	return Contents{Kind: Stepless}, nil
}

// hasSteps reports whether a step of a run is recorded or saved in a folder. Files that
// cannot be read count as a step, so that they are not removed.
func (f Folder) hasSteps() bool {
	if finished, steps := f.end(); finished || steps > 0 {
		return true
	}
	if hasLine(f.Path(LinesFile)) {
		return true
	}
	entries, err := os.ReadDir(f.Path(CheckpointDir))
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	// Earlier versions saved a run that was stopped before its first step. A step's resume
	// file is written before its weights and removed after those of the next.
	atStart := f.Has(CheckpointDir, ResumeFile(0))
	for _, e := range entries {
		switch name := e.Name(); {
		case atomicfile.IsTemporary(name) || name == ResumeFile(0):
		case atStart && (name == LastFile || name == BestFile):
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

// end reads from the summary how the run ended; false and 0 if it cannot be read.
func (f Folder) end() (finished bool, steps int) {
	data, err := smallfile.Read(f.Path(SummaryFile), maxSummary)
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
