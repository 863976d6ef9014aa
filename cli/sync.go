package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/track"
	"github.com/euryale-ml/euryale/trainer/record"
)

const syncHelp = `sync sends the records of runs that trackers did not receive in training.

  sync [flags] RUN…

`

// syncTries is the number of attempts in a row for a service that does not answer.
const syncTries = 5

// RunSync is the command that sends the unsent records in runs' folders to trackers.
func RunSync(ctx context.Context, s IO, args []string) int {
	f := newFlags("sync")
	services := f.String("track", "", "send to `TRACKERS`, a list with commas, the complete run if they have nothing of it yet; default: those of the run")
	var sets words
	f.Var(&sets, "set", "`key=value` of a tracker, such as mlflow.uri=ADDRESS, any number of times; overrides the run's")
	dirs, err := parse(f, args)
	if errors.Is(err, errHelp) {
		fmt.Fprintf(s.Out, "%sTrackers:\n\n%s\n", syncHelp, describeTrackers())
		printFlags(s.Out, f)
		return Done
	}
	if err == nil && len(dirs) == 0 {
		err = usagef("which runs? sync RUN…")
	}
	if err != nil {
		return fail(s, "sync", err)
	}
	code := Done
	for _, dir := range dirs {
		y := syncing{io: s, dir: dir, sets: sets}
		if *services != "" {
			y.asked = strings.Split(*services, ",")
		}
		code = max(code, y.run(ctx))
		if ctx.Err() != nil {
			return Stopped
		}
	}
	return code
}

// syncing is the sync of a run.
type syncing struct {
	io     IO
	dir    string
	asked  []string // trackers; none: those of the run
	sets   []string
	config config.Config
	lines  []run.Line
	report *run.Report // nil: the run never ended
}

func (y *syncing) run(ctx context.Context) int {
	if err := y.configure(); err != nil {
		return fail(y.io, "sync", err)
	}
	if len(y.services()) == 0 {
		return fail(y.io, "sync", usagef("%s has no tracker; name some with -track %s", y.dir, strings.Join(track.Names(), ",")))
	}
	lock, err := y.claim(ctx)
	if err != nil {
		return fail(y.io, "sync", err)
	}
	defer lock.Release()
	if err := errors.Join(y.configure(), y.read()); err != nil {
		return fail(y.io, "sync", err)
	}
	code := Done
	for _, service := range y.services() {
		if err := y.send(ctx, service); err != nil {
			code = max(code, fail(y.io, "sync", fmt.Errorf("%s: %s: %w", y.dir, service, err)))
		}
	}
	return code
}

// configure reads the run's configuration.
func (y *syncing) configure() (err error) {
	if y.config, err = readRunConfig(y.dir); err != nil {
		if info, serr := os.Stat(y.dir); serr != nil || !info.IsDir() {
			return usagef("%s is no run: there is no such folder", y.dir)
		}
		return fmt.Errorf("%s is no run: %w", y.dir, err)
	}
	for _, set := range y.sets {
		key, value, ok := strings.Cut(set, "=")
		ofTracker := func(k config.Key) bool { return k.Path == key && k.Chooser == track.Key }
		if !ok || !slices.ContainsFunc(config.Keys(), ofTracker) {
			return usagef("-set %s: want a key of a tracker, such as mlflow.uri=ADDRESS", key)
		}
		if err := y.config.Set(key, value); err != nil {
			return usageError{err}
		}
	}
	return checkConfig(y.config)
}

// claim locks the run, so that no other process trains or sends it during the sync.
func (y *syncing) claim(ctx context.Context) (*run.SyncLock, error) {
	lock, err := run.Folder(y.dir).ClaimSync(ctx)
	switch {
	case errors.Is(err, run.ErrSyncing):
		return nil, fmt.Errorf("%s is in use: another sync of it is running", y.dir)
	case errors.Is(err, run.ErrLocked) && len(y.missing()) > 0:
		return nil, fmt.Errorf("%s is in use: it is still training, without %s; sync it when that has ended", y.dir, strings.Join(y.missing(), ", "))
	case errors.Is(err, run.ErrLocked):
		return nil, fmt.Errorf("%s is in use: it is still training, and sends by itself", y.dir)
	}
	return lock, err
}

// missing are the requested services that the run does not send to itself.
func (y *syncing) missing() (list []string) {
	for _, service := range y.services() {
		if !slices.Contains(y.config.Track, service) {
			list = append(list, service)
		}
	}
	return list
}

// read reads the run's records.
func (y *syncing) read() (err error) {
	if y.lines, err = run.Folder(y.dir).Lines(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if y.report, err = run.Folder(y.dir).Report(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// services are the trackers to send to.
func (y *syncing) services() []string {
	if len(y.asked) > 0 {
		return y.asked
	}
	names := slices.Clone(y.config.Track)
	entries, _ := os.ReadDir(run.Folder(y.dir).Path(run.OutboxDir))
	for _, e := range entries {
		name := track.OfOutbox(e.Name())
		if e.IsDir() && name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// send sends the records that a service lacks.
func (y *syncing) send(ctx context.Context, service string) error {
	sink, note, err := makeSink(service, y.config, y.dir)
	if err != nil {
		return err
	}
	if note != "" {
		fmt.Fprintln(y.io.Err, note)
	}
	b, err := track.OpenOutbox(sink, track.OutboxOptions{
		Dir: y.dir, Service: track.OutboxName(service, sink), Name: y.config.Name, Tries: syncTries,
		Notify: func(message string) { fmt.Fprintf(y.io.Err, "sync: %s\n", message) },
	})
	if err != nil {
		return err
	}
	defer b.Close()
	if err := y.record(b); err != nil {
		return err
	}
	flushed := b.Flush(ctx)
	d := b.Delivery()
	if flushed != nil || !d.OK() {
		if d.Err == nil {
			d.Err = flushed
		}
		return errors.New(strings.TrimPrefix(d.String(), d.Service+": "))
	}
	text := fmt.Sprintf("%s: %s", y.dir, d)
	if d.URL != "" {
		text += ", " + d.URL
	}
	fmt.Fprintln(y.io.Out, text)
	return nil
}

// record adds the records that the outbox lacks: all for a new outbox, else those that were
// lost by a kill.
func (y *syncing) record(b *track.Outbox) error {
	ended := b.Ended()
	if err := record.Start(b, y.config); err != nil {
		return err
	}
	if err := b.Replay(y.lines); err != nil {
		return err
	}
	if y.report == nil || ended == y.report.Status {
		return nil
	}
	if err := record.Results(b, y.dir, y.report); err != nil {
		return err
	}
	return b.End(y.report.Status)
}
