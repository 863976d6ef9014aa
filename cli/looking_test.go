package cli

import (
	"context"
	"encoding/json"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/track/mlflow"
	"github.com/euryale-ml/euryale/trainer"
)

func TestPredictCAM(t *testing.T) {
	inFolder(t)
	train("-out", "run").wants(t, Done, nil, []string{"test balanced accuracy", "in epoch"})
	samples, _ := filepath.Glob("run/figures/samples/*.png")
	run := func(args ...string) outcome {
		return runCommand(context.Background(), RunPredict, "", append([]string{"-weights", "run"}, args...)...)
	}
	isPicture := func(path string) {
		t.Helper()
		f, err := os.Open(path)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		if c, err := png.DecodeConfig(f); err != nil || c.Width < 600 {
			t.Errorf("%s: %v, %v", path, c, err)
		}
	}
	run("-cam", "one.png", samples[0]).wants(t, Done, nil, nil)
	isPicture("one.png")
	run("-cam", "many.png", "-class", "1", "run/figures/samples").wants(t, Done, nil, nil)
	if many, _ := filepath.Glob("many-*.png"); len(many) != len(samples) {
		t.Errorf("%d pictures of %d images", len(many), len(samples))
	}
	os.WriteFile("text.png", []byte("no picture"), 0o644)
	run("-cam", "two.png", "text.png", samples[0]).wants(t, Failed, nil, []string{"text.png"})
	run("-cam", "x.png", "-class", "unicorn", samples[0]).wants(t, Usage, nil, []string{"-class", "unicorn"})
	run("-cam", "x.jpg", samples[0]).wants(t, Usage, nil, []string{"ends in .png"})
	run("-class", "1", samples[0]).wants(t, Usage, nil, []string{"-cam"})
	run("-cam", "text.png/x.png", samples[0]).wants(t, Failed, nil, []string{"text.png"})
}

// TestJSONOfAFailure wants an object also from a run that never began.
func TestJSONOfAFailure(t *testing.T) {
	inFolder(t)
	for _, args := range [][]string{{"-set", "optim.lr=-1"}, {"-set", "model.weights=none.pth"}, {"-resume", "-out", "nothing"}} {
		o := train(append(args, "-json")...)
		var got map[string]string
		if err := json.Unmarshal([]byte(o.out), &got); err != nil || got["status"] != "failed" || got["error"] == "" || o.code == Done {
			t.Errorf("%v: exit code %d, %s, %v", args, o.code, o.out, err)
		}
	}
}

// TestClosingTable closes a run of three epochs, at once and resumed after the first two.
// The first epoch would be the best, but its test loss is not finite.
func TestClosingTable(t *testing.T) {
	want := [][]string{
		{"train", "loss", "1.4000", "2", "1.6000"}, {"train", "accuracy", "60.0", "%", "2", "40.0", "%"}, {"test", "loss", "2.4000", "2", "2.6000"},
		{"test", "accuracy", "30.0", "%", "2", "20.0", "%"}, {"test", "balanced", "accuracy", "15.0", "%", "2", "10.0", "%"},
		{"test", "top-5", "accuracy", "60.0", "%", "2", "40.0", "%"}, {"training", "time", "of", "an", "epoch", "1.0", "s", "1", "3.0", "s"},
	}
	for _, resumed := range []bool{false, true} {
		var out strings.Builder
		c := newClosing(&out)
		h := c.hook()
		for i, v := range []float64{0.2, 0.6, 0.4} {
			epoch := i + 1
			train := run.TrainEpoch{Epoch: epoch, Loss: 2 - v, Accuracy: v, Seconds: float64(epoch)}
			test := run.Scores{Point: run.Point{Epoch: epoch, Loss: 3 - v, Accuracy: v / 2, BalancedAccuracy: v / 4}, Top5Accuracy: v}
			if epoch == 1 {
				test.Loss, test.Accuracy, test.BalancedAccuracy, test.Top5Accuracy = math.NaN(), 1, 1, 1
			}
			if epoch == 3 || !resumed {
				h.Epoch(trainer.EpochEvent{Epoch: epoch, Train: train, Test: test})
				continue
			}
			var lines []run.Line
			for _, images := range []int{8, 4} { // 2 - v is the mean over the images
				loss := train.Loss + 0.1
				if images == 4 {
					loss = train.Loss - 0.2
				}
				lines = append(lines, run.Point{Epoch: epoch, Loss: loss, Accuracy: v, Images: images, ImagesPerSecond: 2 * float64(images) / train.Seconds}.Line(time.Time{}))
			}
			c.earlier(append(lines, run.Scores{Point: run.Point{Epoch: epoch, Loss: test.Loss, Accuracy: test.Accuracy, BalancedAccuracy: test.BalancedAccuracy}, Top5Accuracy: test.Top5Accuracy}.Line(time.Time{})))
		}
		h.End(&run.Report{Seconds: 61, ImagesPerSecond: 12.5}, nil)
		lines := strings.Split(out.String(), "\n")
		for i, w := range want {
			if got := strings.Join(strings.Fields(lines[i+1]), " "); got != strings.Join(w, " ") {
				t.Errorf("resumed %v: line %d is %q, want %q", resumed, i+1, got, strings.Join(w, " "))
			}
		}
		if !strings.Contains(out.String(), "12.5 images/s") {
			t.Error(out.String())
		}
	}
	var m metricRow
	if m.see(1, math.NaN(), true); m.seen {
		t.Error("a value that is no number was seen")
	}
}

func TestConfusions(t *testing.T) {
	p := func(label, predicted int) run.Prediction {
		return run.Prediction{Label: label, Predicted: predicted}
	}
	got := confusions([]run.Prediction{p(1, 2), p(2, 1), p(2, 1), p(1, 2), p(2, 1)})
	if len(got) != 2 || got[0].label != 2 || len(got[0].images) != 3 || got[1].predicted != 2 || len(got[1].images) != 2 {
		t.Errorf("%+v", got)
	}
}

// TestWithoutUsers wants no token on the live page, and the run's own settings as they were.
func TestWithoutUsers(t *testing.T) {
	c := config.Default()
	c.Name, c.Data.URL = "me@home", "https://host/pets"
	uri := func(c config.Config) string { return c.Settings("track", "mlflow").(mlflow.Settings).URI }
	if err := c.Set("mlflow.uri", "http://token@host:5000/path"); err != nil {
		t.Fatal(err)
	}
	shown := withoutUsers(c)
	if uri(shown) != "http://host:5000/path" || shown.Data.URL != "https://host/pets" || shown.Name != "me@home" || uri(c) != "http://token@host:5000/path" {
		t.Errorf("shown %q, %q and %q of %q", uri(shown), shown.Data.URL, shown.Name, uri(c))
	}
}

// TestNoMistakes removes the pictures of mistakes that an earlier part of a run made.
func TestNoMistakes(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{run.MostWrongFile, run.MostConfusedFile} {
		write(t, filepath.Join(dir, run.FiguresDir, name), "")
	}
	if err := run.Folder(dir).WritePredictions([]run.Prediction{{Label: 1, Predicted: 1}}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there are none
		if err := drawMistakes(nil, run.Folder(dir), "run"); err != nil {
			t.Fatal(err)
		}
	}
	if exists(filepath.Join(dir, run.FiguresDir, run.MostWrongFile)) || exists(filepath.Join(dir, run.FiguresDir, run.MostConfusedFile)) {
		t.Error("pictures of mistakes stay")
	}
}
