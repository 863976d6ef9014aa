package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/report"
	"github.com/euryale-ml/euryale/run"
)

// made is a run to be written into a folder.
type made struct {
	reason   string // why it ended before the last epoch
	name     string
	seed     uint64
	accuracy float64 // best, and last if that is 0
	last     float64
	epochs   int
	best     int // epoch; 0: the last
	images   int // test images; 0: 1,000
	status   string
	change   func(c *config.Config)
	wrong    func(i int) bool // predictions of 10 classes, nil: there are none
	bare     bool             // neither configuration nor metrics
}

// write makes the folder of a run and reads it.
func (m made) write(t *testing.T) *report.Run {
	t.Helper()
	dir := filepath.Join(t.TempDir(), fmt.Sprintf("%s-seed%d", m.name, m.seed))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	put := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put(run.SummaryFile, m.summary(t))
	if !m.bare {
		c := config.Default()
		c.Name, c.Seed, c.Data.Set = m.name, m.seed, "oxford-iiit-pet"
		if m.change != nil {
			m.change(&c)
		}
		put(run.ConfigFile, c.YAML())
		put("metrics.jsonl", m.metrics())
	}
	if m.wrong != nil {
		var all []run.Prediction
		for i := range m.images {
			p := run.Prediction{Index: i, Image: fmt.Sprintf("cat_%d.jpg", i), Label: i % 10, Predicted: i % 10, Probability: 0.5, Loss: 0.7}
			if m.wrong(i) {
				p.Predicted, p.Loss = (i+1)%10, 2
			}
			all = append(all, p)
		}
		if err := run.Folder(dir).WritePredictions(all); err != nil {
			t.Fatal(err)
		}
	}
	r, err := report.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (m *made) summary(t *testing.T) []byte {
	if m.status == "" {
		m.status = run.Finished
	}
	if m.images == 0 {
		m.images = 1000
	}
	if m.best == 0 {
		m.best = m.epochs
	}
	if m.last == 0 {
		m.last = m.accuracy
	}
	s := run.Report{
		Name: m.name, Model: "resnet50", Status: m.status, Reason: m.reason, Seed: m.seed, Epochs: m.epochs, Steps: 10 * m.epochs, Parameters: 23_583_845,
		MultiplyAdds: 353_282_048, Seconds: 75, ImagesPerSecond: 71, TrainImages: 3680, TestImages: m.images,
	}
	if m.epochs > 0 {
		s.Best = &run.Scores{Point: run.Point{Epoch: m.best, Step: 10 * m.best, Accuracy: m.accuracy, BalancedAccuracy: m.accuracy, Loss: 2}}
		s.Last = &run.Scores{Point: run.Point{Epoch: m.epochs, Step: 10 * m.epochs, Accuracy: m.last, BalancedAccuracy: m.last, Loss: 2.1}}
	}
	if m.status == run.Failed {
		s.Error = "trainer: /home/somebody/data/cat.jpg: the training diverged"
	}
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (m *made) metrics() []byte {
	var b bytes.Buffer
	for e := 1; e <= m.epochs; e++ {
		value := fmt.Sprintf(`"epoch":%d,"step":%d,"loss":%g,"accuracy":%g,"balanced_accuracy":0.1,"time":"2026-01-02T03:04:05Z"`,
			e, 10*e, 3/float64(e), m.accuracy)
		fmt.Fprintf(&b, `{"kind":"step","split":"train",%s,"lr":0.1,"images_per_second":70}`+"\n"+`{"kind":"epoch","split":"test",%s}`+"\n", value, value)
	}
	return b.Bytes()
}

// texts makes both forms of the report.
func texts(t *testing.T, runs ...*report.Run) (markdown, page string) {
	t.Helper()
	r, err := report.New(runs, report.Options{Images: noImages})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "new", "folder")
	if err := r.Write(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	var out [2]string
	for i, name := range []string{report.MarkdownFile, report.HTMLFile} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		out[i] = string(data)
	}
	checkPage(t, out[1])
	for _, run := range runs {
		for i := range out {
			if strings.Contains(out[i], filepath.Dir(run.Folder)) || strings.Contains(out[i], "/home/") {
				t.Errorf("report %d has a folder of this machine", i)
			}
		}
	}
	return strings.ReplaceAll(out[0], `\`, ""), out[1]
}

var address = regexp.MustCompile(`(?i)(?:src|href|url)\s*[=(]\s*["']?([^"'>) ]+)`)

// checkPage holds a page to what needs no network.
func checkPage(t *testing.T, page string) {
	t.Helper()
	for _, m := range address.FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(m[1], "data:") && !strings.HasPrefix(m[1], "#") {
			t.Errorf("the page refers to %s", m[1])
		}
	}
	for _, bad := range []string{"<script", "NaN", "ZgotmplZ", "%!", "+Inf"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	for _, pair := range [][2]string{{"<svg", "</svg>"}, {"<section", "</section>"}, {"<table", "</table>"}, {"<details", "</details>"}, {"<figure", "</figure>"}} {
		if a, b := strings.Count(page, pair[0]), strings.Count(page, pair[1]); a != b {
			t.Errorf("%d %s and %d %s", a, pair[0], b, pair[1])
		}
	}
}

func wants(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("lacks %q", w)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func tricks(c *config.Config) { c.Loss.LabelSmoothing = 0.1 }

// TestEpochsOfRunsThatEndedEarly counts the epochs that were trained, not those planned.
func TestEpochsOfRunsThatEndedEarly(t *testing.T) {
	markdown, _ := texts(t,
		made{name: "a", seed: 1, accuracy: 0.3, epochs: 3, reason: "max_steps"}.write(t),
		made{name: "b", seed: 1, accuracy: 0.3, epochs: 12, reason: "patience", change: tricks}.write(t),
	)
	wants(t, markdown, "2 runs trained resnet50 from random weights for 3 to 12 epochs")
}

func TestSeedsAreOneRow(t *testing.T) {
	everyThird := func(i int) bool { return i%3 == 0 }
	markdown, page := texts(t,
		made{name: "plain", seed: 1, accuracy: 0.118, epochs: 20, best: 10, wrong: func(i int) bool { return i%8 != 0 }}.write(t),
		made{name: "tricks", seed: 1, accuracy: 0.37, epochs: 20, change: tricks, wrong: everyThird}.write(t),
		made{name: "tricks", seed: 2, accuracy: 0.38, epochs: 20, change: tricks, wrong: everyThird}.write(t),
	)
	wants(t, markdown,
		"2 experiments (3 runs) trained resnet50 from random weights for 100 epochs", "tricks has the highest test accuracy: it names 37.5 % ± 0.7", "10 classes", "right in 10.0 % of the images",
		// sqrt(.375·.625/1000 + .118·.882/1000) = 1.84 points
		"tricks is better than plain: 37.5 % ± 0.7 against 11.8 %; the difference of 25.7 points is 14 standard deviations.",
		"Changed: loss.label_smoothing 0 → 0.1.", "moves by ± 0.7 points", "| ↳ seed 2 | 38.0 % |", "No better than guessing", "± 1.5 points",
		"Saturated, without a better test accuracy in their last 10 epochs: plain (best in epoch 10 of 20, 10 epochs ago)", "| loss.label_smoothing |",
		"23,583,845", "353 M", "1 min 15 s", "tricks takes",
	)
	if strings.Count(markdown, "\n| tricks |") != 2 { // results, settings
		t.Errorf("the rows of tricks: %s", markdown)
	}
	wants(t, page, "<details><summary>tricks</summary></details>", `class="seed"`, "Confusion matrix of tricks", "seeds together", `id="curves"`,
		"Which classes are hard", "The hardest images", `aria-label="Test loss over the epochs"`, "prefers-color-scheme: dark", "@media print")
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name    string
		a, b    float64
		last    float64 // of a
		words   []string
		absence string
	}{
		{"none", 0.400, 0.395, 0, []string{"Between a and b there is no difference that these runs could show", "0.2 standard deviations", "Not distinguishable from it: b"}, "better"},
		{"exactly none", 0.4, 0.4, 0, []string{"no difference", "the difference of 0 points is 0 standard deviations"}, "better"},
		{"unsure", 0.43, 0.40, 0, []string{"a may be better than b, but that is not sure", "in one of 6 comparisons", "Perhaps behind it"}, "is better"},
		{"sure", 0.50, 0.40, 0, []string{"a is better than b: 50.0 % against 40.0 %; the difference of 10 points is 4.5 standard deviations.", "It is ahead of all others"}, "may be"},
		{"the other way round", 0.50, 0.40, 0.2, []string{"In their last epochs it is the other way round: 20.0 % against 40.0 %"}, "may be"},
		{"not at the end", 0.50, 0.40, 0.4, []string{"In their last epochs there is no difference: 40.0 % against 40.0 %"}, "may be"},
		{"all right", 1, 1, 0, []string{"no difference"}, "better"},
		{"all against nothing", 1, 0, 0, []string{"beyond all standard deviations"}, "may be"},
	} {
		t.Run(c.name, func(t *testing.T) {
			markdown, _ := texts(t,
				made{name: "a", accuracy: c.a, last: c.last, epochs: 4, change: tricks}.write(t),
				made{name: "b", accuracy: c.b, epochs: 4}.write(t))
			wants(t, markdown, append(c.words, "one seed, so that what another seed would change is not known")...)
			if strings.Contains(markdown, c.absence) {
				t.Errorf("says %q", c.absence)
			}
		})
	}
}

// TestSeedNoise has a difference that the images alone would call real.
func TestSeedNoise(t *testing.T) {
	markdown, _ := texts(t,
		made{name: "a", seed: 1, accuracy: 0.40, epochs: 4, images: 100_000}.write(t),
		made{name: "a", seed: 2, accuracy: 0.50, epochs: 4, images: 100_000}.write(t),
		made{name: "b", seed: 1, accuracy: 0.41, epochs: 4, images: 100_000, change: tricks}.write(t))
	wants(t, markdown, "Between a and b there is no difference", "0.6 standard deviations", "moves by ± 7.1 points")
}

func TestOddRuns(t *testing.T) {
	failed := made{name: "failed", status: run.Failed}.write(t)
	stopped := made{name: "stopped", status: run.Interrupted, accuracy: 0.2, epochs: 3}.write(t)
	old := made{name: "old", accuracy: 0.3, epochs: 5, bare: true}.write(t)
	for _, c := range []struct {
		name  string
		runs  []*report.Run
		words []string
	}{
		{"failed alone", []*report.Run{failed}, []string{"failed failed after 0 steps: trainer: …/cat.jpg: the training diverged.", "None of these runs was evaluated"}},
		{"interrupted alone", []*report.Run{stopped}, []string{"stopped was stopped after 3 of 100 epochs", "20.0 %"}},
		{"old alone", []*report.Run{old}, []string{"config.yaml cannot be read", "unknown images", "old: its accuracy"}},
		{"one", []*report.Run{made{name: "one", accuracy: 0.5, epochs: 2}.write(t)}, []string{"# one", "one names 50.0 % of the test images right", "not known of one"}},
		{"together", []*report.Run{failed, stopped, old}, []string{"3 runs", "old"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "old alone" {
				c.words = c.words[:2]
			}
			markdown, _ := texts(t, c.runs...)
			wants(t, markdown, c.words...)
		})
	}
}

func TestOtherTestImages(t *testing.T) {
	other := func(c *config.Config) { c.Data.TestList = "/somewhere/else/short.txt" }
	markdown, page := texts(t,
		made{name: "a", accuracy: 0.5, epochs: 2}.write(t),
		made{name: "b", accuracy: 0.9, epochs: 2, images: 200, change: other}.write(t))
	wants(t, markdown, "Their accuracies are of different images", "oxford-iiit-pet short.txt", "tested on", "| data.test_list |")
	if strings.Contains(markdown, "better than") || strings.Contains(markdown, "/somewhere") {
		t.Error("runs on different images are compared, or a folder is named")
	}
	wants(t, page, "tested on")

	// The same list with other contents: the predictions tell.
	right := func(int) bool { return false }
	markdown, _ = texts(t,
		made{name: "a", accuracy: 1, epochs: 2, images: 100, wrong: right}.write(t),
		made{name: "b", accuracy: 1, epochs: 2, images: 90, wrong: right}.write(t))
	wants(t, markdown, "Their accuracies are of different images")
}

func TestManyRuns(t *testing.T) {
	var runs []*report.Run
	for i := range 30 {
		runs = append(runs, made{
			name: fmt.Sprintf("run<%d>|&*_", i), accuracy: 0.3 + float64(i)/100, epochs: 5, images: 50, wrong: func(n int) bool { return n%30 >= i },
			change: func(c *config.Config) { c.Optim.LR = float64(i + 1) },
		}.write(t))
	}
	markdown, page := texts(t, runs...)
	wants(t, markdown, "30 experiments")
	if len(page) > 3<<20 || strings.Contains(page, "run<") {
		t.Errorf("%d bytes, or a name that is not escaped", len(page))
	}
}

func TestTwoRunsOfOneSeed(t *testing.T) {
	markdown, _ := texts(t, made{name: "a", seed: 1, accuracy: 0.5, epochs: 2}.write(t), made{name: "a", seed: 1, accuracy: 0.5, epochs: 2}.write(t))
	wants(t, markdown, "a-seed1", "a-seed1 (2)")
	if strings.Contains(markdown, "±") && strings.Contains(markdown, "50.0 % ± ") {
		t.Error("a repeated run counts as another seed")
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{
		"begun/config.yaml": "", "broken/summary.json": "{", "metrics/summary.json": "{}", "metrics/metrics.jsonl": "x\ny\n", "file": "",
		"predictions/summary.json": "{}", "predictions/predictions.jsonl": "{", "empty/x": "",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"nowhere": "no such folder", "file": "but a file", "begun": "not finished", "empty": "neither", "broken": "summary.json cannot be read", "metrics": "metrics.jsonl",
	} {
		if _, err := report.Read(filepath.Join(dir, name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if _, err := report.Read(filepath.Join(dir, "nowhere")); !errors.Is(err, report.ErrNoRun) {
		t.Error(err)
	}
	r, err := report.Read(filepath.Join(dir, "predictions"))
	if err != nil || r.Predictions != nil || len(r.Notes) != 2 {
		t.Errorf("%v, %+v", err, r)
	}
	if _, err := report.New(nil, report.Options{}); !errors.Is(err, report.ErrNoRuns) {
		t.Error(err)
	}
}

var errNoImages = fmt.Errorf("no images: %w", fs.ErrNotExist)
