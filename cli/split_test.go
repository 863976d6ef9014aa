package cli

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/viz"
)

// pictures writes images of one colour a folder: "d/cat:8" is eight in d/cat.
func pictures(t *testing.T, specs ...string) {
	t.Helper()
	for k, spec := range specs {
		dir, count, _ := strings.Cut(spec, ":")
		var n int
		if _, err := fmt.Sscan(count, &n); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			img := image.NewRGBA(image.Rect(0, 0, 20, 20))
			for p := range 400 {
				img.Set(p%20, p/20, color.RGBA{uint8(60*k + p%7), uint8(200 - 50*k), uint8(17 * i), 255})
			}
			if err := viz.WritePNG(filepath.Join(dir, fmt.Sprintf("%d.png", i)), img); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// onFolder trains on a folder of images.
func onFolder(root string, args ...string) outcome {
	return train(append([]string{"-set", "data.set=image-folder", "-set", "data.root=" + root}, args...)...)
}

// TestTrainSaysTheParts wants the first lines to say which folders are used, and how.
func TestTrainSaysTheParts(t *testing.T) {
	inFolder(t)
	pictures(t, "a/train/cat:4", "a/train/dog:4", "a/Validation/cat:3", "a/Validation/dog:3")
	write(t, "a/train/cat/x.heic", "")
	onFolder("a", "-out", "two").wants(t, Done, nil, []string{"8 training and 6 test images, 2 classes", "data: train trains, Validation tests and chooses the best weights",
		"left out: 1 .heic", "warn: pictures in other formats are left out (1 .heic)"})
	pictures(t, "a/test/cat:2", "a/test/dog:5")
	o := onFolder("a", "-out", "three")
	o.wants(t, Done, []string{"final test: accuracy ", "on the 7 images kept for the end, with the weights of epoch", "chance 50.0 %"},
		[]string{"8 training, 6 validation and 7 test images", "train trains, Validation chooses the best weights (6 images), test tests them at the end (7 images)"})
	r, err := run.Folder("three").Report()
	if err != nil || r.Final == nil || r.FinalImages != 7 || r.TestImages != 6 {
		t.Errorf("%v, %+v", err, r)
	}
	train("-resume", "-out", "three").wants(t, Done, []string{"final test: accuracy "}, []string{"is finished"})
	compare("two", "three").wants(t, Done, []string{"final test accuracy ", "of 7 images kept for the end"}, nil)
	if text, err := os.ReadFile("report.md"); err != nil || !strings.Contains(string(text), "Of the 7 images that were kept for the end") {
		t.Errorf("the report has no final accuracy: %v, %s", err, text)
	}
	pictures(t, "flat/cat:8", "flat/dog:8")
	onFolder("flat", "-out", "flat-run").wants(t, Done, nil, []string{"flat test, by a hash of their names (data.test_fraction=0.2, data.split_seed=0)"})
}

// TestResumeOtherImages resumes runs whose images have changed or moved.
func TestResumeOtherImages(t *testing.T) {
	top := inFolder(t)
	pictures(t, "d/cat:8", "d/dog:8", "d/owl:8")
	onFolder("d", "-out", "run").wants(t, Done, nil, nil)
	c, err := readRunConfig("run")
	if err != nil || c.Data.Root != filepath.Join(top, "d") {
		t.Fatalf("data.root %q, %v", c.Data.Root, err)
	}
	more := []string{"-resume", "-out", filepath.Join(top, "run"), "-set", "train.epochs=3"}
	rename := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	rename("d/owl", "d/aardvark")
	train(more...).wants(t, Failed, nil, []string{"the class owl is called aardvark now"})
	rename("d/aardvark", "d/owl")
	write(t, "d/cat/99.png", "")
	train(more...).wants(t, Failed, nil, []string{"image is new: cat/99.png"})
	os.Remove("d/cat/99.png")

	// a folder of that name elsewhere is not the run's
	elsewhere := filepath.Join(top, "elsewhere")
	pictures(t, filepath.Join(elsewhere, "d", "cat")+":8", filepath.Join(elsewhere, "d", "dog")+":8")
	t.Chdir(elsewhere)
	train(more...).wants(t, Done, nil, []string{"resuming after step"})
	t.Chdir(top)

	rename("d", "moved")
	more[len(more)-1] = "train.epochs=4"
	train(more...).wants(t, Failed, nil, []string{"there is no folder", filepath.Join(top, "d"), "-set data.root=DIR"})
	train(append(more, "-set", "data.root=moved")...).wants(t, Done, nil, nil)
	if c, err = readRunConfig("run"); err != nil || c.Data.Root != filepath.Join(top, "moved") {
		t.Errorf("data.root %q, %v", c.Data.Root, err)
	}
	all, err := run.Folder("run").Predictions()
	if err != nil || !strings.HasPrefix(all[0].Image, "cat/") {
		t.Errorf("%v, %+v", err, all)
	}

	// an older version's folder: a root as it was typed, no split
	config, err := os.ReadFile("run/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, "run/config.yaml", strings.Replace(string(config), "root: "+filepath.Join(top, "moved"), "root: moved", 1))
	os.Remove("run/split.json")
	train("-resume", "-out", "run", "-set", "train.epochs=5").wants(t, Done, nil, []string{"has no split.json"})
	if !exists("run/split.json") {
		t.Error("the split is not kept")
	}
}

// TestSeedsShareTheSplit wants the same test images for each seed.
func TestSeedsShareTheSplit(t *testing.T) {
	inFolder(t)
	pictures(t, "d/cat:9", "d/dog:9")
	for _, seed := range []string{"1", "2"} {
		onFolder("d", "-quiet", "-out", "runs/seed"+seed, "-set", "seed="+seed, "-set", "name=a").wants(t, Done, nil, nil)
	}
	onFolder("d", "-quiet", "-out", "runs/other", "-set", "seed=3", "-set", "name=a", "-set", "data.split_seed=1").wants(t, Done, nil, nil)
	names := func(dir string) (list []string) {
		all, err := run.Folder(dir).Predictions()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			list = append(list, p.Image)
		}
		return list
	}
	one, two, other := fmt.Sprint(names("runs/seed1")), fmt.Sprint(names("runs/seed2")), fmt.Sprint(names("runs/other"))
	if one != two || one == other {
		t.Errorf("seeds 1 and 2 test on %s and %s, another split seed on %s", one, two, other)
	}
	compare("runs/seed1", "runs/seed2").wants(t, Done, nil, nil)
	compare("runs/seed1", "runs/seed2", "runs/other").wants(t, Done, nil, []string{"tested on different images", "seed1", "other"})
}

// TestChanceOfLists has lists of fewer classes than the set.
func TestChanceOfLists(t *testing.T) {
	inFolder(t)
	petArchive(t, "pets.tar")
	runCommand(t.Context(), RunData, "", "download", "-root", "set", "-archives", "pets.tar").wants(t, Done, nil, nil)
	list, err := os.ReadFile("set/annotations/list.txt")
	if err != nil {
		t.Fatal(err)
	}
	write(t, "set/annotations/list.txt", string(list)+"Bombay_1 8 1 1\n") // 6 classes more
	args := []string{"-set", "data.set=oxford-iiit-pet", "-set", "data.root=set", "-set", "train.epochs=1"}
	o := train(append(args, "-out", "run")...)
	o.wants(t, Done, []string{"test accuracy: ", "chance 50.0 %", "top-5 accuracy: ", "chance 100.0 %"},
		[]string{"4 training and 4 test images, 8 classes", "6 of the 8 classes have no training image", "data.relabel=true", "(chance 50.0 %)"})
	train(append(args, "-out", "relabelled", "-set", "data.relabel=true")...).wants(t, Done, []string{"chance 50.0 %"}, []string{"2 classes"})
	runCommand(t.Context(), RunData, "", "check", "set").wants(t, Done, []string{"6 of the 8 classes have no training image", "data.relabel=true",
		"training: 4 images, 2 of 8 classes, 0 cannot be decoded"}, nil)
	runCommand(t.Context(), RunData, "", "check", "-relabel", "set").wants(t, Done, []string{"training: 4 images, 2 classes"}, nil)
}

// TestDataCheckFolders checks folders of images.
func TestDataCheckFolders(t *testing.T) {
	inFolder(t)
	check := func(args ...string) outcome {
		return runCommand(t.Context(), RunData, "", append([]string{"check"}, args...)...)
	}
	pictures(t, "a/train/cat:4", "a/train/dog:4", "a/val/cat:3", "a/val/dog:3", "a/test/dog:1", "flat/cat:6", "flat/dog:7")
	write(t, "a/train/notes.txt", "")
	write(t, "a/train/dog/notes.txt", "")
	write(t, "a/train/dog/._0.png", "hidden")
	check("a").wants(t, Done, []string{"set: image-folder, a", "train trains, val chooses the best weights (6 images), test tests them at the end (1 image)", "left out: 1 .txt",
		"1 of the 2 classes have no image in " + filepath.Join("a", "test") + ": cat",
		"training: 8 images, 2 classes, 0 cannot", "validation: 6 images, 2 classes", "test: 1 images, 1 of 2 classes"}, nil)
	write(t, "flat/cat/bad.jpg", "no picture")
	o := check("-root", "flat", "-test-fraction", "0.5", "-split-seed", "3")
	o.wants(t, Failed, []string{"images in flat test", "data.test_fraction=0.5, data.split_seed=3"}, []string{"bad.jpg: ", "data check: 1 images cannot be decoded"})
	check("nowhere").wants(t, Failed, nil, []string{`there is no folder "nowhere"`})
	check("a", "flat").wants(t, Usage, nil, []string{"one folder"})
	// what the pets' set says of such a folder
	train("-out", "run", "-set", "data.set=auto", "-set", "data.root=flat").wants(t, Failed, nil, []string{"2 folders (cat, dog) and 14 images", "data.set=image-folder"})
}
