package transforms

import (
	"os"
	"path/filepath"
	"testing"
)

// petImages are up to n files of the Oxford-IIIT Pet set in $EURYALE_DATA.
func petImages(b *testing.B, n int) []string {
	files, _ := filepath.Glob(filepath.Join(os.Getenv("EURYALE_DATA"), "images", "*.jpg"))
	if os.Getenv("EURYALE_DATA") == "" || len(files) == 0 {
		b.Skip("EURYALE_DATA names no folder with images/*.jpg")
	}
	return files[:min(n, len(files))]
}

func BenchmarkDecode(b *testing.B) {
	files := petImages(b, 256)
	for i := 0; b.Loop(); i++ {
		if _, err := DecodeFile(files[i%len(files)]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}

func BenchmarkTrain(b *testing.B) {
	benchmarkPipeline(b, Train(224, DefaultAugment(), TaskNormalize()))
}

func BenchmarkTest(b *testing.B) { benchmarkPipeline(b, Test(256, 224, TaskNormalize())) }

// benchmarkPipeline decodes and transforms, on one core.
func benchmarkPipeline(b *testing.B, p Pipeline) {
	files := petImages(b, 256)
	dst, r := make([]float32, p.Len()), seeded(1)
	for i := 0; b.Loop(); i++ {
		img, err := DecodeFile(files[i%len(files)])
		if err == nil {
			err = p.Tensor(dst, img, r)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}
