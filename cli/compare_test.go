package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
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
