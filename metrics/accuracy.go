package metrics

import (
	"fmt"
	"math"
)

// Accuracy is the share of images that are classified rightly. The zero value is ready.
type Accuracy struct {
	right, seen int
}

// Add counts a batch: labels and predicted, both [N]. Negative values and lengths that
// differ are errors.
func (a *Accuracy) Add(labels, predicted []int64) error {
	if err := check("Accuracy", labels, predicted, -1); err != nil {
		return err
	}
	for i, label := range labels {
		if label == predicted[i] {
			a.right++
		}
	}
	a.seen += len(labels)
	return nil
}

// Value is the accuracy in [0, 1], NaN before the first image.
func (a *Accuracy) Value() float64 { return ratio(a.right, a.seen) }

// Merge adds the counts of other.
func (a *Accuracy) Merge(other *Accuracy) {
	a.right += other.right
	a.seen += other.seen
}

// Reset forgets everything.
func (a *Accuracy) Reset() { *a = Accuracy{} }

// BalancedAccuracy is the mean recall over the classes that occur among the labels:
// each class counts alike, however many images it has.
type BalancedAccuracy struct {
	right, seen []int
}

// NewBalancedAccuracy makes a BalancedAccuracy of so many classes.
func NewBalancedAccuracy(classes int) *BalancedAccuracy {
	classes = max(classes, 0)
	return &BalancedAccuracy{right: make([]int, classes), seen: make([]int, classes)}
}

// Add counts a batch: labels and predicted, both [N], in [0, classes).
func (a *BalancedAccuracy) Add(labels, predicted []int64) error {
	if err := check("BalancedAccuracy", labels, predicted, len(a.seen)); err != nil {
		return err
	}
	for i, label := range labels {
		a.seen[label]++
		if label == predicted[i] {
			a.right[label]++
		}
	}
	return nil
}

// Value is the balanced accuracy in [0, 1], NaN before the first image.
func (a *BalancedAccuracy) Value() float64 { return meanRecall(a.right, a.seen) }

// Merge adds the counts of other. Another number of classes is an error.
func (a *BalancedAccuracy) Merge(other *BalancedAccuracy) error {
	if len(a.seen) != len(other.seen) {
		return fmt.Errorf("metrics: BalancedAccuracy: %w: %d and %d classes", ErrClasses, len(a.seen), len(other.seen))
	}
	for i := range a.seen {
		a.right[i] += other.right[i]
		a.seen[i] += other.seen[i]
	}
	return nil
}

// Reset forgets everything but the number of classes.
func (a *BalancedAccuracy) Reset() {
	clear(a.right)
	clear(a.seen)
}

// TopK is the share of images whose label is among the k classes of the greatest logits.
type TopK struct {
	k           int
	right, seen int
}

// NewTopK makes a TopK; k below 1 means 1.
func NewTopK(k int) *TopK { return &TopK{k: max(k, 1)} }

// Add counts a batch: labels [N] and logits [N, classes], row after row. Of equal logits
// the class of the lower index comes first. A label whose logit is NaN is not among the k.
func (t *TopK) Add(labels []int64, logits []float64, classes int) error {
	if classes < 1 || len(logits)%classes != 0 || len(logits)/classes != len(labels) {
		return fmt.Errorf("metrics: TopK: %w: %d labels, %d logits of %d classes", ErrLength, len(labels), len(logits), classes)
	}
	if err := inRange("TopK", "label", labels, classes); err != nil {
		return err
	}
	for i, label := range labels {
		if row := logits[i*classes : (i+1)*classes]; rank(row, int(label)) < t.k {
			t.right++
		}
	}
	t.seen += len(labels)
	return nil
}

// rank is the number of classes that come before class.
func rank(logits []float64, class int) int {
	v, before := logits[class], 0
	if math.IsNaN(v) {
		return math.MaxInt
	}
	for j, w := range logits {
		if w > v || w == v && j < class {
			before++
		}
	}
	return before
}

// K is the k.
func (t *TopK) K() int { return t.k }

// Value is the share in [0, 1], NaN before the first image.
func (t *TopK) Value() float64 { return ratio(t.right, t.seen) }

// Merge adds the counts of other. Another k is an error.
func (t *TopK) Merge(other *TopK) error {
	if t.k != other.k {
		return fmt.Errorf("metrics: TopK: %w: k is %d and %d", ErrClasses, t.k, other.k)
	}
	t.right += other.right
	t.seen += other.seen
	return nil
}

// Reset forgets everything but k.
func (t *TopK) Reset() { t.right, t.seen = 0, 0 }

// ratio is right/seen, NaN if nothing was seen.
func ratio(right, seen int) float64 {
	if seen == 0 {
		return math.NaN()
	}
	return float64(right) / float64(seen)
}

// meanRecall is the mean of right/seen over the classes that occur.
func meanRecall(right, seen []int) float64 {
	var m Mean
	for i, n := range seen {
		if n > 0 {
			m.Add(ratio(right[i], n), 1)
		}
	}
	return m.Value()
}

// recalls is right/seen of each class, NaN where a class does not occur.
func recalls(right, seen []int) []float64 {
	r := make([]float64, len(seen))
	for i, n := range seen {
		r[i] = ratio(right[i], n)
	}
	return r
}
