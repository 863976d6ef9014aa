package run

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/euryale-ml/euryale/internal/inwords"
)

// Differences describes how another split differs from s, a text for each kind of
// difference; nil: they are equal.
func (s *Split) Differences(other *Split) (texts []string) {
	texts = classDifferences(s, other)
	d := newImageDifferences(s, other)
	texts = append(texts, d.texts()...)
	for _, part := range []string{TrainingPart, TestPart, FinalPart} {
		texts = append(texts, partDifferences(part, s.Part(part), other.Part(part), len(texts) == 0)...)
	}
	return texts
}

// classDifferences describes classes that are missing, new, or renamed.
func classDifferences(s, other *Split) (texts []string) {
	if slices.Equal(s.Classes, other.Classes) {
		return nil
	}
	removed, added := without(s.Classes, other.Classes), without(other.Classes, s.Classes)
	if len(removed)+len(added) == 0 {
		return []string{fmt.Sprintf("the classes are in another order: %s, before %s", inwords.Some(other.Classes), inwords.Some(s.Classes))}
	}
	for _, was := range slices.Clone(removed) {
		i := slices.IndexFunc(added, func(is string) bool { return s.sameFiles(was, other, is) })
		if i < 0 {
			continue
		}
		texts = append(texts, fmt.Sprintf("the class %s is called %s now", was, added[i]))
		added = slices.Delete(added, i, i+1)
		removed = slices.DeleteFunc(removed, func(c string) bool { return c == was })
	}
	if len(removed) > 0 {
		texts = append(texts, fmt.Sprintf("%s gone: %s", inwords.Plural(len(removed), "class is", "classes are"), inwords.Some(removed)))
	}
	if len(added) > 0 {
		texts = append(texts, fmt.Sprintf("%s new: %s", inwords.Plural(len(added), "class is", "classes are"), inwords.Some(added)))
	}
	return texts
}

// sameFiles reports whether two classes have files of the same names, in any folders and
// parts.
func (s *Split) sameFiles(class string, other *Split, called string) bool {
	a, b := s.files(class), other.files(called)
	return len(a) > 0 && maps.Equal(a, b)
}

// files counts the file names of a class in all parts.
func (s *Split) files(class string) map[string]int {
	files := map[string]int{}
	label := slices.Index(s.Classes, class)
	for _, p := range s.Parts {
		if label < len(p.PerClass) {
			for _, name := range p.PerClass[label].Names {
				files[path.Base(name)]++
			}
		}
	}
	return files
}

// partDifferences compares a part except for its images' names. equalSoFar: no other
// difference was found, so that a different number or order of images is one by itself.
func partDifferences(part string, a, b *SplitPart, equalSoFar bool) (texts []string) {
	switch {
	case a == nil && b == nil:
		return nil
	case a == nil:
		return []string{fmt.Sprintf("there are %d %s images now", b.Images, part)}
	case b == nil:
		return []string{fmt.Sprintf("the %d %s images are gone", a.Images, part)}
	case a.Version != b.Version && a.Version != "" && b.Version != "": // a data set that wraps another has none
		texts = append(texts, fmt.Sprintf("the %s images are of %q, before of %q", part, b.Version, a.Version))
	}
	if equalSoFar && a.Images != b.Images {
		texts = append(texts, fmt.Sprintf("there are %d %s images, before %d", b.Images, part, a.Images))
	} else if equalSoFar && a.Hash != b.Hash && a.Hash != "" && b.Hash != "" {
		texts = append(texts, fmt.Sprintf("the %s images are in another order", part))
	}
	return texts
}

// imageDifferences are the images of classes that both splits have.
type imageDifferences struct {
	removed, added map[string][]string // of a part, names
	counts         []string            // of classes whose names are unknown
	relabelled     []string
	moved          map[[2]string][]string // from part, to part
}

// imageAt is an image with its class, in a part.
type imageAt struct{ class, name string }

func newImageDifferences(s, other *Split) *imageDifferences {
	d := &imageDifferences{removed: map[string][]string{}, added: map[string][]string{}, moved: map[[2]string][]string{}}
	removed, added := map[string][]imageAt{}, map[string][]imageAt{}
	for _, part := range []string{TrainingPart, TestPart, FinalPart} {
		a, b := s.Part(part), other.Part(part)
		if a == nil || b == nil {
			continue
		}
		for label, class := range s.Classes {
			at := slices.Index(other.Classes, class)
			if at < 0 || label >= len(a.PerClass) || at >= len(b.PerClass) || a.PerClass[label].Hash == b.PerClass[at].Hash {
				continue
			}
			x, y := a.PerClass[label], b.PerClass[at]
			if len(x.Names) != x.Images || len(y.Names) != y.Images {
				d.counts = append(d.counts, fmt.Sprintf("class %s has %d other %s images (before %d)", class, y.Images, part, x.Images))
				continue
			}
			for _, name := range without(x.Names, y.Names) {
				removed[part] = append(removed[part], imageAt{class, name})
			}
			for _, name := range without(y.Names, x.Names) {
				added[part] = append(added[part], imageAt{class, name})
			}
		}
	}
	d.pair(removed, added)
	return d
}

// pair finds images that moved from one part or class to another.
func (d *imageDifferences) pair(removed, added map[string][]imageAt) {
	type place struct{ part, class string }
	now := map[string][]place{}
	for part, images := range added {
		for _, i := range images {
			now[i.name] = append(now[i.name], place{part, i.class})
		}
	}
	found := map[string]int{}
	for _, part := range slices.Sorted(maps.Keys(removed)) {
		for _, i := range removed[part] {
			places := now[i.name]
			if len(places) == 0 {
				d.removed[part] = append(d.removed[part], i.name)
				continue
			}
			to := places[0]
			now[i.name] = places[1:]
			found[to.part+"\x00"+i.name]++
			if to.part != part {
				d.moved[[2]string{part, to.part}] = append(d.moved[[2]string{part, to.part}], i.name)
			}
			if to.class != i.class {
				d.relabelled = append(d.relabelled, fmt.Sprintf("%s (%s, before %s)", i.name, to.class, i.class))
			}
		}
	}
	for part, images := range added {
		for _, i := range images {
			if found[part+"\x00"+i.name]--; found[part+"\x00"+i.name] < 0 {
				d.added[part] = append(d.added[part], i.name)
			}
		}
	}
}

func (d *imageDifferences) texts() (texts []string) {
	for _, way := range slices.SortedFunc(maps.Keys(d.moved), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		names := d.moved[way]
		texts = append(texts, fmt.Sprintf("%s moved from %s to %s: %s", inwords.Plural(len(names), "image has", "images have"), way[0], way[1], inwords.Some(names)))
	}
	if n := len(d.relabelled); n > 0 {
		texts = append(texts, fmt.Sprintf("%s in another class: %s", inwords.Plural(n, "image is", "images are"), inwords.Some(d.relabelled)))
	}
	for _, of := range []struct {
		what  string
		names map[string][]string
	}{{"gone", d.removed}, {"new", d.added}} {
		for _, part := range []string{TrainingPart, TestPart, FinalPart} {
			if names := of.names[part]; len(names) > 0 {
				texts = append(texts, fmt.Sprintf("%s %s: %s", inwords.Plural(len(names), part+" image is", part+" images are"), of.what, inwords.Some(names)))
			}
		}
	}
	if n := len(d.counts); n > 0 {
		texts = append(texts, inwords.Some(d.counts))
	}
	return texts
}

// without returns the multiset difference of a and b.
func without(a, b []string) (rest []string) {
	left := map[string]int{}
	for _, name := range b {
		left[name]++
	}
	for _, name := range a {
		if left[name]--; left[name] < 0 {
			rest = append(rest, name)
		}
	}
	return rest
}
