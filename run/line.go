package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Kinds of lines.
const (
	StepLine  = "step"  // a training step
	EpochLine = "epoch" // an evaluation of the test set
)

// Line is one object of metrics.jsonl and one row of metrics.csv. Its fields in the
// files are, in this order: kind, epoch, step, split, loss, accuracy, balanced_accuracy,
// time, and of a step line also lr, images_per_second and images, of an epoch line
// top5_accuracy where it is known and metrics where hooks added some: an object in JSON, a
// column each in CSV. What is not finite is null in JSON and empty in CSV, and is read back
// as NaN.
type Line struct {
	Kind             string // StepLine or EpochLine
	Epoch            int    // from 1
	Step             int    // from 1, over the whole run
	Split            string // "train" or "test"
	Loss             float64
	Accuracy         float64
	BalancedAccuracy float64
	LR               float64 // of a step line
	ImagesPerSecond  float64 // of a step line
	Images           int     // of a step line; 0 in lines of earlier versions, which do not have it
	// Top5Accuracy is of an epoch line. Where it is not known, as in lines of earlier
	// versions, it is in no file.
	Top5Accuracy Optional
	Metrics      Metrics // of an epoch line
	Time         time.Time
}

// Optional is a number that may not be known. The zero value is not.
type Optional struct {
	Value float64
	Known bool
}

// Some is a number that is known.
func Some(v float64) Optional { return Optional{v, true} }

// timeLayout is RFC 3339 with milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// jsonLine is a Line in metrics.jsonl.
type jsonLine struct {
	Kind             string   `json:"kind"`
	Epoch            int      `json:"epoch"`
	Step             int      `json:"step"`
	Split            string   `json:"split"`
	Loss             *float64 `json:"loss"`
	Accuracy         *float64 `json:"accuracy"`
	BalancedAccuracy *float64 `json:"balanced_accuracy"`
	Time             string   `json:"time"`
}

// jsonStep adds what step lines have.
type jsonStep struct {
	jsonLine
	LR              *float64 `json:"lr"`
	ImagesPerSecond *float64 `json:"images_per_second"`
	Images          int      `json:"images,omitempty"`
}

// jsonEpoch adds what epoch lines may have.
type jsonEpoch struct {
	jsonLine
	Top5Accuracy *float64 `json:"top5_accuracy,omitempty"`
	Metrics      Metrics  `json:"metrics,omitzero"`
}

// MarshalJSON writes the object of metrics.jsonl.
func (l Line) MarshalJSON() ([]byte, error) {
	j := jsonLine{
		Kind: l.Kind, Epoch: l.Epoch, Step: l.Step, Split: l.Split, Loss: finite(l.Loss), Accuracy: finite(l.Accuracy),
		BalancedAccuracy: finite(l.BalancedAccuracy), Time: l.Time.Format(timeLayout),
	}
	if l.Kind != StepLine {
		return json.Marshal(jsonEpoch{j, l.top5(), l.Metrics})
	}
	return json.Marshal(jsonStep{j, finite(l.LR), finite(l.ImagesPerSecond), l.Images})
}

// UnmarshalJSON reads an object of metrics.jsonl.
func (l *Line) UnmarshalJSON(data []byte) error {
	var j struct {
		jsonStep
		Top5Accuracy *float64 `json:"top5_accuracy"`
		Metrics      Metrics  `json:"metrics"`
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
	*l = Line{
		Kind: j.Kind, Epoch: j.Epoch, Step: j.Step, Split: j.Split, Loss: orNaN(j.Loss), Accuracy: orNaN(j.Accuracy),
		BalancedAccuracy: orNaN(j.BalancedAccuracy), Time: at,
	}
	if j.Kind == StepLine {
		l.LR, l.ImagesPerSecond, l.Images = orNaN(j.LR), orNaN(j.ImagesPerSecond), j.Images
		return nil
	}
	l.Metrics = j.Metrics
	if j.Top5Accuracy != nil {
		l.Top5Accuracy = Some(*j.Top5Accuracy)
	}
	return nil
}

// Values are what trackers get of a line, by the names train/loss, train/accuracy,
// train/balanced_accuracy, train/lr, and test/… without lr but with top5_accuracy where it
// is known and the Metrics of an epoch line. What is not finite is left out.
func (l Line) Values() map[string]float64 {
	values := map[string]float64{}
	add := func(name string, v float64) {
		if finite(v) != nil {
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
	if v := l.top5(); v != nil {
		add("top5_accuracy", *v)
	}
	for name, v := range l.Metrics.Map() {
		add(name, v)
	}
	return values
}

// NonFinite is how many numbers of a line are left out of Values because they are not
// finite.
func (l Line) NonFinite() int {
	known := 3
	switch {
	case l.Kind == StepLine:
		known++ // the rate
	case l.top5() != nil: // NaN where it is not known
		known += 1 + len(l.Metrics.Names())
	default:
		known += len(l.Metrics.Names())
	}
	return known - len(l.Values())
}

// top5 is Top5Accuracy if it is known and finite, else nil.
func (l Line) top5() *float64 {
	if !l.Top5Accuracy.Known {
		return nil
	}
	return finite(l.Top5Accuracy.Value)
}

// header names the columns that every metrics.csv has. Behind them are the columns of what
// only some lines have, see Line.extra, in the order in which their names first occur.
var header = []string{"kind", "epoch", "step", "split", "loss", "accuracy", "balanced_accuracy", "time", "lr", "images_per_second", "top5_accuracy"}

// extra names the columns behind those of header in which a line has a value.
func (l Line) extra() []string {
	if l.Kind != StepLine {
		return l.Metrics.Names()
	}
	if l.Images > 0 {
		return []string{"images"}
	}
	return nil
}

// row is a Line in metrics.csv, with the columns behind those of header.
func (l Line) row(columns []string) []string {
	r := []string{
		l.Kind, strconv.Itoa(l.Epoch), strconv.Itoa(l.Step), l.Split, cell(l.Loss), cell(l.Accuracy), cell(l.BalancedAccuracy),
		l.Time.Format(timeLayout), "", "", "",
	}
	if l.Kind == StepLine {
		r[8], r[9] = cell(l.LR), cell(l.ImagesPerSecond)
	} else if v := l.top5(); v != nil {
		r[10] = cell(*v)
	}
	for _, name := range columns {
		r = append(r, l.extraCell(name))
	}
	return r
}

// extraCell is a line's value in a column behind those of header.
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
	if finite(v) == nil {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// finite is v, nil if it is no number that JSON can hold.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}
