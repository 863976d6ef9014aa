package run_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/run"
)

// TestBadFiles reads files that no run writes, and none.
func TestBadFiles(t *testing.T) {
	for name, c := range map[string]struct {
		read  func(run.Folder) error
		texts []string
	}{
		run.PredictionsFile: {
			func(f run.Folder) error { _, err := f.Predictions(); return err },
			[]string{"{", `{"index":-1}`, `{"index":0,"label":"cat"}`, `{"label":-2}` + "\n", "[]"},
		},
		run.SplitFile: {
			func(f run.Folder) error { _, err := f.Split(); return err },
			[]string{"", "{", "[]", `{"format":99}`},
		},
		run.SummaryFile: {
			func(f run.Folder) error { _, err := f.Report(); return err },
			[]string{"", "[]", `{"steps":"many"}`, `{"best":{"loss":"low"}}`},
		},
	} {
		f := run.Folder(t.TempDir())
		if err := c.read(f); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("no %s: %v", name, err)
		}
		for _, text := range c.texts {
			if err := os.WriteFile(f.Path(name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := c.read(f); !errors.Is(err, run.ErrFile) || !strings.Contains(err.Error(), f.Path(name)) {
				t.Errorf("%s, %q: %v", name, text, err)
			}
		}
	}
}

// TestPredictionIs finds images by their names, also where the set has moved, and by those
// of earlier versions.
func TestPredictionIs(t *testing.T) {
	for _, c := range []struct {
		image, name string
		want        bool
	}{
		{"cat/1.jpg", "cat/1.jpg", true}, {"cat/1.jpg", "/new/root/cat/1.jpg", true}, {"cat/1.jpg", "/root/dog/1.jpg", false},
		{"cat/1.jpg", "/root/tomcat/1.jpg", false}, {"1.jpg", "/root/dog/1.jpg", true}, {"1.jpg", "/root/dog/11.jpg", false},
		{"drawn test image 1 (cat)", "drawn test image 1 (cat)", true},
	} {
		if got := (run.Prediction{Image: c.image}).Is(c.name); got != c.want {
			t.Errorf("%q is %q: %v", c.image, c.name, got)
		}
	}
}
