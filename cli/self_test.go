package cli

import (
	"os"
	"path/filepath"
	"testing"
)

func TestProgramCommands(t *testing.T) {
	module := t.TempDir()
	if err := os.WriteFile(filepath.Join(module, "go.mod"), []byte("module "+modulePath+"\n\ngo 1.26\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	inside := filepath.Join(module, "examples")
	if err := os.Mkdir(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	const built = "/tmp/go-build123/b001/exe/vgg16"
	example := program{typed: built, executable: built, mainPackage: modulePath + "/examples/vgg16", module: modulePath}
	for _, c := range []struct {
		name             string
		change           func(*program)
		command, predict string
	}{
		{"go run in the module", func(p *program) { p.dir = module }, "go run ./examples/vgg16", "go run ./examples/predict"},
		{"go run in a folder of it", func(p *program) { p.dir = inside }, "go run ./vgg16", "go run ./predict"},
		{"go run of a version", func(p *program) { p.dir, p.version = elsewhere, "v0.1.0" },
			"go run " + modulePath + "/examples/vgg16@v0.1.0", "go run " + modulePath + "/examples/predict@v0.1.0"},
		{"built", func(p *program) { p.dir, p.typed, p.executable = elsewhere, "./my vgg", "/x/my vgg" }, "'./my vgg'", "'./my vgg' predict"},
		{"go run main.go", func(p *program) { p.dir, p.mainPackage = elsewhere, "command-line-arguments" }, "go run .", "go run . predict"},
		{"the command", func(p *program) { p.dir, p.mainPackage = module, modulePath+"/cmd/euryale" }, "go run ./cmd/euryale", "go run ./cmd/euryale predict"},
	} {
		p := example
		c.change(&p)
		if got := p.command(); got != c.command {
			t.Errorf("%s: command %q, want %q", c.name, got, c.command)
		}
		if got := p.predict(); got != c.predict {
			t.Errorf("%s: predict %q, want %q", c.name, got, c.predict)
		}
	}
}
