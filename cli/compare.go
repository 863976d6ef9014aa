package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/trainer"
	"github.com/euryale-ml/euryale/viz"
)

const compareHelp = `compare puts finished runs beside each other: a table on standard output and a picture of their curves.

  compare [flags] RUN…

A RUN is a run's folder. With -json an object {"runs":[…],"picture":…} is printed instead of the table.

`

// Compare is the command that compares runs: it never returns.
func Compare() { Main(RunCompare) }

// RunCompare is the command of Compare with its arguments and streams.
func RunCompare(_ context.Context, s IO, args []string) int {
	f := newFlags("compare")
	picture := f.String("out", "", "`FILE` for the picture (PNG); default "+viz.ComparisonFile+" beside the first run")
	asJSON := f.Bool("json", false, "print one JSON object")
	folders, err := parse(f, args)
	if errors.Is(err, errHelp) {
		io.WriteString(s.Out, compareHelp)
		printFlags(s.Out, f)
		return Done
	}
	if err == nil && len(folders) == 0 {
		err = usagef("which runs? name their folders, such as runs/*")
	}
	if err != nil {
		return fail(s, "compare", err)
	}
	var runs []comparedRun
	code := Done
	for _, dir := range folders {
		r, err := readRun(dir)
		if err != nil {
			code = fail(s, "compare", err)
			continue
		}
		runs = append(runs, r)
	}
	if len(runs) == 0 {
		return code
	}
	nameApart(runs)
	path, err := drawComparison(runs, *picture)
	if err != nil {
		code = fail(s, "compare", err)
	}
	if *asJSON {
		err = encodeComparison(s.Out, runs, path)
	} else {
		err = printComparison(s.Out, runs, path)
	}
	if err != nil {
		return fail(s, "compare", err)
	}
	return code
}

// comparedRun is what a run's folder tells.
type comparedRun struct {
	Folder string `json:"folder"`
	*trainer.Report
	EpochsToBest int     `json:"epochs_to_best"` // 0: none was evaluated
	Chance       float64 `json:"chance,omitempty"`
	curves       viz.Run
}

// readRun reads the summary and the metrics of a run.
func readRun(dir string) (comparedRun, error) {
	r := comparedRun{Folder: dir}
	info, err := os.Stat(dir)
	if err != nil {
		return r, fmt.Errorf("%s is no run: there is no such folder", dir)
	}
	if !info.IsDir() {
		return r, fmt.Errorf("%s is no run but a file; name the run's folder", dir)
	}
	if r.Report, err = trainer.ReadReport(dir); errors.Is(err, os.ErrNotExist) {
		if exists(filepath.Join(dir, trainer.ConfigFile)) {
			return r, fmt.Errorf("%s is not finished: it has no %s yet", dir, trainer.SummaryFile)
		}
		return r, fmt.Errorf("%s is no run: it has neither %s nor %s", dir, trainer.SummaryFile, trainer.ConfigFile)
	} else if err != nil {
		return r, fmt.Errorf("%s: %s cannot be read: %w", dir, trainer.SummaryFile, err)
	}
	if r.Best != nil {
		r.EpochsToBest = r.Best.Epoch
	}
	if n := classCount(dir); n > 0 {
		r.Chance = 1 / float64(n)
	}
	if r.curves, err = readCurves(dir); err != nil {
		return r, fmt.Errorf("%s: %w", dir, err)
	}
	r.curves.Name, r.curves.Chance = r.Name, r.Chance
	return r, nil
}

// classCount is the number of classes that the run's weights name; 0 if they do not.
func classCount(dir string) int {
	meta, err := checkpoint.ReadMetadata(filepath.Join(dir, trainer.CheckpointDir, trainer.LastFile))
	if err != nil {
		return 0
	}
	info, err := checkpoint.ReadInfo(meta)
	if err != nil {
		return 0
	}
	return len(info.Classes)
}

// nameApart gives runs of one name those of their folders.
func nameApart(runs []comparedRun) {
	count := map[string]int{}
	for _, r := range runs {
		count[r.Name]++
	}
	for i, r := range runs {
		if count[r.Name] > 1 {
			runs[i].curves.Name = filepath.Base(filepath.Clean(r.Folder))
		}
	}
}

// drawComparison draws the runs that were evaluated at least once; none, no picture.
func drawComparison(runs []comparedRun, path string) (string, error) {
	var drawn []viz.Run
	for _, r := range runs {
		if len(r.curves.Test) > 0 {
			drawn = append(drawn, r.curves)
		}
	}
	if len(drawn) == 0 {
		return "", errors.New("no picture: none of these runs was evaluated")
	}
	if path != "" {
		return path, viz.Comparison(path, drawn)
	}
	path = filepath.Join(filepath.Dir(filepath.Clean(runs[0].Folder)), viz.ComparisonFile)
	err := viz.Comparison(path, drawn)
	if errors.Is(err, os.ErrPermission) && path != viz.ComparisonFile { // a folder of others
		path = viz.ComparisonFile
		err = viz.Comparison(path, drawn)
	}
	return path, err
}

func encodeComparison(w io.Writer, runs []comparedRun, picture string) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(struct {
		Runs    []comparedRun `json:"runs"`
		Picture string        `json:"picture"`
	}{runs, picture})
}

func printComparison(w io.Writer, runs []comparedRun, picture string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "run\tmodel\tparameters\tmult-adds\tbest test\tlast test\tbalanced\tloss\tbest at\ttime\timages/s\tstatus")
	for _, r := range runs {
		best, last, balanced, loss, epochs := "–", "–", "–", "–", "–"
		if r.Best != nil {
			best, balanced = percent(r.Best.Accuracy), percent(r.Best.BalancedAccuracy)
			loss = fmt.Sprintf("%.4f", r.Best.Loss)
			epochs = fmt.Sprintf("epoch %d", r.Best.Epoch)
		}
		if r.Last != nil {
			last = percent(r.Last.Accuracy)
			epochs += fmt.Sprintf(" of %d", r.Last.Epoch)
		}
		fmt.Fprintln(t, strings.Join([]string{
			r.curves.Name, r.Model, grouped(int64(r.Parameters)), short(r.MultiplyAdds), best, last, balanced, loss, epochs,
			duration(time.Duration(r.Seconds * float64(time.Second))), fmt.Sprintf("%.1f", r.ImagesPerSecond), r.Status,
		}, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if picture != "" {
		fmt.Fprintf(w, "\npicture: %s\n", picture)
	}
	return nil
}
