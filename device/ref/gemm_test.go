package ref

import (
	"fmt"
	"math"
	"testing"
)

// hashed is a slice of values in [-1, 1) that look random.
func hashed[T Float](seed uint32, n int) []T {
	x := make([]T, n)
	for i := range x {
		seed = seed*1664525 + 1013904223
		x[i] = T(int32(seed)>>8) / (1 << 23)
	}
	return x
}

func TestGemm(t *testing.T) {
	for _, s := range [][3]int{
		{1, 1, 1}, {4, 4, 4}, {3, 5, 7}, {5, 3, 1}, {1, 9, 300}, {mc + 1, nr + 1, 3},
		{2, nc + 3, 5}, {6, 7, kc + 1}, {mc + 5, nc + 5, 2*kc + 3}, {2, 3, 0},
	} {
		m, n, k := s[0], s[1], s[2]
		a, b := hashed[float64](1, m*k), hashed[float64](2, k*n)
		for _, transA := range []bool{false, true} {
			for _, transB := range []bool{false, true} {
				for _, accumulate := range []bool{false, true} {
					va, vb := RowMajor(a, k), RowMajor(b, n)
					if transA {
						va = RowMajor(a, m).Transposed()
					}
					if transB {
						vb = RowMajor(b, k).Transposed()
					}
					ldc := n + 2
					c := hashed[float64](3, m*ldc)
					want := naiveProduct(m, n, k, va, vb, c, ldc, accumulate)
					Gemm(m, n, k, va, vb, c, ldc, accumulate, make([]float64, GemmScratch))
					name := fmt.Sprintf("%v transposed %v %v accumulate %v", s, transA, transB, accumulate)
					closeTo(t, name, c, want, 1e-12)
				}
			}
		}
	}
}

func naiveProduct(m, n, k int, a, b Matrix[float64], c []float64, ldc int, accumulate bool) []float64 {
	want := append([]float64(nil), c...)
	for i := range m {
		for j := range n {
			var sum float64
			if accumulate {
				sum = want[i*ldc+j]
			}
			for p := range k {
				sum += a.Data[i*a.Row+p*a.Col] * b.Data[p*b.Row+j*b.Col]
			}
			want[i*ldc+j] = sum
		}
	}
	return want
}

func closeTo[T Float](t *testing.T, name string, got, want []T, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", name, len(got), len(want))
	}
	for i := range want {
		if d := math.Abs(float64(got[i] - want[i])); !(d <= tolerance*(1+math.Abs(float64(want[i])))) {
			t.Fatalf("%s: element %d is %v, want %v", name, i, got[i], want[i])
		}
	}
}

func benchmarkGemm[T Float](b *testing.B, m, n, k int) {
	x, y, c := hashed[T](1, m*k), hashed[T](2, k*n), make([]T, m*n)
	scratch := make([]T, GemmScratch)
	b.ResetTimer()
	for b.Loop() {
		Gemm(m, n, k, RowMajor(x, k), RowMajor(y, n), c, n, false, scratch)
	}
	b.ReportMetric(2*float64(m)*float64(n)*float64(k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

func BenchmarkGemm(b *testing.B) {
	for _, s := range [][3]int{{64, 784, 576}, {256, 196, 64}, {8, 4096, 1024}} {
		b.Run(fmt.Sprintf("float32/%v", s), func(b *testing.B) { benchmarkGemm[float32](b, s[0], s[1], s[2]) })
		b.Run(fmt.Sprintf("float64/%v", s), func(b *testing.B) { benchmarkGemm[float64](b, s[0], s[1], s[2]) })
	}
}
