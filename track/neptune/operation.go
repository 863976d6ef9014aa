package neptune

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/track"
)

// operation is a change of a run's fields, or a file for a field.
type operation struct {
	path    []string
	kind    int
	text    string // assignString; of a file: its contents, if source is ""
	num     float64
	integer int64
	on      bool
	step    int
	ms      int64    // of a value, in milliseconds
	tags    []string // addStrings

	source, ext string // of a file
}

const (
	assignFloat = iota
	assignInt
	assignBool
	assignString
	addStrings
	logFloat
	upload
)

// field is the path of a field.
func field(elements ...string) (list []string) {
	for _, e := range elements {
		for _, part := range strings.Split(e, "/") {
			if part != "" {
				list = append(list, part)
			}
		}
	}
	return list
}

// start returns the operations at the beginning of a run.
func start(name string) []operation {
	return []operation{
		{path: field("sys/name"), kind: assignString, text: name},
		{path: field("sys/failed"), kind: assignBool},
	}
}

// operations returns the operations of a record.
func operations(r track.Record) (list []operation) {
	switch r.Kind {
	case track.ParamsRecord:
		for _, name := range slices.Sorted(maps.Keys(r.Params)) {
			to := field("parameters", strings.ReplaceAll(name, ".", "/"))
			if rest, ok := strings.CutPrefix(name, "summary."); ok {
				to = field("summary", strings.ReplaceAll(rest, ".", "/"))
			}
			list = append(list, assign(to, r.Params[name]))
		}
	case track.MetricsRecord:
		for _, name := range slices.Sorted(maps.Keys(r.Values)) {
			list = append(list, operation{path: field(name), kind: logFloat, num: r.Values[name], step: r.Step, ms: r.Time.UnixMilli()})
		}
	case track.TagsRecord:
		list = append(list, operation{path: field("sys/tags"), kind: addStrings, tags: r.Tags})
	case track.TextRecord:
		ext := "txt"
		if r.Name == "config" {
			ext = "yaml"
		}
		list = append(list, operation{path: field(r.Name), kind: upload, text: r.Text, ext: ext})
	case track.ImageRecord:
		list = append(list, operation{path: field(r.Name), kind: upload, source: r.Path, ext: extension(r.Path)})
	case track.FileRecord:
		list = append(list, operation{path: field(strings.TrimSuffix(r.Name, path.Ext(r.Name))), kind: upload, source: r.Path, ext: extension(r.Name)})
	case track.FinishRecord:
		list = append(list, operation{path: field("status"), kind: assignString, text: r.Status},
			operation{path: field("sys/failed"), kind: assignBool, on: r.Status == "failed"})
	}
	return list
}

func extension(name string) string { return strings.TrimPrefix(filepath.Ext(name), ".") }

// assign sets a field to a setting's value, in the setting's type.
func assign(to []string, v any) operation {
	switch v := v.(type) {
	case bool:
		return operation{path: to, kind: assignBool, on: v}
	case string:
		return operation{path: to, kind: assignString, text: v}
	case int64:
		return operation{path: to, kind: assignInt, integer: v}
	case int:
		return operation{path: to, kind: assignInt, integer: int64(v)}
	case float64:
		return operation{path: to, kind: assignFloat, num: v}
	}
	return operation{path: to, kind: assignString, text: fmt.Sprint(v)}
}
