package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/filelock"
)

// Option is an option of a training command.
type Option func(*training)

// Quick adds a quick profile: YAML with the keys that differ when data.set=auto finds no pets
// and uses drawn images. It never overrides -config or -set; its values are in the run's
// config.yaml.
func Quick(yaml []byte) Option { return func(t *training) { t.quick = yaml } }

// training is a training command.
type training struct {
	recipe, quick []byte
	name          string // in messages
	words         string // after the program's name, to call this command again
	program       program
	now           func() time.Time
	trackers      []namedTracker
	attached      func(*session) // for tests: called before Fit
}

// Train is the training command with defaultYAML as its recipe: flags, YAML, progress,
// figures, results. It runs with the process's arguments and never returns.
func Train(defaultYAML []byte, o ...Option) { Main(TrainCommand(defaultYAML, o...)) }

// TrainCommand is the command of Train, for programs that have more than one. With
// "predict" or "sync" as its first argument it is RunPredict or RunSync.
func TrainCommand(defaultYAML []byte, o ...Option) Command {
	t := training{recipe: defaultYAML, program: thisProgram(), now: time.Now}
	t.name = strings.TrimSuffix(filepath.Base(t.program.typed), ".exe")
	for _, set := range o {
		set(&t)
	}
	return t.run
}

func (t training) run(ctx context.Context, s IO, args []string) int {
	if len(args) > 0 && args[0] == "predict" {
		return RunPredict(ctx, s, args[1:])
	}
	if len(args) > 0 && args[0] == "sync" {
		return RunSync(ctx, s, args[1:])
	}
	s = forJSON(s, args)
	var o trainFlags
	f := o.flags()
	others, err := o.parse(f, args)
	switch {
	case errors.Is(err, errHelp):
		t.help(s.Out, &o, wantsAll(args))
		return Done
	case err != nil:
	case len(others) > 0:
		err = strayArgument(others[0])
	case o.version:
		printVersion(s.Out)
		return Done
	}
	if err != nil {
		return fail(s, t.name, err)
	}
	if o.resume {
		return t.resume(ctx, s, &o)
	}
	return t.begin(ctx, s, &o)
}

// strayArgument is the error for an argument of a training command that is no flag.
func strayArgument(arg string) error {
	key, _, isSetting := strings.Cut(arg, "=")
	if _, err := config.Find(key); isSetting && err == nil {
		return usagef("%q is no flag; did you mean -set %s?", arg, arg)
	}
	return usagef("%q is no flag; settings are given by -set key=value, -h lists them", arg)
}

// begin starts a new run.
func (t training) begin(ctx context.Context, s IO, o *trainFlags) int {
	c, err := o.newConfig(t.recipe, t.quick)
	if err != nil {
		return fail(s, t.name, hintDownload(err, c.Config, t.again()))
	}
	if c.Name == "" {
		c.Name = c.RunName()
	}
	n := &session{training: t, io: s, flags: o, config: c.Config}
	n.info("%s: %s on %s", c.Name, c.Model.Name, c.Data.Set)
	n.printNotes()
	if c.missing != nil {
		n.printDrawn(c.missing)
	}
	if n.dir, err = claimRunDir(o.out, c.Name, t.now()); err != nil {
		return fail(s, t.name, err)
	}
	if err = n.prepare(ctx); err != nil {
		return n.giveUp(hintDownload(err, c.Config, t.again()))
	}
	return n.train(ctx)
}

// prepare does all that comes before the first step, in the folder whose lock is held.
func (n *session) prepare(ctx context.Context) error {
	if err := n.dir.writeConfig(n.config.YAML()); err != nil {
		return err
	}
	found, err := withRoot(ctx, n.config, downloadProgress(n.progressStream()))
	if err != nil {
		return err
	}
	return n.build(ctx, found)
}

// giveUp ends a run that could not begin. Its folder is restored; only if the run was stopped
// does a folder of -out keep the configuration, so that -resume begins it.
func (n *session) giveUp(err error) int {
	n.closeTrainer()
	stopped := codeOf(err) == Stopped
	if stopped && n.flags.out != "" {
		n.dir.release()
	} else {
		n.dir.discard()
	}
	if stopped && !n.flags.asJSON {
		n.warn("%s: %s", n.name, nothingSaved)
		return Stopped
	}
	return fail(n.io, n.name, err)
}

// nothingSaved is about a run that a signal stopped too early.
const nothingSaved = "stopped before the first step had ended: nothing was saved, and the same command starts afresh"

// resume resumes a run. The folder's lock is taken before config.yaml is read, since another
// process that trains there may change that file.
func (t training) resume(ctx context.Context, s IO, o *trainFlags) int {
	if err := o.wantsOut(); err != nil {
		return fail(s, t.name, err)
	}
	dir, lockErr := lockRunDir(o.out)
	if errors.Is(lockErr, filelock.ErrLocked) {
		return fail(s, t.name, lockErr)
	}
	c, changed, err := o.resumedConfig()
	if errors.Is(err, errNothingYet) && t.recipe == nil && o.config == "" {
		err = usagef("-resume: %s holds nothing yet; start it with a recipe", o.out)
	}
	if errors.Is(err, errNothingYet) {
		dir.release()
		fmt.Fprintf(s.Err, "%s: %s holds nothing yet; the run begins\n", t.name, o.out)
		return t.begin(ctx, s, o)
	}
	if err == nil && lockErr == nil && dir.lock == nil { // another process began the run since
		return t.resume(ctx, s, o)
	}
	n := &session{training: t, io: s, flags: o, config: c, dir: dir, resumed: true}
	defer n.close()
	if err != nil {
		return fail(s, t.name, err)
	}
	n.info("%s: %s on %s, resuming in %s", c.Name, c.Model.Name, c.Data.Set, o.out)
	n.printNotes()
	if !changed && finished(o.out) {
		n.dir.clean()
		return n.printFinished()
	}
	if lockErr != nil { // a finished run is also shown if its folder cannot be written
		return fail(s, t.name, lockErr)
	}
	found, err := withRoot(ctx, c, downloadProgress(n.progressStream()))
	if err == nil {
		err = n.build(ctx, found)
	}
	if err == nil && changed {
		err = n.dir.writeConfig(c.YAML())
	}
	if err != nil && codeOf(err) == Stopped && !o.asJSON {
		n.warn("%s: stopped before training: nothing was changed, and the same command resumes", t.name)
		return Stopped
	}
	if err != nil {
		return fail(s, t.name, hintMoved(hintDownload(err, c, t.again()), c))
	}
	if n.trainer.Complete() && finished(o.out) {
		n.close()
		return n.printFinished()
	}
	return n.train(ctx)
}

// again is the command line that calls this command again.
func (t training) again() string { return strings.TrimSpace(t.program.command() + " " + t.words) }

// printVersion prints the module's version, Go's, the system and the device that auto takes.
func printVersion(w io.Writer) {
	fmt.Fprintf(w, "euryale %s, %s %s/%s, %s\n", moduleVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH, describeDevice())
}

// moduleVersion is the version of this module in the program.
func moduleVersion() string {
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return "(devel)"
	}
	for _, m := range append(b.Deps, &b.Main) {
		if m.Path == modulePath && m.Version != "" {
			return m.Version
		}
	}
	return "(devel)"
}

func describeDevice() string {
	d, err := device.Open(device.Auto, device.Options{})
	if err != nil {
		return err.Error()
	}
	defer d.Close()
	return d.Describe()
}
