package schedule_test

import (
	"fmt"

	"github.com/euryale-ml/euryale/schedule"
)

func Example() {
	s, err := schedule.New("cosine", schedule.Options{
		StepsPerEpoch: 2, Epochs: 4, WarmupEpochs: 1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	base := schedule.LinearScaled(0.1, 64, 256)
	for step := 1; step <= 8; step++ {
		fmt.Printf("%.4f ", s.LR(base, step))
	}
	fmt.Println()
	// Output: 0.0125 0.0250 0.0250 0.0233 0.0188 0.0125 0.0063 0.0017
}
