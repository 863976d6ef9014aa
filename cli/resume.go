package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/run"
)

// resumable lists the keys that may change when a run is resumed.
func resumable() (list []string) {
	for _, k := range config.Keys() {
		if k.Resumable {
			list = append(list, k.Path)
		}
	}
	return list
}

// errNothingYet: a run was stopped before it wrote its configuration.
var errNothingYet = errors.New("nothing was written yet")

// wantsOut is an error, which names the newest unfinished run, if -out is missing.
func (o *trainFlags) wantsOut() error {
	if o.out != "" {
		return nil
	}
	if dir := newestUnfinished(); dir != "" {
		return usagef("-resume needs -out, the folder of the run; the newest unfinished run is %s: -resume -out %s", dir, quote(dir))
	}
	return usagef("-resume needs -out, the folder of the run; there is no unfinished run in %s", RunsDir)
}

// resumedConfig is the configuration of the run in o.out with the changes of -set and
// -config; changes of keys that are not resumable are an error that lists them. changed
// reports whether there are changes.
func (o *trainFlags) resumedConfig() (c config.Config, changed bool, err error) {
	ran, err := readRunConfig(o.out)
	if err != nil {
		return c, false, err
	}
	c = ran
	if o.config != "" {
		if err := o.loadFile(&c); err != nil {
			return c, false, err
		}
		keepChosen(&c, ran)
	}
	if err := o.applySets(&c); err != nil {
		return c, false, err
	}
	if err := absolutePaths(&c); err != nil {
		return c, false, err
	}
	diff := config.Differences(ran, c)
	var refused []string
	for _, d := range diff {
		if !d.Resumable {
			refused = append(refused, d.String())
		}
	}
	if len(refused) > 0 {
		return c, false, usagef("-resume uses the configuration of %s, but these differ: %s; only %s may change",
			o.out, strings.Join(refused, ", "), strings.Join(resumable(), ", "))
	}
	return c, len(diff) > 0, cmp.Or(checkConfig(c), checkBest(c))
}

// keepChosen keeps the values that the run chose for keys that a file sets to auto.
func keepChosen(c *config.Config, ran config.Config) {
	if c.Name == "" {
		c.Name = ran.Name
	}
	if c.Data.Set == dataset.Auto {
		c.Data.Set = ran.Data.Set
	}
}

// readRunConfig reads config.yaml of a run's folder.
func readRunConfig(dir string) (config.Config, error) {
	c := config.Default()
	path := run.Folder(dir).Path(run.ConfigFile)
	data, err := run.Folder(dir).Config()
	if errors.Is(err, fs.ErrNotExist) {
		if emptyDir(dir) {
			return c, errNothingYet
		}
		return c, fmt.Errorf("nothing to resume: there is no %s; is %s a run's folder?", path, dir)
	}
	if err != nil {
		return c, fmt.Errorf("-resume: %w", err)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return c, fmt.Errorf("-resume: %s is empty: the settings of the run are not known", path)
	}
	if err := config.LoadRecorded(data, &c); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, absolutePaths(&c) // earlier versions kept the paths as typed
}

// hintMoved adds to the error for a missing set how to resume after the set has moved.
func hintMoved(err error, c config.Config) error {
	if !errors.Is(err, dataset.ErrNoSet) || c.Data.Root == "" {
		return err
	}
	return fmt.Errorf("%w; if the set has moved: -set data.root=DIR", err)
}

// emptyDir reports whether a folder is empty, except for files of a start that was killed.
func emptyDir(dir string) bool {
	if _, err := os.Stat(dir); err != nil {
		return false
	}
	holds, err := run.Folder(dir).Look()
	return err == nil && holds.Kind == run.Empty
}
