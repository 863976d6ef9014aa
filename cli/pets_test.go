package cli

import (
	"archive/tar"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/dataset"
)

// petArchive writes a small set in the layout of the pets: two classes, four images each.
func petArchive(t *testing.T, path string) {
	t.Helper()
	var list, train, test strings.Builder
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	put := func(name string, data []byte) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	for class, breed := range []string{"Abyssinian", "beagle"} {
		for i := range 4 {
			name := fmt.Sprintf("%s_%d", breed, i+1)
			img := image.NewRGBA(image.Rect(0, 0, 24, 20))
			for p := range img.Pix {
				img.Pix[p] = uint8(p*(class+1) + 40*i)
			}
			img.Set(0, 0, color.White)
			var encoded bytes.Buffer
			if err := png.Encode(&encoded, img); err != nil { // some .jpg of the set are PNG
				t.Fatal(err)
			}
			put("images/"+name+".jpg", encoded.Bytes())
			line := fmt.Sprintf("%s %d %d %d\n", name, class+1, class+1, 1)
			list.WriteString(line)
			if i < 2 {
				train.WriteString(line)
			} else {
				test.WriteString(line)
			}
		}
	}
	put("annotations/list.txt", []byte(list.String()))
	put("annotations/trainval.txt", []byte(train.String()))
	put("annotations/test.txt", []byte(test.String()))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestPetsFromArchives(t *testing.T) {
	inFolder(t)
	petArchive(t, "pets.tar")
	args := []string{"-set", "data.set=auto", "-set", "data.download=true", "-set", "data.archives=pets.tar", "-set", "train.epochs=1"}
	o := train(append(args, "-out", "run")...)
	o.wants(t, Done, []string{"classify images: ", "Abyssinian_3.jpg", "chance 50.0 %"},
		[]string{"are fetched and unpacked into", "unpacking pets.tar", "data: the set is in ", "tiny on oxford-iiit-pet", "4 training and 4 test images, 2 classes"})
	if first := strings.Index(o.err, "are fetched and unpacked"); first > strings.Index(o.err, "unpacking") {
		t.Error("the size is not said first")
	}
	if exists("run/figures/samples") {
		t.Error("samples of a set that has files")
	}
	c, err := readRunConfig("run")
	if err != nil || c.Data.Set != dataset.PetsSet || c.Data.Root != "" {
		t.Errorf("%v: set %q, root %q", err, c.Data.Set, c.Data.Root)
	}
	runCommand(t.Context(), RunData, "", "check").wants(t, Done, []string{"training: 4 images, 2 classes, 0 cannot be decoded"}, nil)
	// Now that it is there, auto finds it.
	o = train("-out", "second", "-set", "data.set=auto", "-set", "train.epochs=1")
	o.wants(t, Done, nil, []string{"tiny on oxford-iiit-pet"})
	if strings.Contains(o.err, "NOTE") {
		t.Error("the pets were there, and yet they were said to be missing")
	}
}

func TestBadImagesAreNamed(t *testing.T) {
	inFolder(t)
	petArchive(t, "pets.tar")
	runCommand(t.Context(), RunData, "", "download", "-root", "set", "-archives", "pets.tar").wants(t, Done, []string{"oxford-iiit-pet: set"}, nil)
	write(t, "set/images/beagle_4.jpg", "no picture")
	of := []string{"-set", "data.set=oxford-iiit-pet", "-set", "data.root=set", "-set", "train.epochs=1"}
	o := train(append(of, "-json", "-out", "run")...)
	o.wants(t, Done, []string{`"bad_test_images":1`}, []string{"warning: ", "beagle_4.jpg"})
	if n := strings.Count(o.err, "beagle_4.jpg cannot be used"); n != 1 {
		t.Errorf("named %d times, want once", n)
	}
	train(append(of, "-set", "data.on_bad_image=stop", "-out", "stopped")...).wants(t, Failed, nil, []string{"beagle_4.jpg"})
	runCommand(t.Context(), RunData, "", "check", "-root", "set").wants(t, Failed, []string{"test: 4 images, 2 classes, 1 cannot"}, []string{"beagle_4.jpg"})
}
