package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/report"
	"github.com/euryale-ml/euryale/run"
)

const sweepHelp = `sweep trains several recipes with several seeds, one run after the other, and writes a report on them.

  sweep RECIPE… [flags]
  sweep -config FILE [-config FILE…] [flags]

Each run has its own folder, DIR/<name>-seed<seed>, and the report is on all runs in DIR. The same command resumes a
stopped sweep: finished runs are skipped, unfinished ones are resumed. A run that fails is named at the end and
the others are trained; the exit code is then 1. A folder that holds a run with other settings is an error before
anything starts.

`

// DefaultSweepDir is the folder for sweep's runs without -out.
const DefaultSweepDir = RunsDir + "/sweep"

// sweepFlags are the flags of sweep.
type sweepFlags struct {
	configs, sets         words
	seeds, out            string
	dry, quiet, asJSON    bool
	recipes               []string // the other arguments
	evaluate, withReports bool
}

func (o *sweepFlags) flags() *flag.FlagSet {
	f := newFlags("sweep")
	f.StringVar(&o.seeds, "seeds", "", "seeds with commas between them, such as 1,2,3; default the recipe's own")
	f.Var(&o.configs, "config", "YAML `FILE` with your own recipe, any number of times, with or instead of RECIPE")
	f.Var(&o.sets, "set", "`key=value` for all runs, any number of times")
	f.StringVar(&o.out, "out", DefaultSweepDir, "folder `DIR` of the runs and the report")
	f.BoolVar(&o.dry, "dry-run", false, "only list the runs")
	f.BoolVar(&o.quiet, "quiet", false, "no progress of the single runs")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object at the end")
	f.BoolVar(&o.withReports, "report", true, "write "+report.HTMLFile+" and "+report.MarkdownFile+" at the end")
	f.BoolVar(&o.evaluate, "evaluate", true, "for the report, evaluate the best weights of runs without predictions")
	return f
}

// sweep is the command that trains several recipes and seeds.
func (c commands) sweep(ctx context.Context, s IO, args []string) int {
	s = forJSON(s, args)
	var o sweepFlags
	f := o.flags()
	recipes, err := parse(f, args)
	if errors.Is(err, errHelp) {
		fmt.Fprint(s.Out, reflowed(sweepHelp), listed("Recipes", c.names()), "\n")
		printFlags(s.Out, f)
		return Done
	}
	o.recipes = recipes
	var w *sweep
	if err == nil {
		var notes []string
		o.sets, notes, err = knownKeys(o.sets)
		for _, note := range notes {
			fmt.Fprintf(s.Err, "sweep: %s\n", note)
		}
	}
	if err == nil {
		w, err = c.planSweep(&o, s)
	}
	if err != nil {
		return fail(s, "sweep", err)
	}
	if o.dry {
		return w.finish(Done)
	}
	code := w.train(ctx)
	if code == Stopped {
		fmt.Fprintln(s.Err, "sweep: stopped; the same command resumes")
		return w.finish(Stopped)
	}
	if o.withReports {
		code = max(code, w.report(ctx))
	}
	return w.finish(code)
}

// sweep is the runs of a sweep in their order.
type sweep struct {
	*sweepFlags
	io   IO
	runs []*sweepRun
}

// sweepRun is one run of a sweep.
type sweepRun struct {
	Name   string      `json:"name"`
	Seed   uint64      `json:"seed"`
	Folder string      `json:"folder"`
	State  string      `json:"state"`           // a state below, or a Status of trainer
	Result *run.Report `json:"result"`          // nil: there is none yet
	Error  string      `json:"error,omitempty"` // why it failed

	recipe Recipe
	words  string // of the command that trains it
	file   string // -config
	sets   words
	given  bool // the folder holds a run
}

// States of a run that is not over.
const (
	sweepNew   = "new"
	sweepBegun = "begun"
)

// train trains the runs that are not finished.
func (w *sweep) train(ctx context.Context) int {
	code, made, spent := Done, 0, time.Duration(0)
	for i, r := range w.runs {
		who := fmt.Sprintf("sweep: run %d of %d, %s", i+1, len(w.runs), r.title())
		if r.look(); r.State == run.Finished {
			w.info("%s: finished before, %s", who, r.outcome())
			continue
		}
		if ctx.Err() != nil {
			return Stopped
		}
		began := time.Now()
		switch w.trainOne(ctx, who, r) {
		case Done:
		case Stopped:
			return Stopped
		default:
			code = Failed
		}
		spent, made = spent+time.Since(began), made+1
		left := ""
		if n := w.unfinished(i + 1); n > 0 {
			left = fmt.Sprintf("; %d more, about %s if they take as long", n, duration(spent/time.Duration(made)*time.Duration(n)))
		}
		w.info("%s: %s%s", who, r.outcome(), left)
	}
	return code
}

// trainOne trains or resumes one run and records its result.
func (w *sweep) trainOne(ctx context.Context, who string, r *sweepRun) int {
	in := "in"
	if r.given {
		in = "resuming in"
	}
	w.info("%s, %s %s", who, in, r.Folder)
	code := r.train(ctx, w)
	r.look()
	if code != Done && code != Stopped {
		if r.State = run.Failed; r.Error == "" {
			r.Error = "see the lines above"
		}
	}
	return code
}

// unfinished counts the unfinished runs from the i-th on.
func (w *sweep) unfinished(i int) (n int) {
	for _, r := range w.runs[i:] {
		if r.State != run.Finished {
			n++
		}
	}
	return n
}

// sweepAttached is called before each Fit; for tests.
var sweepAttached func(*session)

// train begins or resumes the run, as the training command does.
func (r *sweepRun) train(ctx context.Context, w *sweep) int {
	o := trainFlags{out: r.Folder, quiet: w.quiet}
	t := training{recipe: r.recipe.Config, quick: r.recipe.Quick, program: thisProgram(), now: time.Now, words: r.words, attached: sweepAttached}
	t.name = strings.TrimSuffix(filepath.Base(t.program.typed), ".exe") + " " + r.words
	quiet := IO{In: w.io.In, Out: io.Discard, Err: w.io.Err}
	if r.given {
		o.resume, o.sets = true, r.resumableSets()
		return t.resume(ctx, quiet, &o)
	}
	o.config, o.sets = r.file, r.sets
	return t.begin(ctx, quiet, &o)
}

// resumableSets are the settings that may change when a run is resumed and do not change its
// results.
func (r *sweepRun) resumableSets() (sets words) {
	for _, s := range r.sets {
		key, _, _ := strings.Cut(s, "=")
		if key = strings.TrimSpace(key); !config.ChangesOutcome(key) && slices.Contains(resumable(), key) {
			sets = append(sets, s)
		}
	}
	return sets
}

// look reads the state of the run from its folder.
func (r *sweepRun) look() {
	r.given = run.Folder(r.Folder).Has(run.ConfigFile)
	r.State, r.Result, r.Error = sweepNew, nil, ""
	if r.given {
		r.State = sweepBegun
	}
	if result, err := run.Folder(r.Folder).Report(); err == nil && r.given {
		r.Result, r.State, r.Error = result, result.Status, result.Error
	}
}

func (r *sweepRun) title() string { return r.Name + " seed " + strconv.FormatUint(r.Seed, 10) }

// outcome is the result of the run in a few words.
func (r *sweepRun) outcome() string {
	switch {
	case r.State == run.Failed:
		return "failed: " + r.Error
	case r.Result == nil:
		return r.State
	case r.Result.Last == nil:
		return r.State + ", not evaluated"
	case r.Result.Best == nil:
		return fmt.Sprintf("%s, %s test accuracy in the last epoch, none is the best", r.State, percent(r.Result.Last.Accuracy))
	}
	return fmt.Sprintf("%s test accuracy in epoch %d, after %s", percent(r.Result.Best.Accuracy), r.Result.Best.Epoch,
		duration(time.Duration(r.Result.Seconds*float64(time.Second))))
}

// report compares the runs that were evaluated: those of this sweep, then those of other
// sweeps in the same folder.
func (w *sweep) report(ctx context.Context) int {
	var folders []string
	for _, r := range w.runs {
		if r.Result != nil {
			folders = append(folders, r.Folder)
		}
	}
	others, _ := os.ReadDir(w.out)
	for _, o := range others {
		dir := filepath.Join(w.out, o.Name())
		if !slices.Contains(folders, dir) && run.Folder(dir).Has(run.SummaryFile) {
			folders = append(folders, dir)
		}
	}
	if len(folders) == 0 {
		fmt.Fprintln(w.io.Err, "sweep: no report: there is no run to compare")
		return Failed
	}
	args := slices.Concat([]string{"-out", w.out, "-evaluate=" + strconv.FormatBool(w.evaluate)}, []string{"--"}, folders)
	return RunCompare(ctx, IO{In: w.io.In, Out: io.Discard, Err: w.io.Err}, args)
}

// finish prints all runs and returns the code.
func (w *sweep) finish(code int) int {
	page := filepath.Join(w.out, report.HTMLFile)
	if !exists(page) || w.dry || code == Stopped {
		page = ""
	}
	if w.asJSON {
		e := json.NewEncoder(w.io.Out)
		e.SetEscapeHTML(false)
		if err := e.Encode(struct {
			Runs   []*sweepRun `json:"runs"`
			Report string      `json:"report,omitempty"`
		}{w.runs, page}); err != nil {
			return fail(w.io, "sweep", err)
		}
		return code
	}
	t := tabwriter.NewWriter(w.io.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "run\tseed\tstate\tepochs\tbest test\tlast test\ttime\tfolder")
	for _, r := range w.runs {
		epochs, best, last, took := "–", "–", "–", "–"
		if r.Result != nil {
			epochs, took = strconv.Itoa(r.Result.Epochs), duration(time.Duration(r.Result.Seconds*float64(time.Second)))
			if r.Result.Best != nil {
				best = percent(r.Result.Best.Accuracy)
			}
			if r.Result.Last != nil {
				last = percent(r.Result.Last.Accuracy)
			}
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, r.Seed, r.State, epochs, best, last, took, r.Folder)
	}
	if err := t.Flush(); err != nil {
		return fail(w.io, "sweep", err)
	}
	if page != "" {
		fmt.Fprintf(w.io.Out, "\nreport: %s\n", page)
	}
	return code
}

// info writes a line of progress, also with -quiet, which suppresses only the single runs'.
func (w *sweep) info(format string, args ...any) { fmt.Fprintf(w.io.Err, format+"\n", args...) }
