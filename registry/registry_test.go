package registry_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/registry"
)

func TestRegister(t *testing.T) {
	list := registry.New[int]("test.name", "thing", "auto")
	before := registry.Generation()
	type settings struct {
		Power float64    `yaml:"power" range:"(0,4]" help:"how much of it"`
		Kinds []string   `yaml:"kinds" oneof:"a,b" help:"which"`
		Pair  [2]float64 `yaml:"pair" help:"low,high"`
		State int        // no setting
	}
	list.MustRegister("two", 2, registry.About("one and one"), registry.Reads(), registry.Detail("weights", "none"))
	if err := list.Register("one", 1, registry.Settings(settings{Power: 1})); err != nil {
		t.Fatal(err)
	}
	if registry.Generation() == before {
		t.Error("the generation stays")
	}
	if got := list.Words(); !slices.Equal(got, []string{"auto", "one", "two"}) {
		t.Errorf("words %v", got)
	}
	if v, ok := list.Find("two"); v != 2 || !ok {
		t.Errorf("two is %d, %v", v, ok)
	}
	if _, ok := list.Find("auto"); ok {
		t.Error("auto is found")
	}
	table := registry.For("test.name")
	if e, ok := table.Entry("two"); !ok || e.About != "one and one" || e.Reads == nil || len(e.Reads) > 0 || e.Detail("weights") != "none" || e.Detail("x") != "" {
		t.Errorf("two: %+v, %v", e, ok)
	}
	if e, _ := table.Entry("one"); e.Reads != nil || e.Settings.(settings).Power != 1 {
		t.Errorf("one: %+v", e)
	}
	if registry.For("test.other") != nil || !slices.Contains(registry.Tables(), table) {
		t.Error("the tables")
	}
	for name, c := range map[string]struct {
		option registry.Option
		says   string
	}{
		"two": {registry.Reads(), "the name is taken"}, "auto": {registry.Reads(), "the name is taken"}, "": {registry.Reads(), "a name is made of"},
		"Big": {registry.Reads(), "a name is made of"}, ".": {registry.Reads(), "a name is made of"}, "a b": {registry.Reads(), "a name is made of"},
		"pointer": {registry.Settings(&settings{}), "want a struct"},
		"help": {registry.Settings(struct {
			X int `yaml:"x"`
		}{}), "field X has no tag help"},
		"hidden": {registry.Settings(struct {
			x int `yaml:"x" help:"x"`
		}{}), "field x has the tag yaml and is not exported"},
		"type": {registry.Settings(struct {
			X int8 `yaml:"x" help:"x"`
		}{}), "int8 is no type of a setting"},
		"map": {registry.Settings(struct {
			X []int `yaml:"x" help:"x"`
		}{}), "[]int is no type of a setting"},
		"key": {registry.Settings(struct {
			X int `yaml:"a.b" help:"x"`
		}{}), `yaml "a.b": want a key`},
		"range": {registry.Settings(struct {
			X int `yaml:"x" range:"0-1" help:"x"`
		}{}), `range "0-1"`},
		"reversed": {registry.Settings(struct {
			X int `yaml:"x" range:"[1,0]" help:"x"`
		}{}), `range "[1,0]"`},
		"words": {registry.Settings(struct {
			X int `yaml:"x" oneof:"a" help:"x"`
		}{}), "oneof is of texts"},
		"ranged": {registry.Settings(struct {
			X string `yaml:"x" range:"[0,1]" help:"x"`
		}{}), "a range is of numbers"},
		"twice": {registry.Settings(struct {
			X int `yaml:"x" help:"x"`
			Y int `yaml:"x" help:"x"`
		}{}), "two fields are called x"},
	} {
		err := list.Register(name, 3, c.option)
		if !errors.Is(err, registry.ErrRegister) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "the thing ") {
			t.Errorf("%q: %v, want %q", name, err, c.says)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("two lists for one key")
		}
	}()
	registry.New[int]("test.name", "thing")
}

func TestNames(t *testing.T) {
	there := 2
	list := registry.New[int]("test.any", "thing")
	list.AnyName()
	list.Forms(func(name string) []string { return []string{name, name + ":0", name + ":1"}[:there] })
	for _, name := range []string{"levels of grey", "Big"} {
		if err := list.Register(name, 1); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", " a", "a,b", "a\nb"} {
		if err := list.Register(name, 1); !errors.Is(err, registry.ErrRegister) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if got := list.Words(); !slices.Equal(got, []string{"Big", "Big:0", "levels of grey", "levels of grey:0"}) {
		t.Errorf("words %q", got)
	}
	if there = 0; len(list.Words()) != 0 {
		t.Errorf("words %q", list.Words())
	}
}
