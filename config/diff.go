package config

import "slices"

// Difference is a key whose values differ between two configurations.
type Difference struct {
	Key       string
	A, B      string // as Set takes them
	Resumable bool   // may change when a run is resumed
}

// String is "key: a → b", an empty value written as "".
func (d Difference) String() string { return d.Key + ": " + shown(d.A) + " → " + shown(d.B) }

func shown(s string) string {
	if s == "" {
		return `""`
	}
	return s
}

// Differences lists the keys whose values differ, in the order of the YAML.
func Differences(a, b Config) []Difference {
	var list []Difference
	for _, k := range tree().keys {
		if !slices.Equal(elements(k.value(&a)), elements(k.value(&b))) {
			list = append(list, Difference{k.path, k.get(&a), k.get(&b), k.Free})
		}
	}
	return list
}

// Diff lists the keys whose values differ as lines "key: a → b".
func Diff(a, b Config) []string {
	var lines []string
	for _, d := range Differences(a, b) {
		lines = append(lines, d.String())
	}
	return lines
}
