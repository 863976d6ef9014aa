package trainer

import "github.com/euryale-ml/euryale/dataset"

// Chance is the accuracy of guessing among the classes that occur in the test set. Before
// the first evaluation of a set that is not dataset.Listed these are not known, and all
// classes count.
func (t *Trainer) Chance() float64 {
	n := dataset.Occurring(t.sets.test)
	if _, listed := t.sets.test.(dataset.Listed); !listed && t.occurring > 0 {
		n = t.occurring
	}
	return 1 / float64(max(1, n))
}

// noteOccurring counts the classes that occurred in an evaluation of the test set.
func (t *Trainer) noteOccurring(counts [][]int) {
	t.occurring = 0
	for _, row := range counts {
		for _, n := range row {
			if n > 0 {
				t.occurring++
				break
			}
		}
	}
}
