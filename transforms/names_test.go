package transforms

import "testing"

func TestIsImageName(t *testing.T) {
	for _, e := range Extensions() {
		if !IsImageName("a/b" + e) {
			t.Errorf("%s is not taken for an image", e)
		}
	}
	for name, want := range map[string]bool{
		"x.JPG": true, "dir.jpg/x.JpEg": true, "x.tar.png": true, "x.jfif": true,
		"jpg": false, "x": false, "x.jpg.txt": false, "x.jpg/notes": false, "": false,
	} {
		if IsImageName(name) != want {
			t.Errorf("IsImageName(%q) = %v", name, !want)
		}
	}
	Extensions()[0] = ".txt" // a copy
	if IsImageName("x.txt") || !IsImageName("x.jpg") {
		t.Error("the list was changed from outside")
	}
}
