package dataset

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/transforms"
)

// longestEnding is the longest text after a file's last dot that counts as its kind.
const longestEnding = 8

// kindOf is the kind of a file, by its path: the ending, in lower case.
func kindOf(path string) string {
	switch ending := strings.ToLower(filepath.Ext(path)); {
	case len(ending) < 2:
		return "without an ending"
	case len(ending) > longestEnding || strings.ContainsAny(ending, " \t\n"):
		return "of other kinds"
	default:
		return ending
	}
}

// kindsShown is the number of kinds that LeftOutText names.
const kindsShown = 8

// LeftOutText is how many files were left out, by kind: "3 .heic, 1 .txt"; ""
// for none.
func (f *Found) LeftOutText() string {
	kinds := slices.SortedFunc(maps.Keys(f.LeftOut), func(a, b string) int {
		return cmp.Or(cmp.Compare(f.LeftOut[b], f.LeftOut[a]), cmp.Compare(a, b))
	})
	var words []string
	rest := 0
	for i, kind := range kinds {
		if i < kindsShown {
			words = append(words, fmt.Sprintf("%d %s", f.LeftOut[kind], kind))
		} else {
			rest += f.LeftOut[kind]
		}
	}
	if rest > 0 {
		words = append(words, fmt.Sprintf("%d others", rest))
	}
	return strings.Join(words, ", ")
}

// readable names the endings of files that count as images.
func readable() string { return strings.Join(transforms.Extensions(), " ") }

// pictureEndings are the endings of formats of pictures that transforms does not decode. A
// note lists such files, since their owner may take them for a part of the set.
var pictureEndings = []string{
	".avif", ".heic", ".heif", ".jp2", ".j2k", ".jxl", ".svg", ".tga", ".psd", ".ico",
	".dng", ".nef", ".cr2", ".arw", ".raw", ".exr", ".hdr", ".eps", ".pcx", ".npy", ".dcm",
}

// pictures are those of the files left out that have one of pictureEndings.
func (f *Found) pictures() *Found {
	pictures := &Found{LeftOut: map[string]int{}}
	for _, ending := range pictureEndings {
		if n := f.LeftOut[ending]; n > 0 {
			pictures.LeftOut[ending] = n
		}
	}
	return pictures
}

// add adds the files found below another folder.
func (f *Found) add(o *Found) {
	f.Images = append(f.Images, o.Images...)
	f.Broken, f.Loops = append(f.Broken, o.Broken...), append(f.Loops, o.Loops...)
	f.Repeated, f.Errs = append(f.Repeated, o.Repeated...), append(f.Errs, o.Errs...)
	if f.LeftOut == nil {
		f.LeftOut = map[string]int{}
	}
	for kind, n := range o.LeftOut {
		f.LeftOut[kind] += n
	}
}

// notes are warnings about links that lead nowhere, back, or to a folder read before.
func (f *Found) notes() (list []string) {
	for _, of := range []struct {
		paths []string
		one   string
		more  string
	}{
		{f.Broken, "the link %s leads nowhere", "%d links lead nowhere: %s"},
		{f.Loops, "the link %s leads back to a folder that holds it and is not followed", "%d links lead back to a folder that holds them and are not followed: %s"},
		{f.Repeated, "the folder %s is read under another name too: its images count twice",
			"%d folders are read under other names too, so that their images count more than once: %s"},
	} {
		switch len(of.paths) {
		case 0:
		case 1:
			list = append(list, fmt.Sprintf(of.one, of.paths[0]))
		default:
			list = append(list, fmt.Sprintf(of.more, len(of.paths), inwords.Some(of.paths)))
		}
	}
	return list
}
