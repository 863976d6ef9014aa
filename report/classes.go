package report

import (
	"cmp"
	"slices"

	"github.com/euryale-ml/euryale/run"
)

// matrix counts the predictions of an experiment, all its seeds together.
type matrix struct {
	classes []string
	counts  [][]int // counts[true][predicted]
	seen    []int   // of each true class
	seeds   int
}

// mostClasses is the number of classes up to which confusion matrices are drawn.
const mostClasses = 120

// matrixOf returns nil if no run has predictions.
func matrixOf(e *Experiment) *matrix {
	var m *matrix
	for _, r := range e.counted() {
		if r.Predictions == nil {
			continue
		}
		if m == nil {
			m = newMatrix(r)
		}
		if !m.add(r.Predictions) {
			continue
		}
		m.seeds++
	}
	return m
}

func newMatrix(r *Run) *matrix {
	n := len(r.Classes)
	for _, p := range r.Predictions {
		n = max(n, p.Label+1, p.Predicted+1)
	}
	m := &matrix{counts: make([][]int, n), seen: make([]int, n)}
	for i := range n {
		m.counts[i] = make([]int, n)
		m.classes = append(m.classes, r.class(i))
	}
	return m
}

// add counts predictions; false: they have classes beyond the matrix, and none is counted.
func (m *matrix) add(all []run.Prediction) bool {
	if slices.ContainsFunc(all, func(p run.Prediction) bool { return max(p.Label, p.Predicted) >= len(m.seen) }) {
		return false
	}
	for _, p := range all {
		m.counts[p.Label][p.Predicted]++
		m.seen[p.Label]++
	}
	return true
}

// recall is the share of a class's images that are right.
func (m *matrix) recall(class int) float64 {
	return float64(m.counts[class][class]) / float64(max(1, m.seen[class]))
}

// present lists the classes that occur as truth, and then those that occur only as
// predictions.
func (m *matrix) present() (truth, others []int) {
	for c := range m.seen {
		if m.seen[c] > 0 {
			truth = append(truth, c)
			continue
		}
		for t := range m.counts {
			if m.counts[t][c] > 0 {
				others = append(others, c)
				break
			}
		}
	}
	return truth, others
}

// confusion counts how often one class is predicted as another.
type confusion struct {
	truth, taken int
	count        int
	share        float64 // of the images of truth
}

// worst lists the most frequent confusions.
func (m *matrix) worst(most int) (list []confusion) {
	for t, row := range m.counts {
		for p, n := range row {
			if t != p && n > 0 {
				list = append(list, confusion{t, p, n, float64(n) / float64(m.seen[t])})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b confusion) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(b.share, a.share))
	})
	return list[:min(len(list), most)]
}

// classRow is a class's accuracy in each experiment.
type classRow struct {
	name    string
	images  int
	recalls []float64 // of the experiments of classTable; -1: unknown
	mean    float64   // over the experiments better than chance
}

// classTable is the accuracy of each class in each experiment on a test set, the easiest
// class first.
func (r *Report) classTable(set int) (list []*Experiment, rows []classRow) {
	var matrices []*matrix
	for _, e := range r.of(set) {
		if m := matrixOf(e); m != nil {
			list, matrices = append(list, e), append(matrices, m)
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	learned := slices.ContainsFunc(list, r.learned)
	first := matrices[0]
	truth, _ := first.present()
	for _, c := range truth {
		row := classRow{name: first.classes[c], images: first.seen[c] / max(1, first.seeds)}
		n := 0
		for i, m := range matrices {
			if c >= len(m.seen) || m.seen[c] == 0 {
				row.recalls = append(row.recalls, -1)
				continue
			}
			v := m.recall(c)
			row.recalls = append(row.recalls, v)
			if !learned || r.learned(list[i]) {
				row.mean, n = row.mean+v, n+1
			}
		}
		row.mean /= float64(max(1, n))
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b classRow) int { return cmp.Compare(b.mean, a.mean) })
	return list, rows
}

// hardImage is a test image with the results of the runs on it.
type hardImage struct {
	prediction run.Prediction // of the best experiment
	loss       float64        // mean over the runs
	right      int
}

// hardest lists the images with the greatest mean loss over the experiments better than
// chance, and counts the images that all of them, and none of them, classify correctly. Nil
// if the images differ between runs.
func (r *Report) hardest(set, most int) (list []hardImage, runs, all, none int) {
	var of []*Run
	for _, e := range r.of(set) {
		if !r.learned(e) {
			continue
		}
		for _, run := range e.counted() {
			if run.Predictions != nil && (len(of) == 0 || len(run.Predictions) == len(of[0].Predictions)) {
				of = append(of, run)
			}
		}
	}
	if len(of) < 2 || r.TestSets[set].Redrawn {
		return nil, 0, 0, 0
	}
	for i, p := range of[0].Predictions {
		h := hardImage{prediction: p}
		for _, run := range of {
			q := run.Predictions[i]
			if q.Index != p.Index || q.Label != p.Label {
				return nil, 0, 0, 0
			}
			h.loss += q.Loss / float64(len(of))
			if q.Predicted == q.Label {
				h.right++
			}
		}
		switch h.right {
		case len(of):
			all++
		case 0:
			none++
			list = append(list, h)
		}
	}
	slices.SortStableFunc(list, func(a, b hardImage) int { return cmp.Compare(b.loss, a.loss) })
	return list[:min(len(list), most)], len(of), all, none
}
