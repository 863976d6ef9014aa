package config

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/euryale-ml/euryale/internal/edit"
	"github.com/euryale-ml/euryale/registry"
)

// words are the words that the key takes, for a list those that it may have; nil: any text.
func (k *key) words() []string {
	if t := k.table(); t != nil {
		return t.Words()
	}
	return k.Words
}

// table is the registry's table that the key chooses from; nil: the key chooses no registered
// entry, or this program has no such table, so that names cannot be checked.
func (k *key) table() *registry.Table {
	if t := registry.For(k.path); t != nil && len(t.Words()) > 0 {
		return t
	}
	return nil
}

// wantsOf describes the values that a key takes, with the words if it takes words.
func (k *key) wantsOf(words []string) string {
	one := strings.Join(words, ", ")
	switch v := k.Type; {
	case v.Kind() == reflect.Bool:
		return "true or false"
	case v.Kind() == reflect.Uint64:
		return "a whole number, at least 0"
	case v.Kind() == reflect.Int && k.Interval == nil:
		return "a whole number"
	case v.Kind() == reflect.Int:
		return "a whole number, " + k.Interval.String()
	case v.Kind() == reflect.Float64:
		return "a number, " + k.Interval.String()
	case v.Kind() == reflect.Array:
		return k.wantsNumbers()
	case v.Kind() == reflect.Slice && one != "":
		return "a list of " + one
	case v.Kind() == reflect.Slice:
		return "a list of texts"
	case one != "":
		return "one of " + one
	}
	return "a text"
}

func (k *key) wantsNumbers() string {
	s := fmt.Sprint(k.Type.Len(), " numbers")
	if word := map[int]string{2: "two", 3: "three", 4: "four"}[k.Type.Len()]; word != "" {
		s = word + " numbers"
	}
	if k.pair() {
		s += " low,high"
	}
	return s + ", each " + k.Interval.String()
}

// pair reports whether the value is a range, low before high.
func (k *key) pair() bool {
	return k.Type.Kind() == reflect.Array && k.Type.Len() == 2 && !k.AnyOrder
}

// split returns the words of a text with commas, or the text itself if the key is not a list.
func (k *key) split(value string) []string {
	if !k.list() {
		return []string{value}
	}
	words := strings.Split(value, ",")
	for i, w := range words {
		words[i] = strings.TrimSpace(w)
	}
	if k.Type.Kind() == reflect.Slice {
		words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	}
	return words
}

func (k *key) list() bool { return k.Type.Kind() == reflect.Slice || k.Type.Kind() == reflect.Array }

// parse turns words (more than one only for a list) into the key's value and checks its
// range.
func (k *key) parse(words []string) (reflect.Value, error) {
	v := reflect.New(k.Type).Elem()
	fail := func(sentinel error) (reflect.Value, error) {
		return v, k.refuse(strings.Join(words, ","), sentinel)
	}
	for _, w := range words {
		if !utf8.ValidString(w) || strings.ContainsRune(w, 0) {
			return fail(ErrType)
		}
	}
	switch k.Type.Kind() {
	case reflect.Slice:
		if len(words) > 0 {
			v.Set(reflect.ValueOf(slices.Clone(words)))
		}
	case reflect.Array:
		if len(words) != k.Type.Len() {
			return fail(ErrType)
		}
		for i, w := range words {
			if !parseScalar(v.Index(i), w) {
				return fail(ErrType)
			}
		}
	default:
		if len(words) != 1 || !parseScalar(v, words[0]) {
			return fail(ErrType)
		}
	}
	return v, k.check(v)
}

func parseScalar(v reflect.Value, word string) (ok bool) {
	switch v.Kind() {
	case reflect.Bool:
		word = strings.ToLower(word)
		v.SetBool(word == "true")
		return word == "true" || word == "false"
	case reflect.Int:
		n, err := strconv.ParseInt(word, 10, strconv.IntSize)
		v.SetInt(n)
		return err == nil
	case reflect.Uint64:
		n, err := strconv.ParseUint(word, 10, 64)
		v.SetUint(n)
		return err == nil
	case reflect.Float64:
		f, err := parseFloat(word)
		v.SetFloat(f)
		return err == nil
	}
	v.SetString(word)
	return true
}

// parseFloat also reads YAML's .nan and .inf; a number that is too large becomes infinite,
// which no range contains.
func parseFloat(word string) (float64, error) {
	switch strings.ToLower(word) {
	case ".nan":
		return math.NaN(), nil
	case ".inf", "+.inf":
		return math.Inf(1), nil
	case "-.inf":
		return math.Inf(-1), nil
	}
	f, err := strconv.ParseFloat(word, 64)
	if errors.Is(err, strconv.ErrRange) {
		err = nil
	}
	return f, err
}

// check is an error about a value out of the key's range.
func (k *key) check(v reflect.Value) error {
	ok := true
	switch v.Kind() {
	case reflect.Array:
		for i := range v.Len() {
			ok = ok && k.Interval.Holds(v.Index(i).Float())
		}
		ok = ok && (!k.pair() || v.Index(0).Float() <= v.Index(1).Float())
	case reflect.Int:
		ok = k.Interval == nil || k.Interval.Holds(float64(v.Int()))
	case reflect.Float64:
		ok = k.Interval.Holds(v.Float())
	case reflect.String, reflect.Slice:
		for _, word := range elements(v) {
			if !k.allows(word) {
				return k.refuseWord(text(v), word)
			}
		}
	}
	if !ok {
		return k.refuse(text(v), ErrRange)
	}
	return nil
}

// checkNames is an error about a name that is not registered. Names that only other builds
// have are left to unavailable.
func (k *key) checkNames(v reflect.Value) error {
	t := k.table()
	if t == nil {
		return nil
	}
	for _, name := range elements(v) {
		if !slices.Contains(t.Words(), name) && !allows(k.Absent, name) {
			return k.refuseWord(text(v), name)
		}
	}
	return nil
}

// refuseWord is refuse, with the most similar word of this build, if any, in the message.
func (k *key) refuseWord(value, word string) error {
	e := k.refuse(value, ErrRange)
	switch lower := strings.ToLower(word); {
	case k.Type.Kind() == reflect.Slice && slices.Contains([]string{"none", "false", "off", "no"}, lower):
		e.message += "; for none of them leave it empty"
	default:
		e.message += nearestOf(word, k.offered())
	}
	return e
}

// nearestOf is a hint with the word of words that is most similar, or "".
func nearestOf(word string, words []string) string {
	if word == "" || len(words) == 0 {
		return ""
	}
	lower := strings.ToLower(word)
	near := nearestWord(lower, words)
	if edit.Distance(lower, near) > (len(word)+1)/2 && common(lower, near) < 3 {
		return ""
	}
	return "; the nearest is " + near
}

// allows reports whether a word is one of the key's.
func (k *key) allows(word string) bool { return k.Words == nil || allows(k.Words, word) }

// allows reports whether a word is in a list; N at a listed word's end stands for a number.
func allows(words []string, word string) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		stem, ok := strings.CutSuffix(w, "N")
		if !ok || !strings.HasPrefix(word, stem) {
			return w == word
		}
		_, err := strconv.ParseUint(word[len(stem):], 10, 16)
		return err == nil
	})
}

func (k *key) refuse(value string, sentinel error) *keyError {
	if len(value) > 200 {
		value = value[:200] + "…"
	}
	if value == "" || k.Type.Kind() == reflect.String {
		value = strconv.Quote(value)
	}
	return &keyError{fmt.Sprintf("%s = %s: want %s", k.path, value, k.wantsOf(k.offered())), sentinel}
}

// get is the key's value as Set takes it.
func (k *key) get(c *Config) string { return text(k.value(c)) }

func text(v reflect.Value) string { return strings.Join(elements(v), ",") }

// elements are the words of a value, one unless it is a list.
func elements(v reflect.Value) []string {
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		var words []string
		for i := range v.Len() {
			words = append(words, elements(v.Index(i))...)
		}
		return words
	case reflect.Float64:
		return []string{strconv.FormatFloat(v.Float(), 'g', -1, 64)}
	}
	return []string{fmt.Sprint(v.Interface())}
}
