package cli

import (
	"context"
	"encoding/json"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/viz"
)

func predict(in string, args ...string) outcome {
	return runCommand(context.Background(), RunPredict, in, args...)
}

// prediction is a line of predict -json.
type prediction struct {
	Image  string
	Error  string
	Logits []float64
	Top    []struct {
		Class       string
		Index       int
		Probability float64
	}
}

func predictions(t *testing.T, out string) (lines []prediction) {
	t.Helper()
	for line := range strings.Lines(out) {
		var p prediction
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		lines = append(lines, p)
	}
	return lines
}

func TestPredict(t *testing.T) {
	inFolder(t)
	train("-quiet", "-out", "run").wants(t, Done, nil, nil)
	samples := "run/figures/samples"
	files, _ := filepath.Glob(samples + "/*.png")
	picture, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}

	o := predict("", "-weights", "run", samples)
	o.wants(t, Done, nil, nil)
	lines := strings.Split(strings.TrimSpace(o.out), "\n")
	if len(lines) != 2 || len(strings.Split(lines[0], "\t")) != 3 || !strings.HasPrefix(lines[0], files[0]+"\t") {
		t.Errorf("plain lines %q", lines)
	}

	write(t, "bad.jpg", "no picture")
	write(t, "empty/readme.txt", "")
	o = predict(string(picture), "-json", "-weights", "run/checkpoints/best.safetensors", "bad.jpg", "none.png", "empty", files[0], "-", "-top", "1")
	o.wants(t, Failed, nil, nil)
	got := predictions(t, o.out)
	if len(got) != 5 {
		t.Fatalf("%d lines, want 5: %s", len(got), o.out)
	}
	for i, name := range []string{"bad.jpg", "none.png", "empty", files[0], "-"} {
		if got[i].Image != name || (got[i].Error != "") != (i < 3) {
			t.Errorf("line %d: %+v", i, got[i])
		}
	}
	from, in := got[3], got[4]
	if len(from.Logits) != 2 || len(from.Top) != 1 || from.Top[0].Probability < 0.5 || from.Top[0].Class == "" || from.Logits[0] != in.Logits[0] {
		t.Errorf("file %+v, standard input %+v", from, in)
	}

	o = predict("", "-weights", "run", "bad.jpg", files[0])
	o.wants(t, Failed, []string{files[0] + "\t"}, []string{"predict: bad.jpg: "})
	if strings.Count(o.out, "\n") != 1 {
		t.Errorf("standard output %q, want the good image's line alone", o.out)
	}

	command := runCommand(t.Context(), TrainCommand([]byte(tinyRecipe)), "", "predict", "-weights", "run", samples)
	command.wants(t, Done, []string{files[0] + "\t"}, nil)
}

func TestPredictRefuses(t *testing.T) {
	inFolder(t)
	write(t, "names.txt", "\n")
	write(t, "x.safetensors", "\x08\x00\x00\x00\x00\x00\x00\x00{}      ")
	if err := viz.WritePNG("x.png", image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		err  string
	}{
		{[]string{"x.png"}, Usage, "-weights"},
		{[]string{"-weights", "w"}, Usage, "no images"},
		{[]string{"-weights", "w", "-top", "0", "x.png"}, Usage, "-top 0"},
		{[]string{"-weights", "w", "-threads", "-1", "x.png"}, Usage, "-threads -1"},
		{[]string{"-weights", "w", "-model", "resnet50e", "x.png"}, Usage, `did you mean "resnet50`},
		{[]string{"-weights", "w", "-device", "tpu", "x.png"}, Usage, "tpu"},
		{[]string{"-weights", "w", "-device", "cuda", "x.png"}, Failed, "cuda"},
		{[]string{"-weight", "w", "x.png"}, Usage, "-weights"},
		{[]string{"-weights", "none.safetensors", "x.png"}, Failed, "none.safetensors"},
		{[]string{"-weights", "x.safetensors", "x.png"}, Failed, "does not name its model"},
		{[]string{"-weights", "x.safetensors", "-classes", "names.txt", "x.png"}, Failed, "names no class"},
	} {
		o := predict("", c.args...)
		o.wants(t, c.code, nil, []string{"predict: ", c.err})
		if o.out != "" {
			t.Errorf("%v: standard output %q", c.args, o.out)
		}
	}
	predict("", "-h").wants(t, Done, []string{"-weights", "-json", "-top", "-device", "-model", "-classes"}, nil)
}
