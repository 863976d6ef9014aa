package run_test

import (
	"fmt"
	"path/filepath"

	"github.com/euryale-ml/euryale/run"
)

// A program reads a run's folder.
func ExampleFolder() {
	folder := run.Folder(filepath.Join("testdata", "3c0ea40"))
	report, err := folder.Report()
	if err != nil {
		fmt.Println(err)
		return
	}
	lines, err := folder.Lines()
	if err != nil {
		fmt.Println(err)
		return
	}
	train, test := run.Points(lines)
	fmt.Printf("%s is %s: %d steps, %d tests\n", report.Model, report.Status, len(train), len(test))
	fmt.Printf("best accuracy %.2f in epoch %d\n", report.Best.Accuracy, report.Best.Epoch)
	fmt.Println(filepath.ToSlash(folder.Checkpoint(run.BestFile)))
	// Output:
	// resnet50d is finished: 9 steps, 3 tests
	// best accuracy 0.33 in epoch 2
	// testdata/3c0ea40/checkpoints/best.safetensors
}
