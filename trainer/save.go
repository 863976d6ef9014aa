package trainer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/run"
)

// A checkpoint is two files: the optimizer's slots and the position of step S in
// resume-S.safetensors, then the weights in last.safetensors, whose metadata names S.
// Whichever last.safetensors a kill leaves, the resume file of its step exists: it is
// written before, and older ones are removed afterwards. Then best.safetensors is made, a
// link to, or a copy of, the weights; after a kill before that, resuming makes it, since the
// position has the step of the best epoch.
const (
	stepKey     = "euryale.step"
	positionKey = "euryale.position"
)

// snapshot is a copy of everything that a checkpoint holds.
type snapshot struct {
	weights, slots checkpoint.File
	step           int
	best           *EpochEvent // the evaluation, if it is the best one
}

// saver writes snapshots in the background, one at a time.
type saver struct {
	folder run.Folder
	busy   chan error // holds the result of the current write; nil if there is none
}

func newSaver(f run.Folder) *saver { return &saver{folder: f} }

// start begins to write a snapshot. The previous write must have been waited for.
func (s *saver) start(snap *snapshot) {
	s.busy = make(chan error, 1)
	go func(done chan<- error) {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("trainer: %w: writing a checkpoint panicked: %v", ErrFolder, r)
			}
		}()
		done <- snap.write(s.folder)
	}(s.busy)
}

// wait returns the result of the current write, once.
func (s *saver) wait() error {
	if s.busy == nil {
		return nil
	}
	err := <-s.busy
	s.busy = nil
	return err
}

func (snap *snapshot) write(f run.Folder) error {
	resume, last := f.Checkpoint(run.ResumeFile(snap.step)), f.Checkpoint(run.LastFile)
	if err := checkpoint.Write(resume, &snap.slots); err != nil {
		return fmt.Errorf("trainer: checkpoint: %w", err)
	}
	if snap.best != nil { // before the weights: after a kill in between, the resumed run writes them again
		if err := f.WritePredictions(snap.best.Predictions); err != nil {
			return fmt.Errorf("trainer: predictions: %w", err)
		}
	}
	if err := checkpoint.Write(last, &snap.weights); err != nil {
		return fmt.Errorf("trainer: checkpoint: %w", err)
	}
	if snap.best != nil {
		if err := linkBest(f); err != nil {
			return err
		}
	}
	return removeOldResumes(f, snap.step)
}

// link is os.Link, replaced in tests.
var link = os.Link

// linkBest makes best.safetensors a link to last.safetensors, which is replaced and never
// written in place, or a copy on a file system without links. It is a copy on Windows, too,
// since a reader of one name would prevent the other from being replaced.
func linkBest(f run.Folder) error {
	last, best := f.Checkpoint(run.LastFile), f.Checkpoint(run.BestFile)
	temporary := f.Checkpoint(atomicfile.Prefix + "best" + atomicfile.Suffix)
	atomicfile.Remove(temporary)
	if runtime.GOOS != "windows" && link(last, temporary) == nil {
		if err := atomicfile.Rename(temporary, best); err != nil {
			return fmt.Errorf("trainer: checkpoint: %w", err)
		}
		return atomicfile.SyncDir(f.Path(run.CheckpointDir))
	}
	from, err := os.Open(last) // a file system without links
	if err != nil {
		return fmt.Errorf("trainer: checkpoint: %w", err)
	}
	defer from.Close()
	return atomicfile.Write(best, 0o644, func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
}

// removeOldResumes removes the resume files of other steps than keep. One that cannot be
// removed, since a scanner has it open or the folder forbids it, does no harm: the next
// checkpoint tries again.
func removeOldResumes(f run.Folder, keep int) error {
	entries, err := os.ReadDir(f.Path(run.CheckpointDir))
	if err != nil {
		return fmt.Errorf("trainer: checkpoint: %w", err)
	}
	for _, e := range entries {
		if step, ok := run.ResumeStep(e.Name()); ok && step != keep {
			atomicfile.Remove(f.Checkpoint(e.Name()))
		}
	}
	return nil
}

// save takes a snapshot and starts to write it, after the previous write has ended. A
// snapshot that is not finite is ErrDiverged and is not written. best is the evaluation if
// it is the best one, else nil.
func (t *Trainer) save(best *EpochEvent) error {
	if t.saver == nil {
		return nil
	}
	if err := t.saver.wait(); err != nil {
		return err
	}
	if err := t.log.Sync(); err != nil { // so that the lines of a checkpoint's steps survive a loss of power
		return fmt.Errorf("trainer: %w", err)
	}
	snap, err := t.snapshot(best)
	if err != nil {
		return err
	}
	if err := errors.Join(t.checkFinite(snap.weights.Tensors), t.checkFinite(snap.slots.Tensors)); err != nil {
		return err
	}
	t.saver.start(snap)
	if t.saved {
		return nil
	}
	// No step is recorded until the first checkpoint is complete: lines of later steps show
	// that there was one, see checkUnsaved.
	err = t.saver.wait()
	t.saved = err == nil
	return err
}

func (t *Trainer) snapshot(best *EpochEvent) (*snapshot, error) {
	snap := &snapshot{step: t.at.Step, best: best}
	weights, err := t.modelFile()
	if err != nil {
		return nil, err
	}
	weights.Metadata[stepKey] = strconv.Itoa(t.at.Step)
	snap.weights = *weights
	for _, name := range t.session.State().Names() {
		if !strings.HasPrefix(name, optimSlots) {
			continue
		}
		tensor, err := t.session.readSlot(name)
		if err != nil {
			return nil, err
		}
		snap.slots.Tensors = append(snap.slots.Tensors, tensor)
	}
	raw, err := t.session.raw()
	if err != nil {
		return nil, err
	}
	snap.slots.Tensors = append(snap.slots.Tensors, raw...)
	at := t.at
	at.Seconds = t.seconds + time.Since(t.began).Seconds()
	at.Images, at.Seed = t.config.Batch, t.config.Seed
	at.Frozen, at.Since = slices.Sorted(maps.Keys(t.frozen.params)), t.session.since
	encoded, err := json.Marshal(at)
	if err != nil {
		return nil, fmt.Errorf("trainer: checkpoint: %w", err)
	}
	snap.slots.Metadata = map[string]string{positionKey: string(encoded), checkpoint.FormatKey: checkpoint.Format}
	return snap, nil
}
