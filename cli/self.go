package cli

import (
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/euryale-ml/euryale/internal/smallfile"
)

// modulePath is the module of the commands.
const modulePath = "github.com/euryale-ml/euryale"

// program is the running program, and how to start it again.
type program struct {
	typed       string // os.Args[0]
	executable  string
	mainPackage string // import path of its main package
	module      string // of that package
	version     string
	dir         string // the working folder
}

func thisProgram() program {
	p := program{typed: os.Args[0]}
	p.executable, _ = os.Executable()
	p.dir, _ = os.Getwd()
	if b, ok := debug.ReadBuildInfo(); ok {
		p.mainPackage, p.module, p.version = b.Path, b.Main.Path, b.Main.Version
	}
	return p
}

// goRun reports whether "go run" built the program, into a temporary folder.
func (p program) goRun() bool {
	return strings.Contains(filepath.ToSlash(p.executable), "/go-build")
}

// command is the command line that starts the program again from the same folder.
func (p program) command() string {
	if !p.goRun() {
		return quote(p.typed)
	}
	return p.run(p.mainPackage)
}

// predict is the command line that classifies images with trained weights.
func (p program) predict() string {
	if p.goRun() && strings.HasPrefix(p.mainPackage, modulePath+"/examples/") {
		return p.run(modulePath + "/examples/predict")
	}
	return p.command() + " predict"
}

// sync is the command line that sends unsent records to trackers.
func (p program) sync() string {
	if p.goRun() && strings.HasPrefix(p.mainPackage, modulePath+"/examples/") {
		return p.run(modulePath+"/cmd/euryale") + " sync"
	}
	return p.command() + " sync"
}

// run is the "go run" command line for a package: by its folder inside its module, else by its
// import path.
func (p program) run(pkg string) string {
	root, module := moduleAt(p.dir)
	inside, isInside := strings.CutPrefix(pkg, module)
	switch {
	case pkg == "command-line-arguments": // go run main.go: the package in this folder
		return "go run ."
	case root != "" && isInside && (inside == "" || inside[0] == '/'):
		rel, err := filepath.Rel(p.dir, filepath.Join(root, filepath.FromSlash(inside)))
		if err != nil {
			return "go run " + pkg
		}
		if rel = filepath.ToSlash(rel); rel != "." && !strings.HasPrefix(rel, "../") {
			rel = "./" + rel
		}
		return "go run " + quote(rel)
	case p.version != "" && p.version != "(devel)" && strings.HasPrefix(pkg, p.module):
		return "go run " + pkg + "@" + p.version
	}
	return "go run " + pkg
}

// moduleAt finds the module that a folder is in: its root and its path.
func moduleAt(dir string) (root, module string) {
	for dir != "" {
		data, err := smallfile.Read(filepath.Join(dir, "go.mod"), 1<<20)
		if err == nil {
			for line := range strings.Lines(string(data)) {
				if name, ok := strings.CutPrefix(strings.TrimSpace(line), "module "); ok {
					return dir, path.Clean(strings.Trim(strings.TrimSpace(name), `"`))
				}
			}
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	return "", ""
}
