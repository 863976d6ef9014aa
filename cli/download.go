package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/euryale-ml/euryale/dataset"
)

// downloading shows the progress of a download: the size first, then a bar on a terminal, or
// a line every few seconds elsewhere.
type downloading struct {
	out      io.Writer
	terminal bool
	bar      *progressbar.ProgressBar
	doing    string // stage and file of the bar
	shown    time.Time
}

// downloadProgress returns a function that shows the progress of a download on out.
func downloadProgress(out io.Writer) func(dataset.Progress) {
	d := &downloading{out: out}
	_, d.terminal = terminal(out)
	return d.show
}

var stageWords = map[dataset.Stage]string{
	dataset.StageDownload: "fetching", dataset.StageVerify: "verifying", dataset.StageUnpack: "unpacking",
}

func (d *downloading) show(p dataset.Progress) {
	switch p.Stage {
	case dataset.StageWait:
		fmt.Fprintf(d.out, "data: waiting for another download of the set, which holds %s\n", p.File)
		return
	case dataset.StageIncomplete:
		lacks := "its lists"
		if p.Total > 0 {
			lacks = fmt.Sprintf("%d of the images that its lists name", p.Total)
		}
		fmt.Fprintf(d.out, "data: the set in %s lacks %s; it is completed\n", p.File, lacks)
		return
	case dataset.StageSize:
		fmt.Fprintf(d.out, "data: %s are fetched and unpacked into %s; twice as much space is needed during the download\n", bytesText(p.Total), p.File)
		return
	case dataset.StageDone:
		d.close()
		fmt.Fprintf(d.out, "data: the set is in %s\n", p.File)
		return
	}
	what := stageWords[p.Stage] + " " + filepath.Base(p.File)
	if d.terminal {
		d.draw(what, p)
		return
	}
	if now := time.Now(); now.Sub(d.shown) > lineEvery || what != d.doing {
		d.shown, d.doing = now, what
		share := ""
		if p.Total > 0 {
			share = fmt.Sprintf(" of %s", bytesText(p.Total))
		}
		fmt.Fprintf(d.out, "data: %s: %s%s\n", what, bytesText(p.Done), share)
	}
}

func (d *downloading) draw(what string, p dataset.Progress) {
	if what != d.doing {
		d.close()
		d.doing = what
		total := p.Total
		if total <= 0 {
			total = -1
		}
		d.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(d.out), progressbar.OptionSetDescription(what),
			progressbar.OptionShowBytes(true), progressbar.OptionSetWidth(20), progressbar.OptionThrottle(barEvery), progressbar.OptionClearOnFinish())
	}
	d.bar.Set64(p.Done)
}

func (d *downloading) close() {
	if d.bar != nil {
		d.bar.Clear()
		d.bar = nil
	}
}
