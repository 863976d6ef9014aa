package cli

import (
	"path/filepath"
	"testing"

	"github.com/euryale-ml/euryale/config"
)

// TestAbsolutePaths wants a configuration that means the same files in every folder.
func TestAbsolutePaths(t *testing.T) {
	top := inFolder(t)
	for _, name := range []string{"pets/annotations/mine.txt", "lists/own.txt", "lists/trainval.txt", "w.pth"} {
		write(t, name, "x")
	}
	abs := func(name string) string { return filepath.Join(top, filepath.FromSlash(name)) }
	for _, c := range []struct{ key, typed, want string }{
		{"data.root", "pets", abs("pets")},
		{"data.root", "", ""},
		{"data.root", "missing", abs("missing")},
		{"data.train_list", "mine.txt", "mine.txt"},                       // in the annotations
		{"data.train_list", "pets/annotations/mine.txt", "mine.txt"},      // the same
		{"data.train_list", abs("pets/annotations/mine.txt"), "mine.txt"}, // the same
		{"data.train_list", "trainval.txt", "trainval.txt"},               // neither here nor there
		{"data.test_list", "lists/own.txt", abs("lists/own.txt")},         // a path
		{"data.archives", "a.tar,b.tar", abs("a.tar") + "," + abs("b.tar")},
		{"model.weights", "w.pth", abs("w.pth")},
		{"model.weights", "imagenet", "imagenet"}, // no file
		{"model.weights", abs("w.pth"), abs("w.pth")},
	} {
		conf := config.Default()
		conf.Data.Root = "pets"
		if err := conf.Set(c.key, c.typed); err != nil {
			t.Fatal(err)
		}
		err := absolutePaths(&conf)
		if got, _ := conf.Get(c.key); err != nil || got != c.want {
			t.Errorf("%s=%s is %q, %v; want %q", c.key, c.typed, got, err, c.want)
		}
		again := conf
		if err := absolutePaths(&again); err != nil || len(config.Differences(conf, again)) > 0 {
			t.Errorf("%s=%s: a second time it changes: %v", c.key, c.typed, err)
		}
	}
}
