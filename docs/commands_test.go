package docs_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/cli"
	"github.com/euryale-ml/euryale/examples"
)

// Every command of the documents is run by a shell as it stands. "euryale" and "go run"
// are this test program, which is all of them, and the lines below say what it changes so
// that a training takes a moment.

// small is added to each training, so that a run of days takes a second.
var small = []string{
	"-set", "model.name=tiny", "-set", "data.resize=18", "-set", "data.crop=16", "-set", "data.batch=4", "-set", "data.workers=1",
	"-set", "data.drawn_classes=2", "-set", "data.drawn_images=4", "-set", "train.epochs=1", "-set", "threads=1",
}

// cuts are the flags that are added to a command, by what it begins with and holds.
var cuts = []struct {
	command *regexp.Regexp
	add     []string
}{
	{regexp.MustCompile(`-resume|-h\b|-dry-run`), nil},
	{regexp.MustCompile(`data\.download=true`), append([]string{"-set", "data.archives=pets.tar"}, small...)}, // instead of 800 MB
	{regexp.MustCompile(`^euryale data download`), []string{"-set", "data.archives=pets.tar"}},
	{regexp.MustCompile(`^euryale sweep`), append([]string{"-seeds", "1"}, small...)},
	{regexp.MustCompile(`^euryale lrfind`), append([]string{"-steps", "12"}, small...)},
	{regexp.MustCompile(`^euryale (train|finetune)|^(vgg16|resnet50|resnet50_tricks)\b`), small},
}

// notRun are commands that no test runs, and why.
var notRun = map[string]string{
	"curl -LO https://download.pytorch.org/models/resnet50-0676ba61.pth": "it needs the network; a file of that name is there",
	"go test ./...": "it would run this test",
	"go install github.com/euryale-ml/euryale/cmd/euryale@latest": "it needs the network",
	"go run ./cmd/euryale":     "it prints the help, with exit code 2",
	"go generate ./device/...": "it remakes committed files; the gate compares them",
}

// promises are files that a command leaves behind, by what it holds.
var promises = []struct {
	command *regexp.Regexp
	files   []string
}{
	{regexp.MustCompile(`(train|examples/(vgg16|resnet50\w*)) .*-out runs/first`), []string{
		"runs/first/config.yaml", "runs/first/metrics.jsonl", "runs/first/metrics.csv", "runs/first/summary.json", "runs/first/predictions.jsonl",
		"runs/first/checkpoints/best.safetensors", "runs/first/checkpoints/last.safetensors", "runs/first/figures"}},
	{regexp.MustCompile(`train .*-out runs/photos`), []string{"runs/photos/split.json"}},
	{regexp.MustCompile(`sweep .*-out runs/study`), []string{"runs/study/report.html", "runs/study/report.md"}},
	{regexp.MustCompile(`sweep .*-out runs/short`), []string{"runs/short/report.html", "runs/short/report.md"}},
	{regexp.MustCompile(`export .*-to model\.onnx`), []string{"model.onnx"}},
}

// asProgram in the environment makes this test program one of Euryale's.
const asProgram = "EURYALE_DOCS_PROGRAM"

func TestMain(m *testing.M) {
	registerTiny()
	program := os.Getenv(asProgram)
	if program == "" {
		os.Exit(m.Run())
	}
	line := program + " " + strings.Join(os.Args[1:], " ")
	for _, c := range cuts {
		if c.command.MatchString(line) {
			os.Args = append(os.Args, c.add...)
			break
		}
	}
	switch program {
	case "euryale":
		var recipes []cli.Recipe
		for _, name := range examples.Recipes {
			config, quick, _ := examples.Recipe(name)
			recipes = append(recipes, cli.Recipe{Name: name, Config: config, Quick: quick})
		}
		cli.Main(cli.Commands(recipes...))
	case "predict":
		cli.Predict()
	case "compare":
		cli.Compare()
	}
	config, quick, ok := examples.Recipe(program)
	if !ok {
		fmt.Fprintf(os.Stderr, "there is no program %s\n", program)
		os.Exit(1)
	}
	cli.Train(config, cli.Quick(quick))
}

// shims are euryale and go as the shell finds them.
const (
	euryaleShim = `#!/bin/sh
` + asProgram + `=euryale exec "$EURYALE_DOCS_TEST" "$@"
`
	goShim = `#!/bin/sh
if [ "$1" = run ]; then
	case "$2" in
	./cmd/euryale) program=euryale ;;
	./examples/*) program=${2#./examples/} ;;
	esac
fi
[ -n "$program" ] || { echo "no test runs: go $*" >&2; exit 1; }
shift 2
` + asProgram + `=$program exec "$EURYALE_DOCS_TEST" "$@"
`
)

// TestCommands runs what the documents let a reader paste: the blocks in order, then the
// commands in the prose.
func TestCommands(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("no shell")
	}
	for _, file := range documents(t) {
		t.Run(file, func(t *testing.T) {
			w := newWorkplace(t, shell)
			if file != "README.md" { // README begins with nothing; the other pages come after it
				w.paste("what README leaves", "mkdir -p data/oxford-iiit-pet && tar xf pets.tar -C data/oxford-iiit-pet\neuryale train vgg16 -out runs/first")
			}
			for _, b := range blocksOf(t, file) {
				switch b.language {
				case "", "sh":
					w.paste(fmt.Sprintf("%s:%d", b.file, b.line), b.text)
				case "yaml": // the reader saves it under its name
					name, _, _ := strings.Cut(strings.TrimPrefix(b.text, "name: "), "\n")
					w.write(name+".yaml", b.text)
				}
			}
			for _, command := range commandsIn(t, file) {
				w.paste(file, command)
			}
		})
	}
}

// workplace is a folder as a reader of a document may have it.
type workplace struct {
	t     *testing.T
	shell string
	dir   string
	env   []string
}

func newWorkplace(t *testing.T, shell string) *workplace {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := &workplace{t: t, shell: shell, dir: t.TempDir()}
	bin := filepath.Join(w.dir, "bin")
	w.write("bin/euryale", euryaleShim)
	w.write("bin/go", goShim)
	for _, f := range []string{"euryale", "go"} {
		if err := os.Chmod(filepath.Join(bin, f), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(mlflowStub))
	t.Cleanup(server.Close)
	w.env = []string{
		"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + w.dir, "XDG_CACHE_HOME=" + filepath.Join(w.dir, "cache"),
		"EURYALE_DOCS_TEST=" + self, "HTTPS_PROXY=http://127.0.0.1:9", "HTTP_PROXY=http://127.0.0.1:9", "NO_PROXY=127.0.0.1",
		"MLFLOW_TRACKING_URI=" + server.URL, "EURYALE_ISA=" + os.Getenv("EURYALE_ISA"),
	}
	w.furnish()
	return w
}

// mlflowStub accepts everything.
func mlflowStub(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch filepath.Base(r.URL.Path) {
	case "get-by-name":
		fmt.Fprint(w, `{"experiment": {"experiment_id": "1", "name": "e", "lifecycle_stage": "active", "artifact_location": "mlflow-artifacts:/1"}}`)
	case "create", "get", "update":
		fmt.Fprint(w, `{"run": {"info": {"run_id": "r", "run_uuid": "r", "experiment_id": "1", "lifecycle_stage": "active", "artifact_uri": "mlflow-artifacts:/1/r/artifacts"}, "data": {}}, "experiment_id": "1"}`)
	default:
		fmt.Fprint(w, `{}`)
	}
}

func (w *workplace) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// paste runs lines of a document as a shell does: with continued lines, patterns and comments.
func (w *workplace) paste(where, text string) {
	w.t.Helper()
	for _, command := range commandsOf(text) {
		if reason, ok := notRun[command]; ok {
			w.t.Logf("%s: %s: not run: %s", where, command, reason)
			continue
		}
		ctx, cancel := context.WithTimeout(w.t.Context(), 3*time.Minute)
		c := exec.CommandContext(ctx, w.shell, "-c", command)
		c.Dir, c.Env = w.dir, w.env
		var out bytes.Buffer
		c.Stdout, c.Stderr = &out, &out
		err := c.Run()
		cancel()
		if err != nil {
			w.t.Errorf("%s: %s\n%v\n%s\na block that is not commands begins with ```text", where, command, err, out.Bytes())
			continue
		}
		for _, p := range promises {
			if !p.command.MatchString(command) {
				continue
			}
			for _, f := range p.files {
				if _, err := os.Stat(filepath.Join(w.dir, f)); err != nil {
					w.t.Errorf("%s: %s: %v", where, command, err)
				}
			}
		}
	}
}

// commandsOf cuts a block into its commands: continued lines are one, comments none.
func commandsOf(text string) (commands []string) {
	text = regexp.MustCompile(`\\\n\s*`).ReplaceAllString(text, "")
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, " #")
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			commands = append(commands, line)
		}
	}
	return commands
}

func TestCommandsOf(t *testing.T) {
	got := commandsOf("# first\na b \\\n    c  # why\n\nd *\n")
	if want := []string{"a b c", "d *"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
