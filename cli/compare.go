package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/report"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/viz"
)

const compareHelp = `compare compares finished runs: a table on standard output, a picture of their curves, and
a report with both and more, ` + report.HTMLFile + ` (a page without other files) and ` + report.MarkdownFile + `.

  compare [flags] RUN…

A RUN is a run's folder. Runs that differ only in their seed are one row of the report. With -json an object
{"runs":[…],"picture":…,"report":…} is printed instead of the table.

`

// compareFlags are the flags of compare.
type compareFlags struct {
	out, title, about string
	asJSON, evaluate  bool
}

func (o *compareFlags) flags() *flag.FlagSet {
	f := newFlags("compare")
	f.StringVar(&o.out, "out", "", "folder `DIR` for the report and the picture, or a name that ends in .png for the picture; default the folder above the first run")
	f.StringVar(&o.title, "title", "", "`TEXT` above the report")
	f.StringVar(&o.about, "about", "", "`TEXT` below the title, such as the question that was asked")
	f.BoolVar(&o.evaluate, "evaluate", true, "evaluate the best weights of runs that have no "+run.PredictionsFile+", once")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object")
	return f
}

// places are the paths of the report and the picture. fallback: the user did not choose the
// folder, so that the working folder is used if that one cannot be written to.
func (o *compareFlags) places(first string) (dir, picture string, fallback bool) {
	switch {
	case o.out == "":
		dir = filepath.Dir(filepath.Clean(first))
		return dir, filepath.Join(dir, viz.ComparisonFile), true
	case strings.EqualFold(filepath.Ext(o.out), ".png"):
		return filepath.Dir(o.out), o.out, false
	}
	return o.out, filepath.Join(o.out, viz.ComparisonFile), false
}

// Compare is the command that compares runs: it never returns.
func Compare() { Main(RunCompare) }

// RunCompare is the command of Compare with its arguments and streams.
func RunCompare(ctx context.Context, s IO, args []string) int {
	s = forJSON(s, args)
	var o compareFlags
	f := o.flags()
	folders, err := parse(f, args)
	if errors.Is(err, errHelp) {
		io.WriteString(s.Out, reflowed(compareHelp))
		printFlags(s.Out, f)
		return Done
	}
	if err == nil && len(folders) == 0 {
		err = usagef("which runs? name their folders, such as runs/*")
	}
	if err != nil {
		return fail(s, "compare", err)
	}
	c := comparing{compareFlags: &o, io: s}
	for _, dir := range folders {
		if !ownFile(dir) {
			c.add(dir)
		}
	}
	if len(c.runs) == 0 {
		if c.code == Done {
			return fail(s, "compare", usagef("there is no run among these; name the runs' folders"))
		}
		failedObject(s, c.err)
		return c.code
	}
	return c.compare(ctx)
}

// comparing is a call of compare.
type comparing struct {
	*compareFlags
	io      IO
	runs    []comparedRun
	picture string
	page    string
	code    int
	err     error // the first, of code
}

// fail prints an error and sets the exit code; the comparison continues.
func (c *comparing) fail(err error) {
	c.code, c.err = max(c.code, complain(c.io, "compare", err)), cmp.Or(c.err, err)
}

// ownFile reports whether a path is a file that an earlier compare wrote beside the runs, so
// that runs/* contains it.
func ownFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && slices.Contains([]string{viz.ComparisonFile, report.HTMLFile, report.MarkdownFile}, filepath.Base(path))
}

func (c *comparing) add(dir string) {
	r, err := readRun(dir)
	if err != nil {
		c.fail(err)
		return
	}
	c.runs = append(c.runs, r)
}

func (c *comparing) compare(ctx context.Context) int {
	if c.evaluate {
		c.evaluateRuns(ctx)
	}
	for i := range c.runs {
		c.runs[i].takeChance()
	}
	nameApart(c.runs)
	dir, picture, fallback := c.places(c.runs[0].Folder)
	err := drawComparison(c.runs, picture)
	if errors.Is(err, os.ErrPermission) && fallback && dir != "." { // another user's folder
		dir, picture = ".", viz.ComparisonFile
		err = drawComparison(c.runs, picture)
	}
	if err != nil {
		c.fail(err)
	} else {
		c.picture = picture
	}
	if err := c.report(ctx, dir); err != nil {
		c.fail(err)
	} else {
		c.page = filepath.Join(dir, report.HTMLFile)
	}
	if c.asJSON {
		err = encodeComparison(c.io.Out, c)
	} else {
		err = printComparison(c.io.Out, c)
	}
	if err != nil {
		c.fail(err)
	}
	return c.code
}

// evaluateRuns adds the predictions of older runs. If the images are missing, the report has
// no predictions.
func (c *comparing) evaluateRuns(ctx context.Context) {
	for _, r := range c.runs {
		if r.run.Predictions != nil || r.Best == nil || r.run.Config == nil || ctx.Err() != nil {
			continue
		}
		fmt.Fprintf(c.io.Err, "compare: %s has no %s; its best weights are evaluated once\n", r.Folder, run.PredictionsFile)
		if err := r.run.Evaluate(ctx); err != nil {
			fmt.Fprintf(c.io.Err, "compare: %s: not evaluated, so the report lacks its classes and confusions: %s\n", r.Folder, oneLine(err))
		}
	}
}

func (c *comparing) report(ctx context.Context, dir string) error {
	var runs []*report.Run
	for _, r := range c.runs {
		runs = append(runs, r.run)
	}
	r, err := report.New(runs, report.Options{Title: c.title, About: c.about})
	if err != nil {
		return err
	}
	if why := apart(r); why != "" {
		fmt.Fprintf(c.io.Err, "compare: %s\n", why)
	}
	return r.Write(ctx, dir)
}

// apart is the reason why the accuracies of a report's runs cannot be compared, or "".
func apart(r *report.Report) string {
	texts, images := r.Apart()
	if len(texts) == 0 {
		return ""
	}
	var sets []string
	count := map[string]int{} // of sets with the same name
	for _, t := range r.TestSets {
		count[fmt.Sprint(t.Name, t.Images)]++
	}
	for _, t := range r.TestSets {
		name := fmt.Sprintf("%s with %d", t.Name, t.Images)
		if count[fmt.Sprint(t.Name, t.Images)] > 1 {
			name += " in " + strings.Join(t.Runs, ", ")
		}
		if images {
			sets = append(sets, name)
		} else if t.Outputs > 0 {
			sets = append(sets, fmt.Sprintf("%s and %d outputs", name, t.Outputs))
		}
	}
	what := "these runs were tested on different images"
	if !images {
		what = "these runs were tested on the same images, but for different classes"
	}
	if len(sets) > 0 {
		what += " (" + strings.Join(sets, "; ") + ")"
	}
	return what + ", so that their accuracies cannot be compared: " + strings.Join(texts, ". ")
}

// comparedRun is a run as it is compared, read from its folder.
type comparedRun struct {
	Folder string `json:"folder"`
	*run.Report
	EpochsToBest int     `json:"epochs_to_best"` // 0: none was evaluated
	Chance       float64 `json:"chance,omitempty"`
	curves       viz.Run
	run          *report.Run
}

// readRun reads a run's folder.
func readRun(dir string) (comparedRun, error) {
	r := comparedRun{Folder: dir}
	read, err := report.Read(dir)
	if err != nil {
		return r, err
	}
	r.run, r.Report = read, read.Summary
	if r.Best != nil {
		r.EpochsToBest = r.Best.Epoch
	}
	r.curves.Name = r.Name
	r.curves.Train, r.curves.Test = run.Points(read.Lines)
	if r.Best != nil {
		r.curves.Best = r.Best.Step
	}
	return r, nil
}

// takeChance sets the accuracy of guessing among the classes that occur, or among the outputs
// if the test images are not known.
func (r *comparedRun) takeChance() {
	if n := r.run.ClassCount(); n > 0 {
		r.Chance = 1 / float64(n)
	}
	r.curves.Chance = r.Chance
}

// classCount is the number of classes in the metadata of the run's weights; 0: unknown.
func classCount(dir string) int {
	meta, err := checkpoint.ReadMetadata(run.Folder(dir).Checkpoint(run.LastFile))
	if err != nil {
		return 0
	}
	info, err := checkpoint.ReadInfo(meta)
	if err != nil {
		return 0
	}
	return len(info.Classes)
}

// nameApart renames runs that have the same name after their folders.
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

// drawComparison draws the runs that were evaluated at least once; it is an error if there
// are none.
func drawComparison(runs []comparedRun, path string) error {
	var drawn []viz.Run
	for _, r := range runs {
		if len(r.curves.Test) > 0 {
			drawn = append(drawn, r.curves)
		}
	}
	if len(drawn) == 0 {
		return errors.New("no picture: none of these runs was evaluated")
	}
	return viz.Comparison(path, drawn)
}

func encodeComparison(w io.Writer, c *comparing) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(struct {
		Runs    []comparedRun `json:"runs"`
		Picture string        `json:"picture"`
		Report  string        `json:"report,omitempty"`
	}{c.runs, c.picture, c.page})
}

func printComparison(w io.Writer, c *comparing) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "run\tmodel\tparameters\tmult-adds\tbest test\tlast test\tbalanced\tloss\tbest at\ttime\timages/s\tstatus")
	for _, r := range c.runs {
		best, last, balanced, loss, epochs := "–", "–", "–", "–", "–"
		if r.Best != nil {
			best, balanced = percent(r.Best.Accuracy), percent(r.Best.BalancedAccuracy)
			loss = lossText(r.Best.Loss)
			epochs = fmt.Sprintf("epoch %d", r.Best.Epoch)
		}
		if r.Last != nil {
			last = percent(r.Last.Accuracy)
			epochs += fmt.Sprintf(" of %d", r.Last.Epoch)
		}
		fmt.Fprintln(t, strings.Join([]string{
			r.curves.Name, r.Model, inwords.Grouped(int64(r.Parameters)), inwords.Short(r.MultiplyAdds), best, last, balanced, loss, epochs,
			duration(time.Duration(r.Seconds * float64(time.Second))), fmt.Sprintf("%.1f", r.ImagesPerSecond), r.Status,
		}, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range c.runs {
		if r.Final != nil {
			fmt.Fprintf(w, "%s: final test accuracy %s of %s images kept for the end\n", r.curves.Name, percent(r.Final.Accuracy), inwords.Grouped(int64(r.FinalImages)))
		}
	}
	fmt.Fprintln(w)
	for _, of := range []struct{ name, path string }{{"picture", c.picture}, {"report", c.page}} {
		if of.path != "" {
			fmt.Fprintf(w, "%s: %s\n", of.name, of.path)
		}
	}
	return nil
}
