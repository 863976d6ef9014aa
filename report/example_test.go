package report_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/euryale-ml/euryale/report"
	"github.com/euryale-ml/euryale/run"
)

// A report on two runs. Runs are usually read from their folders by report.Read.
func Example() {
	run := func(name string, accuracy float64) *report.Run {
		scores := &run.Scores{Point: run.Point{Epoch: 20, Accuracy: accuracy}}
		return &report.Run{Folder: "runs/" + name, Summary: &run.Report{
			Name: name, Model: "resnet50d", Status: run.Finished, Best: scores, Last: scores, TestImages: 1272,
		}}
	}
	r, err := report.New([]*report.Run{run("tricks", 0.381), run("plain", 0.147)}, report.Options{Title: "The tricks"})
	if err != nil {
		fmt.Println(err)
		return
	}
	var text strings.Builder
	if err := r.WriteMarkdown(context.Background(), &text); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	_, found, _ := strings.Cut(text.String(), "## What was found\n\n")
	found, _, _ = strings.Cut(found, "\n\nNo run")
	fmt.Println(found)
	// Output:
	// tricks has the highest test accuracy: it names 38.1 % of the images right.
	//
	// It is ahead of all others: the next, plain, reaches 14.7 %, and the difference of 23.4 points is 14 standard deviations.
}
