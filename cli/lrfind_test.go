package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func TestLRFind(t *testing.T) {
	inFolder(t)
	c := Commands(Recipe{Name: "tiny", Config: []byte(tinyRecipe)})
	out := filepath.Join("pictures", "curve.svg")
	o := runCommand(context.Background(), c, "", "lrfind", "tiny", "-steps", "20", "-min", "1e-3", "-max", "50", "-out", out, "-set", "augment.mixup=0.2")
	o.wants(t, Done, []string{"learning rate", "picture: " + out}, []string{"tiny on drawn", "20 steps of 4 images from 0.001 to 50"})
	for _, path := range []string{out, filepath.Join("pictures", "curve.png")} {
		if info, err := os.Stat(path); err != nil || info.Size() < 1000 {
			t.Errorf("%s: %v", path, err)
		}
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, want the pictures only: %v", entries, err)
	}

	o = runCommand(context.Background(), c, "", "lrfind", "-json", "-quiet", "-steps", "10", "tiny")
	var r struct {
		Name     string
		Points   []struct{ Step, LR, Loss, Smoothed float64 }
		Pictures []string
	}
	if err := json.Unmarshal([]byte(o.out), &r); err != nil || o.code != Done || o.err != "" {
		t.Fatalf("%d %v\n%s\n%s", o.code, err, o.out, o.err)
	}
	if len(r.Points) != 10 || r.Points[9].LR != 10 || r.Points[0].Loss <= 0 || len(r.Pictures) != 2 || r.Pictures[0] != "lrfind.png" {
		t.Errorf("%+v", r)
	}
}

func TestLRFindUsage(t *testing.T) {
	inFolder(t)
	c := Commands(Recipe{Name: "tiny", Config: []byte(tinyRecipe)})
	for _, bad := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{}, Usage, "which recipe? one of tiny"},
		{[]string{"tinny"}, Usage, "tiny"},
		{[]string{"tiny", "tiny"}, Usage, "one recipe"},
		{[]string{"tiny", "-min", "1", "-max", "1"}, Usage, "0 < min < max"},
		{[]string{"tiny", "-min", "NaN"}, Usage, "0 < min < max"},
		{[]string{"tiny", "-steps", "3"}, Usage, "-steps 3"},
		{[]string{"tiny", "-out", "curve.jpg"}, Usage, "ends in .png or .svg"},
		{[]string{"tiny", "-set", "optim.lrr=1"}, Usage, "optim.lr"},
		{[]string{"-config", "none.yaml"}, Usage, "none.yaml"},
	} {
		runCommand(context.Background(), c, "", append([]string{"lrfind"}, bad.args...)...).wants(t, bad.code, nil, []string{bad.says})
	}
	runCommand(context.Background(), c, "", "lrfind", "-h").wants(t, Done, []string{"lrfind RECIPE", "-steps", "Recipes: tiny"}, nil)
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 0 {
		t.Errorf("the folder holds %v: %v", entries, err)
	}
}
