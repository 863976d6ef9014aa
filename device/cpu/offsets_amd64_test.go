//go:build amd64 && !noasm && !purego

package cpu

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"
)

// arguments are the structs that the assembly of the tiles takes.
var arguments = map[string]reflect.Type{
	"tile": reflect.TypeFor[tile](), "gradient": reflect.TypeFor[gradient](), "strip": reflect.TypeFor[strip](),
	"gather": reflect.TypeFor[gather](), "dots": reflect.TypeFor[dots](), "outer": reflect.TypeFor[outer](),
	"product": reflect.TypeFor[product](), "tap": reflect.TypeFor[tap](),
}

// TestAssemblyReadsItsOwnFields: the tiles read their argument by the compiler's names of its
// fields' offsets, never by a number, and a function reads no other struct than its own. So
// every offset is unsafe.Offsetof the field.
func TestAssemblyReadsItsOwnFields(t *testing.T) {
	takes := map[string]string{}
	declarations, err := os.ReadFile("tiles_amd64.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^func (\w+)\(a \*(\w+)\)$`).FindAllSubmatch(declarations, -1) {
		takes[string(m[1])] = string(m[2])
	}
	files, err := filepath.Glob("tiles_*.s")
	if err != nil || len(files) != 2 || len(takes) == 0 {
		t.Fatal(files, takes, err)
	}
	function := regexp.MustCompile(`(?m)^TEXT ·(\w+)\(SB\)`)
	byName := regexp.MustCompile(`\b([a-z]+)_([a-zA-Z0-9]+)(?:\+\d+)?\((?:AX|SI)\)`)
	byNumber := regexp.MustCompile(`[ ,](\d*)\(AX\)`)
	read := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		starts := function.FindAllSubmatchIndex(text, -1)
		for i, at := range starts {
			name, end := string(text[at[2]:at[3]]), len(text)
			if i+1 < len(starts) {
				end = starts[i+1][0]
			}
			body := text[at[1]:end]
			if m := byNumber.Find(body); m != nil {
				t.Errorf("%s: %s reads%s, want the name of a field", file, name, m)
			}
			for _, m := range byName.FindAllSubmatch(body, -1) {
				of, field := string(m[1]), string(m[2])
				if of != takes[name] && (of != "tap" || takes[name] != "tile") {
					t.Errorf("%s: %s takes a %s, but reads %s", file, name, takes[name], m[0])
				}
				if _, ok := arguments[of].FieldByName(field); !ok {
					t.Errorf("%s: %s reads %s: no such field", file, name, m[0])
				}
				read++
			}
		}
	}
	if read < 100 {
		t.Errorf("only %d fields are read", read)
	}
}
