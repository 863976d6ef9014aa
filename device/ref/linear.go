package ref

// Linear computes output features o0 to o1 of y [n, o] = x [n, k] · wᵀ, w [o, k].
// scratch holds GemmScratch elements.
func Linear[T Float](n, k, o int, x, w, y []T, o0, o1 int, scratch []T) {
	Gemm(n, o1-o0, k, RowMajor(x, k), RowMajor(w[o0*k:], k).Transposed(), y[o0:], o, false, scratch)
}

// LinearGradInput computes input features k0 to k1 of dx [n, k] = dy [n, o] · w [o, k].
// With accumulate it adds to dx. scratch holds GemmScratch elements.
func LinearGradInput[T Float](n, k, o int, dy, w, dx []T, accumulate bool, k0, k1 int, scratch []T) {
	Gemm(n, k1-k0, o, RowMajor(dy, o), Matrix[T]{w[k0:], k, 1}, dx[k0:], k, accumulate, scratch)
}

// LinearGradWeight computes output features o0 to o1 of dw [o, k] = dyᵀ · x, dy [n, o],
// x [n, k]. scratch holds GemmScratch elements.
func LinearGradWeight[T Float](n, k, o int, x, dy, dw []T, o0, o1 int, scratch []T) {
	Gemm(o1-o0, k, n, Matrix[T]{dy[o0:], 1, o}, RowMajor(x, k), dw[o0*k:], k, false, scratch)
}
