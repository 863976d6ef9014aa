package cli

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/euryale-ml/euryale/config"
)

// absolutePaths makes the paths of a configuration absolute, so that a run's config.yaml
// means the same files in every working folder. Words that are not files of the working
// folder, such as a list in the annotations, stay, except that ~ is expanded.
func absolutePaths(c *config.Config) error {
	for _, p := range []*string{&c.Data.Root, &c.Data.TrainList, &c.Data.TestList, &c.Model.Weights} {
		*p = fromHome(*p)
	}
	paths := []*string{}
	if c.Data.Root != "" {
		paths = append(paths, &c.Data.Root)
	}
	for _, list := range []*string{&c.Data.TrainList, &c.Data.TestList} {
		if c.Data.Root != "" && isFolderOf(filepath.Join(c.Data.Root, "annotations"), *list) {
			*list = filepath.Base(*list) // found there also after the set has moved
		}
		if inSet := filepath.Join(c.Data.Root, "annotations", *list); c.Data.Root == "" || !exists(inSet) {
			paths = append(paths, ifFile(list)...)
		}
	}
	paths = append(paths, ifFile(&c.Model.Weights)...)
	archives := make([]string, len(c.Data.Archives)) // a copy, since other configurations share the list
	for i, a := range c.Data.Archives {
		archives[i] = fromHome(a)
		paths = append(paths, &archives[i])
	}
	for _, p := range paths {
		abs, err := filepath.Abs(*p)
		if err != nil {
			return err
		}
		*p = abs
	}
	if len(archives) > 0 {
		c.Data.Archives = archives
	}
	return nil
}

// isFolderOf reports whether a path of a file leads through a folder.
func isFolderOf(folder, path string) bool {
	a, err := os.Stat(folder)
	b, errB := os.Stat(filepath.Dir(path))
	return err == nil && errB == nil && filepath.Dir(path) != "." && os.SameFile(a, b)
}

// fromHome expands a ~ at the beginning of a path, since no shell does so in YAML or after an
// equals sign.
func fromHome(path string) string {
	if !strings.HasPrefix(path, "~") || len(path) > 1 && !os.IsPathSeparator(path[1]) {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil || exists(path) { // a folder of this name
		return path
	}
	return filepath.Join(home, path[1:])
}

// ifFile returns the path as a list if it exists, else nil.
func ifFile(path *string) []*string {
	if *path == "" {
		return nil
	}
	if _, err := os.Stat(*path); err != nil {
		return nil
	}
	return []*string{path}
}
