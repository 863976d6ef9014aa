package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/euryale-ml/euryale/config"
)

// planSweep makes the list of runs, each recipe with each seed, and refuses folders that
// hold other runs.
func (c commands) planSweep(o *sweepFlags, s IO) (*sweep, error) {
	if len(o.recipes)+len(o.configs) == 0 {
		return nil, usagef("which recipes? some of %s, or -config FILE", strings.Join(c.names(), ", "))
	}
	seeds, err := parseSeeds(o.seeds)
	if err != nil {
		return nil, err
	}
	w := &sweep{sweepFlags: o, io: s}
	for _, name := range o.recipes {
		i := slices.Index(c.names(), name)
		if i < 0 {
			return nil, unknownName("recipe", name, c.names())
		}
		if err := w.add(sweepRun{Name: name, recipe: c.recipes[i], words: "train " + quote(name)}, seeds); err != nil {
			return nil, err
		}
	}
	for _, file := range o.configs {
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		if err := w.add(sweepRun{Name: name, file: file, words: "train"}, seeds); err != nil {
			return nil, err
		}
	}
	return w, w.check()
}

// parseSeeds reads seeds separated by commas; nil for an empty text.
func parseSeeds(text string) (seeds []uint64, err error) {
	if text == "" {
		return nil, nil
	}
	for _, word := range strings.Split(text, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(word), 10, 64)
		if err != nil {
			return nil, usagef("-seeds %s: %q is no seed: want whole numbers from 0, with commas between them", text, word)
		}
		if slices.Contains(seeds, n) {
			return nil, usagef("-seeds %s: %d is given twice", text, n)
		}
		seeds = append(seeds, n)
	}
	return seeds, nil
}

// add appends a recipe's runs. A recipe without a name gets the one of the command line.
func (w *sweep) add(of sweepRun, seeds []uint64) error {
	c, err := w.configOf(of)
	if err != nil {
		return fmt.Errorf("%s: %w", of.Name, err)
	}
	if c.Name != "" {
		of.Name = c.Name
	}
	if seeds == nil {
		seeds = []uint64{c.Seed}
	}
	for _, seed := range seeds {
		r := of
		r.Seed = seed
		r.Folder = filepath.Join(w.out, fmt.Sprintf("%s-seed%d", fileName(r.Name), seed))
		r.sets = append(slices.Clone(w.sets), "name="+r.Name, "seed="+strconv.FormatUint(seed, 10))
		w.runs = append(w.runs, &r)
	}
	return nil
}

// configOf is the configuration of a run as the training command would make it.
func (w *sweep) configOf(r sweepRun) (config.Config, error) {
	o := trainFlags{config: r.file, sets: r.sets}
	if o.sets == nil {
		o.sets = w.sets
	}
	c, err := o.newConfig(r.recipe.Config, r.recipe.Quick)
	return c.Config, err
}

// check refuses two runs in one folder, and runs in DIR with other settings.
func (w *sweep) check() error {
	folders := map[string]bool{}
	var others []string
	for _, r := range w.runs {
		if folders[r.Folder] {
			return usagef("two of these runs are called %s and have the seed %d: give each recipe another name", r.Name, r.Seed)
		}
		folders[r.Folder] = true
		r.look()
		diff, err := w.differences(r)
		if err != nil {
			return err
		}
		if len(diff) > 0 {
			others = append(others, fmt.Sprintf("%s (%s)", r.Folder, strings.Join(diff, ", ")))
		}
	}
	if len(others) > 0 {
		return usagef("these folders hold runs with other settings: %s; choose another -out, or the settings that they were made with",
			strings.Join(others, "; "))
	}
	return nil
}

// differences lists the settings of the run in the folder that differ and change its result
// (config.ChangesOutcome).
func (w *sweep) differences(r *sweepRun) (list []string, err error) {
	want, err := w.configOf(*r)
	if err != nil || !r.given {
		if err == nil && exists(r.Folder) && !emptyDir(r.Folder) {
			err = usagef("%s is not empty and holds no run; choose another -out", r.Folder)
		}
		return nil, err
	}
	ran, err := readRunConfig(r.Folder)
	if err != nil {
		return nil, err
	}
	for _, d := range config.Differences(ran, want) {
		if config.ChangesOutcome(d.Key) {
			list = append(list, d.String())
		}
	}
	return list, nil
}
