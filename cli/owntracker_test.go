package cli

import (
	"os"
	"strings"
	"testing"
)

// TestOwnTrackerIsOffered looks for a registered tracker and its settings wherever those of
// the module are: help, completion, errors, YAML.
func TestOwnTrackerIsOffered(t *testing.T) {
	inFolder(t)
	withService(t)
	train := TrainCommand([]byte(tinyRecipe))
	run := func(args ...string) outcome { return runCommand(t.Context(), train, "", args...) }
	help := strings.Join(strings.Fields(run("-h", "all").out), " ")
	for _, want := range []string{"a list of mlflow, neptune, own-tracker, tensorboard", "own-tracker.project=usual", "where runs go", "own-tracker.share=1"} {
		if !strings.Contains(help, want) {
			t.Errorf("the help lacks %q", want)
		}
	}
	run("-set", "track=own-trakcer").wants(t, Usage, nil, []string{"track = own-trakcer: want a list of mlflow, neptune, own-tracker, tensorboard; the nearest is own-tracker"})
	run("-set", "own-tracker.shar=1").wants(t, Usage, nil, []string{"own-tracker.share"})
	run("-set", "own-tracker.share=1.5").wants(t, Usage, nil, []string{"want a number, 0 to 1"})
	if script := completing(t, "bash"); !strings.Contains(script, "own-tracker.project") || !strings.Contains(script, "mlflow neptune own-tracker tensorboard") {
		t.Error("it is not completed")
	}
	if err := os.WriteFile("own.yaml", []byte(tinyRecipe+"track: [own-tracker]\nown-tracker: {project: mine}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("EURYALE_TEST_TOKEN", "t0ken")
	run("-config", "own.yaml", "-out", "run").wants(t, Done, nil, []string{"the service of mine"})
}
