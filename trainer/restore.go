package trainer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/run"
)

// restore loads the last checkpoint of a run's folder and changes nothing there. A run that
// ended before its first checkpoint was complete begins again; a checkpoint that is lost or
// damaged is an error.
func (t *Trainer) restore(f run.Folder) error {
	last := f.Checkpoint(run.LastFile)
	weights, err := checkpoint.Read(last)
	if errors.Is(err, fs.ErrNotExist) {
		return t.checkUnsaved(f)
	}
	if err != nil {
		return t.lost(f, fmt.Errorf("%s cannot be read: %w", last, err))
	}
	step, err := strconv.Atoi(weights.Metadata[stepKey])
	if err != nil || step < 0 {
		return fmt.Errorf("trainer: %w: %s does not say which step it is of", ErrFolder, last)
	}
	if name := weights.Metadata[checkpoint.ModelKey]; name != modelName(t.model) {
		return fmt.Errorf("trainer: %w: %s is of the model %q, not %q", ErrFolder, last, name, modelName(t.model))
	}
	if step == 0 { // earlier versions saved a run that was stopped before its first step
		return t.checkUnsaved(f)
	}
	path := f.Checkpoint(run.ResumeFile(step))
	slots, err := checkpoint.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return t.lost(f, fmt.Errorf("%s is of step %d, but %s with the rest of that step is missing", last, step, path))
	}
	if err != nil {
		return t.lost(f, fmt.Errorf("%s cannot be read: %w", path, err))
	}
	var at position
	if err := json.Unmarshal([]byte(slots.Metadata[positionKey]), &at); err != nil || at.Step != step || at.Epoch < 1 {
		return t.lost(f, fmt.Errorf("%s holds no position of step %d", path, step))
	}
	if err := t.checkWithinEpoch(path, at); err != nil {
		return err
	}
	for path, file := range map[string]*checkpoint.File{last: weights, path: slots} {
		if name, value := firstNotFinite(file.Tensors); name != "" {
			return t.lost(f, fmt.Errorf("%s: %w: %s holds %v", path, ErrDiverged, name, value))
		}
	}
	if err := t.session.checkComplete(weights.Tensors); err != nil {
		return t.lost(f, fmt.Errorf("%s: %w", last, err))
	}
	return t.restoreRun(last, weights, path, slots, at)
}

// checkComplete is an error unless a run's own weights are exactly the model's tensors: one
// that is missing would silently keep its fresh values.
func (s *Session) checkComplete(tensors []checkpoint.Tensor) error {
	have := map[string]checkpoint.Tensor{}
	for _, t := range tensors {
		have[t.Name] = t
	}
	for _, spec := range s.specs() {
		t, ok := have[spec.Name]
		delete(have, spec.Name)
		_, counter := t.Data.([]int64)
		switch {
		case !ok:
			return fmt.Errorf("%w: it lacks %s", checkpoint.ErrMatch, spec.Name)
		case !slices.Equal(t.Shape, spec.Shape) || counter != spec.Counter:
			return fmt.Errorf("%w: %s is %T of shape %v, want %v", checkpoint.ErrMatch, spec.Name, t.Data, t.Shape, spec.Shape)
		}
	}
	for name := range have {
		return fmt.Errorf("%w: it holds %s, which the model does not have", checkpoint.ErrMatch, name)
	}
	return nil
}

// checkWithinEpoch is an error if a checkpoint was made within an epoch whose batches are
// now different: some images would be trained on twice and others not at all.
func (t *Trainer) checkWithinEpoch(path string, at position) error {
	if at.Batch == 0 || at.Images == 0 || at.Images == t.config.Batch && at.Seed == t.config.Seed {
		return nil
	}
	return fmt.Errorf("trainer: %w: %s stands after %d batches of %d images in epoch %d, in the order of seed %d, but now Batch is %d and Seed %d: they may change between epochs only",
		ErrFolder, path, at.Batch, at.Images, at.Epoch, at.Seed, t.config.Batch, t.config.Seed)
}

// restoreRun loads a checkpoint into the Session and sets the position where it was made.
func (t *Trainer) restoreRun(last string, weights *checkpoint.File, path string, slots *checkpoint.File, at position) error {
	if err := t.session.writeTensors(last, weights.Tensors); err != nil {
		return err
	}
	thawed, err := t.resumeFreezing(at)
	if err != nil {
		return err
	}
	if err := t.restoreSlots(path, slots, thawed); err != nil { // after the model's file: that has averages where they are kept
		return err
	}
	t.at, t.seconds, t.saved = at, at.Seconds, true
	t.session.SetCount(int64(at.Step))
	return nil
}

// tidy completes the file operations after a checkpoint that a kill has prevented.
func (t *Trainer) tidy(f run.Folder) error {
	if !t.saved {
		return nil
	}
	return errors.Join(t.repairBest(f), removeOldResumes(f, t.at.Step))
}

// restoreSlots fills the optimizer's slots, which exist since the programs were compiled.
// Slots of parameters that were frozen until now stay 0, and those in the file of parameters
// that are frozen from now on are ignored.
func (t *Trainer) restoreSlots(path string, f *checkpoint.File, thawed map[string]bool) error {
	want := map[string]bool{}
	for _, name := range t.session.State().Names() {
		if strings.HasPrefix(name, optimSlots) {
			want[name] = true
		}
	}
	if t.session.config.EMA > 0 {
		for _, name := range t.session.values() {
			want[rawPrefix+name] = true
		}
	}
	f.Tensors = slices.DeleteFunc(f.Tensors, func(tensor checkpoint.Tensor) bool { return t.frozen.params[slotOf(tensor.Name)] })
	for _, tensor := range f.Tensors {
		if !want[tensor.Name] {
			return fmt.Errorf("trainer: %w: %s holds %s, which this optimizer does not keep", ErrFolder, path, tensor.Name)
		}
		delete(want, tensor.Name)
	}
	for name := range want {
		if thawed[slotOf(name)] {
			continue
		}
		return fmt.Errorf("trainer: %w: %s lacks %s", ErrFolder, path, name)
	}
	for _, tensor := range f.Tensors {
		if err := t.session.state.Write(strings.TrimPrefix(tensor.Name, rawPrefix), t.session.converted(tensor.Data)); err != nil {
			return fmt.Errorf("trainer: %s: %w", path, err)
		}
	}
	return nil
}

// repairBest makes best.safetensors if a kill came after last.safetensors and before it.
func (t *Trainer) repairBest(f run.Folder) error {
	if t.at.Best == nil || t.at.Best.Step != t.at.Step {
		return nil
	}
	best := f.Checkpoint(run.BestFile)
	if meta, err := checkpoint.ReadMetadata(best); err == nil && meta[stepKey] == strconv.Itoa(t.at.Step) {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		os.Remove(best)
	}
	return linkBest(f)
}
