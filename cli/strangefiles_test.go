package cli

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/euryale-ml/euryale/run"
)

// TestStrangeFiles puts devices, folders and huge files where small ones are expected:
// each is an error at once, and nothing is read without end.
func TestStrangeFiles(t *testing.T) {
	inFolder(t)
	train("-quiet", "-out", "run").wants(t, Done, nil, nil)
	write(t, "huge", "")
	if err := os.Truncate("huge", 1<<40); err != nil {
		t.Skip("no files with holes:", err)
	}
	if err := os.Mkdir("folder", 0o755); err != nil {
		t.Fatal(err)
	}
	strange := map[string]string{"huge": "has more than", "folder": "is a folder"}
	if exists("/dev/zero") {
		strange["/dev/zero"] = "is not a regular file"
	}
	for file, words := range strange {
		train("-config", file).wants(t, Usage, nil, []string{"-config", words})
		runCommand(t.Context(), RunPredict, "", "-weights", "run", "-classes", file, "x.png").wants(t, Failed, nil, []string{"-classes", words})
		path, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"config.yaml", "summary.json", run.PredictionsFile, run.SplitFile} {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS("run")); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
				t.Skip(err)
			}
			var got error
			switch name {
			case "config.yaml":
				_, got = readRunConfig(dir)
			case "summary.json":
				_, got = run.Folder(dir).Report()
			case run.PredictionsFile:
				_, got = run.Folder(dir).Predictions()
			case run.SplitFile:
				_, got = run.Folder(dir).Split()
			}
			if got == nil {
				t.Errorf("%s is %s: no error", name, file)
			}
			if name == "config.yaml" {
				before := tree(t, filepath.Join(dir, "checkpoints"))
				if o := train("-resume", "-out", dir); o.code == Done || !reflect.DeepEqual(tree(t, filepath.Join(dir, "checkpoints")), before) {
					t.Errorf("%s is %s: resumed with code %d", name, file, o.code)
				}
			}
		}
	}
}
