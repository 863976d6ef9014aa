package metrics

import "fmt"

// ConfusionMatrix counts for each class how often it was taken for each: the row is the
// truth, the column the prediction.
type ConfusionMatrix struct {
	classes int
	counts  []int // [classes, classes], row after row
}

// NewConfusionMatrix makes a matrix of so many classes.
func NewConfusionMatrix(classes int) *ConfusionMatrix {
	classes = max(classes, 0)
	return &ConfusionMatrix{classes: classes, counts: make([]int, classes*classes)}
}

// Add counts a batch: labels and predicted, both [N], in [0, classes). Of a batch with an
// error nothing is counted.
func (m *ConfusionMatrix) Add(labels, predicted []int64) error {
	if err := check("ConfusionMatrix", labels, predicted, m.classes); err != nil {
		return err
	}
	for i, label := range labels {
		m.counts[int(label)*m.classes+int(predicted[i])]++
	}
	return nil
}

// Classes is the number of classes.
func (m *ConfusionMatrix) Classes() int { return m.classes }

// Counts is a copy of the matrix: Counts()[truth][prediction].
func (m *ConfusionMatrix) Counts() [][]int {
	rows := make([][]int, m.classes)
	flat := append([]int(nil), m.counts...)
	for i := range rows {
		rows[i] = flat[i*m.classes : (i+1)*m.classes : (i+1)*m.classes]
	}
	return rows
}

// Total is the number of images counted.
func (m *ConfusionMatrix) Total() int {
	n := 0
	for _, c := range m.counts {
		n += c
	}
	return n
}

// sums are the diagonal and the rows' sums.
func (m *ConfusionMatrix) sums() (right, seen []int) {
	right, seen = make([]int, m.classes), make([]int, m.classes)
	for i := range m.classes {
		right[i] = m.counts[i*m.classes+i]
		for _, c := range m.counts[i*m.classes : (i+1)*m.classes] {
			seen[i] += c
		}
	}
	return right, seen
}

// Accuracy is the share on the diagonal, NaN before the first image.
func (m *ConfusionMatrix) Accuracy() float64 {
	right := 0
	for i := range m.classes {
		right += m.counts[i*m.classes+i]
	}
	return ratio(right, m.Total())
}

// BalancedAccuracy is the mean recall over the classes that occur among the labels, NaN
// before the first image.
func (m *ConfusionMatrix) BalancedAccuracy() float64 { return meanRecall(m.sums()) }

// Recall is for each class the share of its images that were recognized, NaN for a class
// that did not occur.
func (m *ConfusionMatrix) Recall() []float64 { return recalls(m.sums()) }

// Value is the accuracy.
func (m *ConfusionMatrix) Value() float64 { return m.Accuracy() }

// Merge adds the counts of other. Another number of classes is an error.
func (m *ConfusionMatrix) Merge(other *ConfusionMatrix) error {
	if m.classes != other.classes {
		return fmt.Errorf("metrics: ConfusionMatrix: %w: %d and %d classes", ErrClasses, m.classes, other.classes)
	}
	for i, c := range other.counts {
		m.counts[i] += c
	}
	return nil
}

// Reset forgets everything but the number of classes.
func (m *ConfusionMatrix) Reset() { clear(m.counts) }
