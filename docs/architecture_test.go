package docs_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/euryale-ml/euryale"

// picture is what architecture.md draws: layers of packages from the top down, and arrows.
type picture struct {
	layer  map[string]int    // of a package
	name   map[string]string // of a node
	arrows [][2]string       // from a package to one that it imports
}

var (
	layerLine = regexp.MustCompile(`^\s*subgraph (\w+)\["`)
	nodeLine  = regexp.MustCompile(`^\s*(\w+)\["([\w/.]+)"\]$`)
	arrowLine = regexp.MustCompile(`^\s*(\w+) --> (.+)$`)
)

// readPicture parses the first Mermaid block of architecture.md.
func readPicture(t *testing.T) (p picture, text string) {
	t.Helper()
	data, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	text = string(data)
	_, block, found := strings.Cut(text, "```mermaid\n")
	block, _, closed := strings.Cut(block, "```")
	if !found || !closed {
		t.Fatal("architecture.md has no Mermaid block")
	}
	p = picture{layer: map[string]int{}, name: map[string]string{}}
	layer := 0
	for line := range strings.Lines(block) {
		line = strings.TrimRight(line, "\n")
		if layerLine.MatchString(line) {
			layer++
		}
		if m := nodeLine.FindStringSubmatch(line); m != nil {
			if _, twice := p.layer[m[2]]; twice {
				t.Errorf("architecture.md: %s is drawn twice", m[2])
			}
			p.layer[m[2]], p.name[m[1]] = layer, m[2]
		}
		if m := arrowLine.FindStringSubmatch(line); m != nil {
			for to := range strings.SplitSeq(m[2], " & ") {
				p.arrows = append(p.arrows, [2]string{p.name[m[1]], p.name[to]})
			}
		}
	}
	return p, text
}

// imports maps each package of the module, by its path below it, to those that it imports.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	list := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	list.Dir = ".."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	of := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		name, ok := strings.CutPrefix(words[0], module+"/")
		if !ok || name == "docs" {
			continue // the root has a doc.go alone, and docs tests
		}
		of[name] = nil
		for _, w := range words[1:] {
			if i, ok := strings.CutPrefix(w, module+"/"); ok {
				of[name] = append(of[name], i)
			}
		}
	}
	return of
}

// TestArchitecture compares the picture in architecture.md with the imports: every package
// has a place, imports lead down, within a layer only along an arrow, and every arrow is an
// import.
func TestArchitecture(t *testing.T) {
	p, _ := readPicture(t)
	of := imports(t)
	for name, imported := range of {
		if p.layer[name] == 0 {
			t.Errorf("%s is not in the picture", name)
			continue
		}
		for _, i := range imported {
			from, to := p.layer[name], p.layer[i]
			if from > to && to != 0 || from == to && !slices.Contains(p.arrows, [2]string{name, i}) {
				t.Errorf("%s imports %s, which is not below it in the picture", name, i)
			}
		}
	}
	for name := range p.layer {
		if _, ok := of[name]; !ok {
			t.Errorf("the picture has %s, which is no package", name)
		}
	}
	for _, a := range p.arrows {
		if !slices.Contains(of[a[0]], a[1]) {
			t.Errorf("the picture has an arrow from %q to %q, which is no import", a[0], a[1])
		}
	}
}

var neverLine = regexp.MustCompile("(?m)^\\| `([\\w/.]+)` \\| (.+?) \\|")

// TestNeverImports compares the table of architecture.md, of what a package must not import
// even through others, with the imports.
func TestNeverImports(t *testing.T) {
	_, text := readPicture(t)
	of := imports(t)
	rows := neverLine.FindAllStringSubmatch(text, -1)
	if len(rows) == 0 {
		t.Fatal("architecture.md has no table")
	}
	for _, row := range rows {
		reached := reach(of, row[1])
		if len(reached) == 0 {
			t.Errorf("%s is no package, or imports nothing", row[1])
		}
		for _, quoted := range regexp.MustCompile("`([\\w/.]+)`").FindAllStringSubmatch(row[2], -1) {
			forbidden := quoted[1]
			if _, ok := of[forbidden]; !ok {
				t.Errorf("%s must not import %s, which is no package", row[1], forbidden)
			}
			if reached[forbidden] {
				t.Errorf("%s imports %s, perhaps through others", row[1], forbidden)
			}
		}
	}
}

// reach is what a package imports, directly or not.
func reach(of map[string][]string, name string) map[string]bool {
	reached := map[string]bool{}
	for todo := slices.Clone(of[name]); len(todo) > 0; {
		next := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !reached[next] {
			reached[next] = true
			todo = append(todo, of[next]...)
		}
	}
	return reached
}
