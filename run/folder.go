package run

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/internal/smallfile"
)

// Names in a run's folder.
const (
	LockFile        = ".lock" // held by the process that works in the folder
	ConfigFile      = "config.yaml"
	SummaryFile     = "summary.json"
	PredictionsFile = "predictions.jsonl"
	SplitFile       = "split.json"
	LinesFile       = "metrics.jsonl"
	CSVFile         = "metrics.csv"

	CheckpointDir = "checkpoints"
	FiguresDir    = "figures"
	OutboxDir     = "track"       // a folder for each tracker
	EventsDir     = "tensorboard" // TensorBoard's event files
)

// Names in CheckpointDir.
const (
	BestFile = "best.safetensors" // the weights of the best epoch
	LastFile = "last.safetensors" // the weights of the last checkpoint
)

// Names in FiguresDir.
const (
	BatchBeforeFile  = "show_batch_before.png" // a training batch as decoded
	BatchAfterFile   = "show_batch_after.png"  // the same images after augmentation
	CurvesFile       = "curves.png"
	CurvesSVGFile    = "curves.svg"
	ConfusionFile    = "confusion.png"
	MostWrongFile    = "most_wrong.png"
	MostConfusedFile = "most_confused.png"
	SamplesDir       = "samples" // some test images of a drawn run
)

// ErrFile is wrapped by errors about a file that is not in the format of a run's files.
var ErrFile = errors.New("bad file")

// Folder is the path of a run's folder. Its methods read and write the files there. An
// error names the file; the error of one that is missing wraps fs.ErrNotExist.
type Folder string

// Path is the path of a file or folder in f, by the names above.
func (f Folder) Path(names ...string) string {
	return filepath.Join(append([]string{string(f)}, names...)...)
}

// Checkpoint is the path of a file in CheckpointDir, such as BestFile.
func (f Folder) Checkpoint(name string) string { return f.Path(CheckpointDir, name) }

// Figure is the path of a file in FiguresDir, such as CurvesFile.
func (f Folder) Figure(name string) string { return f.Path(FiguresDir, name) }

// Has reports whether f has the file or folder Path(names...).
func (f Folder) Has(names ...string) bool {
	_, err := os.Stat(f.Path(names...))
	return err == nil
}

// maxConfig is the largest configuration that is read, in bytes.
const maxConfig = 1 << 20

// Config reads config.yaml, the settings of the run, for config.Load.
func (f Folder) Config() ([]byte, error) { return smallfile.Read(f.Path(ConfigFile), maxConfig) }

// WriteConfig writes config.yaml.
func (f Folder) WriteConfig(yaml []byte) error {
	return f.write(ConfigFile, func(w io.Writer) error {
		_, err := w.Write(yaml)
		return err
	})
}

// write replaces a file of f, or leaves it unchanged.
func (f Folder) write(name string, fill func(w io.Writer) error) error {
	return atomicfile.Write(f.Path(name), 0o644, fill)
}

// Clean removes temporary files that a kill left in f and its folders. The caller holds
// the lock.
func (f Folder) Clean() error { return atomicfile.CleanAll(string(f), LockFile) }

// WeightsFile returns the weight file for a path: the path itself if it is no folder; in a
// run's folder or its folder of checkpoints the best weights, else the last ones. It does
// not check that the file exists.
func WeightsFile(path string) string {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return path
	}
	f := Folder(path)
	for _, p := range []string{f.Checkpoint(BestFile), f.Checkpoint(LastFile), f.Path(BestFile), f.Path(LastFile)} {
		if info, err := os.Stat(p); err == nil && !info.IsDir() {
			return p
		}
	}
	return path
}

// resumeFile is the format of a name in CheckpointDir: the file with all of a step's
// checkpoint but the weights.
const resumeFile = "resume-%d.safetensors"

// ResumeFile is the name in CheckpointDir of the file that resuming after a step needs
// besides LastFile.
func ResumeFile(step int) string { return fmt.Sprintf(resumeFile, step) }

// ResumeStep parses a name made by ResumeFile; false: the name is another one.
func ResumeStep(name string) (step int, ok bool) {
	n, err := fmt.Sscanf(name, resumeFile, &step)
	return step, err == nil && n == 1 && step >= 0 && name == ResumeFile(step)
}
