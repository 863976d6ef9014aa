package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/euryale-ml/euryale/metrics"
)

// Kinds of lines.
const (
	StepLine  = "step"  // a training step
	EpochLine = "epoch" // an evaluation of the test set
)

// Line is one object of metrics.jsonl and one row of metrics.csv. Its fields in the files
// are, in this order: kind, epoch, step, split, loss, accuracy, balanced_accuracy, time. A
// step line also has lr, images_per_second and images; an epoch line has top5_accuracy, if
// known, and metrics, if hooks added any (an object in JSON, a column each in CSV). Values
// that are not finite are null in JSON and empty in CSV, and are read back as NaN.
type Line struct {
	Kind   string // StepLine or EpochLine
	Split  string // "train" or "test"
	Scores        // in a step line, only the embedded Point
	Time   time.Time
}

// timeLayout is RFC 3339 with milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// jsonLine is a Line in metrics.jsonl.
type jsonLine struct {
	Kind             string `json:"kind"`
	Epoch            int    `json:"epoch"`
	Step             int    `json:"step"`
	Split            string `json:"split"`
	Loss             Number `json:"loss"`
	Accuracy         Number `json:"accuracy"`
	BalancedAccuracy Number `json:"balanced_accuracy"`
	Time             string `json:"time"`
}

// jsonOfStep holds the additional fields of step lines.
type jsonOfStep struct {
	LR              Number `json:"lr"`
	ImagesPerSecond Number `json:"images_per_second"`
	Images          int    `json:"images,omitempty"`
}

// jsonOfEpoch holds the additional fields of epoch lines.
type jsonOfEpoch struct {
	Top5Accuracy known   `json:"top5_accuracy,omitzero"`
	Metrics      Metrics `json:"metrics,omitzero"`
}

// MarshalJSON writes the object of metrics.jsonl.
func (l Line) MarshalJSON() ([]byte, error) {
	j := jsonLine{
		l.Kind, l.Epoch, l.Step, l.Split, Number(l.Loss), Number(l.Accuracy), Number(l.BalancedAccuracy), l.Time.Format(timeLayout),
	}
	if l.Kind != StepLine {
		return json.Marshal(struct {
			jsonLine
			jsonOfEpoch
		}{j, jsonOfEpoch{known{Number(l.Top5Accuracy)}, l.Metrics}})
	}
	return json.Marshal(struct {
		jsonLine
		jsonOfStep
	}{j, jsonOfStep{Number(l.LR), Number(l.ImagesPerSecond), l.Images}})
}

// UnmarshalJSON reads an object of metrics.jsonl.
func (l *Line) UnmarshalJSON(data []byte) error {
	j := struct {
		jsonLine
		jsonOfStep
		jsonOfEpoch
	}{
		jsonLine{Loss: missing, Accuracy: missing, BalancedAccuracy: missing}, jsonOfStep{LR: missing, ImagesPerSecond: missing},
		jsonOfEpoch{Top5Accuracy: known{missing}},
	}
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	if j.Kind == "" || j.Step < 0 || j.Images < 0 {
		return errors.New("no kind, or a negative step or number of images")
	}
	at, err := time.Parse(time.RFC3339, j.Time)
	if err != nil {
		return fmt.Errorf("time: %w", err)
	}
	*l = Line{Kind: j.Kind, Split: j.Split, Time: at}
	l.Point = Point{Epoch: j.Epoch, Step: j.Step, Loss: float64(j.Loss), Accuracy: float64(j.Accuracy), BalancedAccuracy: float64(j.BalancedAccuracy)}
	if j.Kind == StepLine {
		l.LR, l.ImagesPerSecond, l.Images = float64(j.LR), float64(j.ImagesPerSecond), j.Images
		return nil
	}
	l.Top5Accuracy, l.Metrics = float64(j.Top5Accuracy.Number), j.Metrics
	return nil
}

// Values returns the values of a line that are sent to trackers, by name: train/loss,
// train/accuracy, train/balanced_accuracy and train/lr of a step line; test/… of an epoch
// line, without lr, with top5_accuracy if known and with its Metrics. Values that are not
// finite are left out.
func (l Line) Values() map[string]float64 {
	values := map[string]float64{}
	add := func(name string, v float64) {
		if metrics.Finite(v) {
			values[l.Split+"/"+name] = v
		}
	}
	add("loss", l.Loss)
	add("accuracy", l.Accuracy)
	add("balanced_accuracy", l.BalancedAccuracy)
	if l.Kind == StepLine {
		add("lr", l.LR)
		return values
	}
	add("top5_accuracy", l.Top5Accuracy)
	for name, v := range l.Metrics.Map() {
		add(name, v)
	}
	return values
}

// NonFinite returns how many numbers of a line are left out of Values because they are not
// finite. A Top5Accuracy of NaN is unknown and does not count.
func (l Line) NonFinite() int {
	n := 4 // with the rate
	if l.Kind != StepLine {
		n = 3 + len(l.Metrics.Names())
		if !math.IsNaN(l.Top5Accuracy) {
			n++
		}
	}
	return n - len(l.Values())
}

// header lists the columns of every metrics.csv. After them come the columns of values that
// only some lines have, see Line.extra, in the order in which their names first occur.
var header = []string{"kind", "epoch", "step", "split", "loss", "accuracy", "balanced_accuracy", "time", "lr", "images_per_second", "top5_accuracy"}

// extra lists the columns after those of header in which a line has a value.
func (l Line) extra() []string {
	if l.Kind != StepLine {
		return l.Metrics.Names()
	}
	if l.Images > 0 {
		return []string{"images"}
	}
	return nil
}

// row is a Line in metrics.csv; columns are those after the header's.
func (l Line) row(columns []string) []string {
	r := []string{
		l.Kind, strconv.Itoa(l.Epoch), strconv.Itoa(l.Step), l.Split, cell(l.Loss), cell(l.Accuracy), cell(l.BalancedAccuracy),
		l.Time.Format(timeLayout), "", "", "",
	}
	if l.Kind == StepLine {
		r[8], r[9] = cell(l.LR), cell(l.ImagesPerSecond)
	} else {
		r[10] = cell(l.Top5Accuracy)
	}
	for _, name := range columns {
		r = append(r, l.extraCell(name))
	}
	return r
}

// extraCell is a line's value in a column after those of header.
func (l Line) extraCell(name string) string {
	if l.Kind != StepLine {
		v, _ := l.Metrics.Get(name)
		return cell(v)
	}
	if name == "images" && l.Images > 0 {
		return strconv.Itoa(l.Images)
	}
	return ""
}

func cell(v float64) string {
	if !metrics.Finite(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
