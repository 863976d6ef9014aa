package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

// TestJSONOfFailures wants one object on standard output however a command fails, wherever
// -json stands.
func TestJSONOfFailures(t *testing.T) {
	inFolder(t)
	c := Commands(Recipe{Name: "tiny", Config: []byte(tinyRecipe)})
	write(t, "full/x", "")
	for args, want := range map[string]string{
		"train tiny -json -zebra":                      "there is no flag -zebra",
		"train tiny -zebra --json":                     "there is no flag -zebra",
		"train tiny -json=true -set zebra=1":           "unknown key zebra",
		"train tiny stray -json":                       `"stray" is no flag`,
		"train tiny -json -set":                        "flag needs an argument: -set",
		"train -json":                                  "which recipe?",
		"train tniy -json":                             `did you mean "tiny"?`,
		"train tiny -json -config none.yaml":           "none.yaml",
		"train tiny -json -out full":                   "full is not empty",
		"train tiny -json -resume":                     "-resume needs -out",
		"train -json -resume -out none":                "nothing to resume",
		"train tiny -json -set data.set=folder":        `data.set = "folder": want one of`,
		"train tiny -json -set model.weights=none.pth": "none.pth",
		"lrfind tiny -json -zebra":                     "there is no flag -zebra",
		"lrfind -json":                                 "which recipe?",
		"lrfind tiny -json -min 2 -max 1":              "want 0 < min < max",
		"sweep -json":                                  "",
		"sweep tiny -json -seeds x":                    "x",
		"compare -json":                                "which runs?",
		"compare -json none":                           "none is no run",
		"compare none full -json":                      "none is no run",
		"summary -json":                                "name one model",
		"summary -json zebra":                          `there is no "zebra"`,
		"models -json stray":                           "stray",
		"recipes stray -json":                          "stray",
	} {
		o := runCommand(context.Background(), c, "", strings.Fields(args)...)
		var r struct{ Status, Error string }
		if err := json.Unmarshal([]byte(o.out), &r); err != nil || strings.Count(o.out, "\n") != 1 {
			t.Errorf("%s: %v in %q", args, err, o.out)
		} else if r.Status != "failed" || r.Error == "" || !strings.Contains(r.Error, want) || !strings.Contains(o.err, r.Error) {
			t.Errorf("%s: %+v and %q, want %q", args, r, o.err, want)
		}
		if o.code != Usage && o.code != Failed {
			t.Errorf("%s: exit code %d", args, o.code)
		}
	}
	for _, args := range []string{"train tiny -zebra", "train tiny -json=false -zebra", "compare -- -json", "summary zebra"} {
		if o := runCommand(context.Background(), c, "", strings.Fields(args)...); o.out != "" || o.code == Done {
			t.Errorf("%s: %+v", args, o)
		}
	}
}

// TestJSONOfAFailedRun wants the report's object alone of a run that fails in training.
func TestJSONOfAFailedRun(t *testing.T) {
	inFolder(t)
	o := train("-json", "-out", "run", "-set", "optim.lr=1e30")
	var r struct{ Status, Folder string }
	if err := json.Unmarshal([]byte(o.out), &r); err != nil || strings.Count(o.out, "\n") != 1 || r.Status != "failed" || r.Folder != "run" || o.code != Failed {
		t.Errorf("%v in %+v", err, o)
	}
}
