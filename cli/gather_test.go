package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestPredictFolders classifies what is below folders as training finds it.
func TestPredictFolders(t *testing.T) {
	inFolder(t)
	train("-quiet", "-out", "run").wants(t, Done, nil, nil)
	files, _ := filepath.Glob("run/figures/samples/*.png")
	picture, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"d/0.png", "d/deep/1.PNG", "d/.ipynb_checkpoints/0-checkpoint.png", ".hidden/2.png"} {
		write(t, name, string(picture))
	}
	write(t, "d/._0.png", "Mac OS X")
	write(t, "d/x.heic", "")
	write(t, "d/notes.txt", "")
	write(t, "other/x.heic", "")
	names := func(o outcome) (images []string) {
		for _, p := range predictions(t, o.out) {
			images = append(images, filepath.ToSlash(p.Image))
		}
		return images
	}
	images := []string{"d/0.png", "d/deep/1.PNG"}
	o := predict("", "-json", "-weights", "run", "d")
	o.wants(t, Done, nil, []string{"predict: d: left out 1 .heic, 1 .txt"})
	if got := names(o); !slices.Equal(got, images) {
		t.Errorf("classified %v, want %v", got, images)
	}
	// a line is a line, whatever a file is called
	if odd := "odd\n\t.png"; os.WriteFile(odd, []byte(picture), 0o600) == nil && os.WriteFile("bad\n.png", []byte("no"), 0o600) == nil {
		o = predict("", "-weights", "run", odd, "bad\n.png", "d/x.heic")
		o.wants(t, Failed, []string{`"odd\n\t.png"` + "\t"}, []string{`predict: "bad\n.png": cannot decode image`, "predict: d/x.heic: cannot decode image"})
		if strings.Count(o.out, "\n") != 1 {
			t.Errorf("more than a line for an image: %q", o.out)
		}
	}
	o = predict("", "-json", "-weights", "run", "other")
	o.wants(t, Failed, []string{"no images in this folder", "1 .heic", ".jpg"}, nil)
	// what is named is classified, hidden or not
	predict("", "-json", "-weights", "run", ".hidden", ".hidden/2.png", "d/.ipynb_checkpoints/0-checkpoint.png").wants(t, Done, nil, nil)

	if err := os.Symlink("d", "link"); err != nil {
		if runtime.GOOS == "windows" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	for at, to := range map[string]string{"d/back": ".", "d/gone.png": "nowhere.png", "one.png": "d/0.png"} {
		if err := os.Symlink(to, at); err != nil {
			t.Fatal(err)
		}
	}
	o = predict("", "-json", "-weights", "run", "link", "one.png")
	o.wants(t, Failed, []string{`"image":"link/gone.png","error":"a link that leads nowhere"`}, []string{"not followed", filepath.Join("link", "back")})
	if got := names(o); !slices.Equal(got, []string{"link/0.png", "link/deep/1.PNG", "link/gone.png", "one.png"}) {
		t.Errorf("classified %v", got)
	}
}
