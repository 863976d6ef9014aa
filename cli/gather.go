package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"unicode"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/transforms"
)

// addFolder reads the images below a folder, except hidden ones. Broken links and folders
// that cannot be read are reported like images that cannot be read.
func (p *predictor) addFolder(ctx context.Context, dir string) error {
	found := dataset.FindImages(dir)
	for _, path := range found.Images {
		if err := p.read(ctx, path); err != nil {
			return err
		}
	}
	for _, path := range found.Broken {
		if err := p.put(ctx, waiting{name: path, err: errors.New("a link that leads nowhere")}); err != nil {
			return err
		}
	}
	for _, err := range found.Errs {
		fault := waiting{name: dir, err: err}
		if at := (*fs.PathError)(nil); errors.As(err, &at) {
			fault = waiting{name: at.Path, err: at.Err}
		}
		if err := p.put(ctx, fault); err != nil {
			return err
		}
	}
	out := found.LeftOutText()
	if len(found.Images)+len(found.Broken)+len(found.Errs) == 0 {
		why := "no images in this folder"
		if out != "" {
			why += fmt.Sprintf("; it holds %s; the endings that are read are %s", out, strings.Join(transforms.Extensions(), " "))
		}
		return p.put(ctx, waiting{name: dir, err: errors.New(why)})
	}
	if out != "" {
		p.note("%s: left out %s", dir, out)
	}
	if n := len(found.Loops); n > 0 {
		p.note("%s: not followed, since they lead back to a folder that holds them: %s", dir, strings.Join(found.Loops[:min(n, maxNamed)], ", "))
	}
	return nil
}

// onOneLine quotes a name that has line ends, tabs or other control characters, so that it
// fits into a column of a line.
func onOneLine(name string) string {
	if strings.ContainsFunc(name, unicode.IsControl) {
		return strconv.Quote(name)
	}
	return name
}

// faultOf is the message of an image's error without the image's name, which precedes it.
func faultOf(name string, err error) string {
	fault := strings.TrimPrefix(err.Error(), "transforms: "+name+": ")
	return oneLine(errors.New(strings.TrimPrefix(fault, name+": ")))
}

// note writes a line about files that are not classified.
func (p *predictor) note(format string, args ...any) {
	fmt.Fprintf(p.err, "predict: "+format+"\n", args...)
}
