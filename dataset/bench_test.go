package dataset

import (
	"os"
	"runtime"
	"testing"

	"github.com/euryale-ml/euryale/transforms"
)

// BenchmarkLoader makes training batches at 224 pixels from the Oxford-IIIT Pet
// set in $EURYALE_DATA, on all cores.
func BenchmarkLoader(b *testing.B) {
	root := os.Getenv("EURYALE_DATA")
	if root == "" || checkRoot(root) != nil {
		b.Skip("EURYALE_DATA is not the Oxford-IIIT Pet set")
	}
	train, _, err := OxfordIIITPet{Root: root}.Splits()
	if err != nil {
		b.Fatal(err)
	}
	p := transforms.Train(224, transforms.DefaultAugment(), transforms.TaskNormalize())
	for name, cache := range map[string]int64{"decoding": 0, "cached": 1 << 30} {
		b.Run(name, func(b *testing.B) {
			l := mustLoad(b, train, LoaderConfig{Batch: 32, Shuffle: true, Train: true, Transform: p, CacheBytes: cache})
			if cache > 0 { // fill it
				for range l.Batches(background, 1) {
				}
			}
			images, epoch := 0, 1
			for b.Loop() {
				epoch++
				for batch := range l.Batches(background, epoch) {
					if images += batch.N; images%320 == 0 {
						break
					}
				}
			}
			rate := float64(images) / b.Elapsed().Seconds()
			b.ReportMetric(rate, "images/s")
			b.ReportMetric(rate/float64(runtime.GOMAXPROCS(0)), "images/s/core")
		})
	}
}
