package viz_test

import (
	"fmt"
	"image"
	_ "image/png"
	"log"
	"os"
	"path/filepath"

	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/viz"
)

// The pictures of a run, from values that any program may have.
func Example() {
	dir, err := os.MkdirTemp("", "figures")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	drawn := viz.Run{Name: "a run", Chance: 0.5}
	for step := 1; step <= 40; step++ {
		drawn.Train = append(drawn.Train, run.Point{Epoch: 1 + (step-1)/20, Step: step, Loss: 1 / float64(step), Accuracy: 0.9, BalancedAccuracy: 0.9, LR: 0.01})
	}
	for epoch := 1; epoch <= 2; epoch++ {
		drawn.Test = append(drawn.Test, run.Point{Epoch: epoch, Step: 20 * epoch, Loss: 0.3, Accuracy: 0.8, BalancedAccuracy: 0.7})
	}
	if err := viz.Curves(filepath.Join(dir, run.CurvesFile), drawn); err != nil {
		log.Fatal(err)
	}
	if err := viz.Confusion(filepath.Join(dir, run.ConfusionFile), [][]int{{9, 1}, {3, 7}}, []string{"cat", "dog"}); err != nil {
		log.Fatal(err)
	}
	images := []image.Image{image.NewGray(image.Rect(0, 0, 64, 64))}
	if _, _, err := viz.ShowBatch(dir, viz.Batch{Before: images, After: images, Classes: []string{"cat"}}); err != nil {
		log.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range files {
		fmt.Println(filepath.Base(f))
	}
	// Output:
	// confusion.png
	// curves.png
	// show_batch_after.png
	// show_batch_before.png
}

func ExampleComparison() {
	dir, err := os.MkdirTemp("", "figures")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, viz.ComparisonFile)
	err = viz.Comparison(path, []viz.Run{
		{Name: "vgg16", Test: []run.Point{{Epoch: 1, Step: 20, Loss: 0.9, Accuracy: 0.4}, {Epoch: 2, Step: 40, Loss: 0.8, Accuracy: 0.5}}},
		{Name: "resnet50", Test: []run.Point{{Epoch: 1, Step: 20, Loss: 0.7, Accuracy: 0.5}, {Epoch: 2, Step: 40, Loss: 0.6, Accuracy: 0.6}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	picture, format, err := image.DecodeConfig(f)
	fmt.Println(format, picture.Width, err)
	// Output: png 1200 <nil>
}
