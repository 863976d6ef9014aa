package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/run"
)

func compare(args ...string) outcome {
	return runCommand(context.Background(), RunCompare, "", args...)
}

func TestCompare(t *testing.T) {
	inFolder(t)
	train("-quiet", "-out", "runs/a").wants(t, Done, nil, nil)
	train("-quiet", "-out", "runs/b", "-set", "name=other", "-set", "train.epochs=1").wants(t, Done, nil, nil)
	write(t, "empty/x", "")
	write(t, "begun/config.yaml", "")

	o := compare("runs/a", "runs/b")
	o.wants(t, Done, []string{"tiny", "242", "other", "epoch 1 of 1", "finished", "picture: " + filepath.Join("runs", "comparison.png")}, nil)
	if info, err := os.Stat("runs/comparison.png"); err != nil || info.Size() == 0 {
		t.Error("no picture")
	}

	o = compare("runs/a", "runs/a", "-json", "-out", "pictures/c.png")
	o.wants(t, Done, nil, nil)
	var got struct {
		Runs []struct {
			Folder, Name, Model string
			EpochsToBest        int `json:"epochs_to_best"`
			Best                struct{ Accuracy float64 }
		}
		Picture string
	}
	if err := json.Unmarshal([]byte(o.out), &got); err != nil || len(got.Runs) != 2 || got.Picture != "pictures/c.png" {
		t.Fatalf("%v: %s", err, o.out)
	}
	if r := got.Runs[0]; r.Folder != "runs/a" || r.Model != "tiny" || r.EpochsToBest < 1 {
		t.Errorf("%+v", r)
	}
	if !exists("pictures/c.png") {
		t.Error("no picture at -out")
	}

	compare("runs/a", "empty").wants(t, Failed, []string{"tiny"}, []string{"empty is no run"})
	compare("begun").wants(t, Failed, nil, []string{"begun is not finished"})
	compare("nowhere").wants(t, Failed, nil, []string{"nowhere is no run: there is no such folder"})
	compare("begun/config.yaml").wants(t, Failed, nil, []string{"is no run but a file"})
	compare().wants(t, Usage, nil, []string{"which runs?"})
	compare("-h").wants(t, Done, []string{"-out", "-json"}, nil)
}

// TestCompareEvaluates has runs as older versions left them, without predictions.
func TestCompareEvaluates(t *testing.T) {
	inFolder(t)
	runCommand(t.Context(), RunData, "", "export", "-classes", "2", "-images", "8", "-size", "18", "pictures").wants(t, Done, nil, nil)
	train("-quiet", "-out", "runs/folder", "-set", "data.set=image-folder", "-set", "data.root=pictures").wants(t, Done, nil, nil)
	train("-quiet", "-out", "runs/drawn").wants(t, Done, nil, nil)
	predictions := map[string][]byte{}
	for _, dir := range []string{"runs/folder", "runs/drawn"} {
		path := filepath.Join(dir, run.PredictionsFile)
		data, err := os.ReadFile(path)
		if err != nil || len(data) == 0 {
			t.Fatal(err)
		}
		predictions[path] = data
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	compare("runs/folder", "runs/drawn", "-evaluate=false").wants(t, Done, []string{"report: "}, nil)
	if exists("runs/drawn/" + run.PredictionsFile) {
		t.Error("evaluated though it was told not to")
	}

	if err := os.Rename("pictures", "moved"); err != nil {
		t.Fatal(err)
	}
	compare("runs/folder").wants(t, Done, []string{"report: "}, []string{"runs/folder: not evaluated", "pictures"})
	text, _ := os.ReadFile("runs/report.md")
	if !strings.Contains(string(text), "could not be evaluated here") {
		t.Errorf("the report does not say what is missing: %s", text)
	}
	if err := os.Rename("moved", "pictures"); err != nil {
		t.Fatal(err)
	}

	compare("runs/folder", "runs/drawn").wants(t, Done, []string{"report: "}, []string{"runs/drawn has no predictions.jsonl; its best weights are evaluated once"})
	for path, want := range predictions {
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v, %s, want %s", path, err, got, want)
		}
	}
	page, _ := os.ReadFile("runs/report.html")
	if !strings.Contains(string(page), "data:image/png") || !strings.Contains(string(page), "tested on") {
		t.Error("the page has no pictures, or does not say that the test sets differ")
	}
	all, _ := filepath.Glob("runs/*")
	o := compare(all...)
	o.wants(t, Done, nil, []string{"tested on different images (drawn with 2; image-folder pictures with"})
	if strings.Count(o.err, "\n") != 1 {
		t.Errorf("a second time, over its own files: %s", o.err)
	}
}

// TestCompareOtherImages has weights that cannot be those of the images.
func TestCompareOtherImages(t *testing.T) {
	inFolder(t)
	train("-quiet", "-out", "run").wants(t, Done, nil, nil)
	if err := os.Remove(filepath.Join("run", run.PredictionsFile)); err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile("run/summary.json")
	write(t, "run/summary.json", regexp.MustCompile(`"accuracy": [0-9.]+`).ReplaceAllString(string(data), `"accuracy": 77`))
	compare("run").wants(t, Done, nil, []string{"the images are others"})
	if exists("run/" + run.PredictionsFile) {
		t.Error("predictions of other images were kept")
	}
}
