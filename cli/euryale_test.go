package cli

import (
	"context"
	"path/filepath"
	"testing"
)

func TestCommands(t *testing.T) {
	inFolder(t)
	c := Commands(Recipe{Name: "tiny", Config: []byte(tinyRecipe)})
	run := func(args ...string) outcome { return runCommand(context.Background(), c, "", args...) }
	run().wants(t, Usage, nil, []string{"euryale train RECIPE", "recipes are tiny"})
	run("help").wants(t, Done, []string{"predict", "compare", "data", "summary"}, nil)
	run("trian").wants(t, Usage, nil, []string{`did you mean "train"?`})
	run("version").wants(t, Done, []string{"euryale ", "go1."}, nil)
	run("train").wants(t, Usage, nil, []string{"which recipe?"})
	run("train", "--epochs", "1", "tiny", "-out", "other").wants(t, Done, nil, []string{"training: 1 epoch of"})
	run("train", "--epochs", "1", "tniy").wants(t, Usage, nil, []string{`did you mean "tiny"?`})
	run("train", "--epochs", "1").wants(t, Usage, nil, []string{"which recipe?"})
	run("train", "tniy").wants(t, Usage, nil, []string{`did you mean "tiny"?`})
	run("train", "tiny", "-out", "run", "-set", "train.epochs=1").wants(t, Done, []string{"predict -weights run"}, nil)
	run("train", "-resume", "-out", "run").wants(t, Done, nil, []string{"is finished", " train -resume -out run"})
	run("compare", "run").wants(t, Done, []string{"tiny"}, nil)
	run("predict", "-weights", "run", "run/figures/samples").wants(t, Done, []string{"\t"}, nil)
	run("summary", "resnet50d", "-size", "64").wants(t, Done, []string{"23,603,077", "layer4.2.conv3"}, nil)
	run("summary", "resnet50e").wants(t, Usage, nil, []string{"resnet50"})
	run("summary").wants(t, Usage, nil, []string{"name one model"})
}

func TestData(t *testing.T) {
	inFolder(t)
	run := func(args ...string) outcome { return runCommand(context.Background(), RunData, "", args...) }
	run().wants(t, Usage, nil, []string{"which of list, download, check, export?"})
	run("chek").wants(t, Usage, nil, []string{`did you mean "check"?`})
	run("list").wants(t, Done, []string{"drawn", "image-folder", "oxford-iiit-pet"}, nil)
	run("check", "-root", "nowhere").wants(t, Failed, nil, []string{"nowhere"})
	run("download", "-root", "full", "-archives", "none.tar").wants(t, Failed, nil, []string{"none.tar"})
	run("export").wants(t, Usage, nil, []string{"one folder"})
	run("export", "-classes", "99", "drawn").wants(t, Usage, nil, []string{"99"})
	run("export", "-classes", "2", "-images", "3", "-size", "16", "drawn").wants(t, Done, []string{"6 training and 2 test images of 2 classes in drawn"}, nil)
	for split, want := range map[string]int{"train": 6, "test": 2} {
		if files, _ := filepath.Glob(filepath.Join("drawn", split, "*", "*.png")); len(files) != want {
			t.Errorf("%s: %v, want %d images", split, files, want)
		}
	}
	run("export", "drawn").wants(t, Usage, nil, []string{"drawn is not empty"})
}
