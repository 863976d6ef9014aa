package metrics_test

import (
	"fmt"

	"github.com/euryale-ml/euryale/metrics"
)

func Example() {
	m := metrics.NewConfusionMatrix(2) // cats and dogs
	var loss metrics.Mean
	for _, batch := range []struct {
		labels, predicted []int64
		loss              float64
	}{
		{[]int64{0, 0, 0, 1}, []int64{0, 0, 0, 0}, 0.5},
		{[]int64{0, 1}, []int64{0, 1}, 0.2},
	} {
		if err := m.Add(batch.labels, batch.predicted); err != nil {
			fmt.Println(err)
			return
		}
		loss.Add(batch.loss, float64(len(batch.labels)))
	}
	fmt.Printf("loss %.2f, accuracy %.3f, balanced %.3f\n", loss.Value(), m.Accuracy(), m.BalancedAccuracy())
	fmt.Println(m.Counts())
	// Output:
	// loss 0.40, accuracy 0.833, balanced 0.750
	// [[4 0] [1 1]]
}
