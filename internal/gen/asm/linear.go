package main

import (
	"fmt"
	"strconv"
)

func itoa(i int) string { return strconv.Itoa(i) }

func sizedName(name string, blocks int) string { return name + itoa(blocks) }

// dot is a tile of scalar products of rows of w and rows of x, see dots.
func (w *writer) dot() {
	rows, cols := w.dots[0], w.dots[1]
	x := rows * cols
	w.begin("dotTile", "a tile of scalar products, see dots")
	w.zero(rows * cols)
	w.op("MOVQ dots_w(AX), SI // first row of w")
	w.op("MOVQ dots_wRow(AX), R8 // bytes to the next")
	w.op("MOVQ dots_x(AX), DI // first row of x")
	w.op("MOVQ dots_xRow(AX), R9")
	w.op("MOVQ dots_vectors(AX), CX // vectors")
	w.op("LEAQ (R8)(R8*2), R10")
	w.op("LEAQ (R9)(R9*2), R11")
	w.op("LEAQ (R9)(R9*4), R12")
	place := []string{"(DI)", "(DI)(R9*1)", "(DI)(R9*2)", "(DI)(R11*1)", "(DI)(R9*4)", "(DI)(R12*1)"}
	row := []string{"(SI)", "(SI)(R8*1)", "(SI)(R8*2)", "(SI)(R10*1)"}
	w.label("loop")
	for j := range cols {
		w.op("VMOVUPS %s, %s", place[j], w.reg(x+j))
	}
	spare := map[int]int{64: 32, 32: 16}[w.vector] - x - cols
	for i := range rows {
		r := x + cols + i%min(spare, 2)
		w.op("VMOVUPS %s, %s", row[i], w.reg(r))
		for j := range cols {
			w.fma(x+j, r, i*cols+j)
		}
	}
	w.op("ADDQ $%d, SI", w.vector)
	w.op("ADDQ $%d, DI", w.vector)
	w.op("DECQ CX")
	w.op("JNZ loop")
	for i := range rows * cols {
		w.horizontal(i, x)
		w.op("VMOVSS X%d, dots_sums+%d(AX)", i, 4*i)
	}
	w.end()
}

// horizontal adds the lanes of a register into its lowest.
func (w *writer) horizontal(i, spare int) {
	if w.vector == 64 {
		w.op("VEXTRACTF64X4 $1, Z%d, Y%d", i, spare)
		w.op("VADDPS Y%d, Y%d, Y%d", spare, i, i)
		w.op("VEXTRACTF32X4 $1, Y%d, X%d", i, spare)
	} else {
		w.op("VEXTRACTF128 $1, Y%d, X%d", i, spare)
	}
	w.op("VADDPS X%d, X%d, X%d", spare, i, i)
	w.op("VPERMILPS $0x4E, X%d, X%d", i, spare)
	w.op("VADDPS X%d, X%d, X%d", spare, i, i)
	w.op("VPERMILPS $0xB1, X%d, X%d", i, spare)
	w.op("VADDPS X%d, X%d, X%d", spare, i, i)
}

// update is a tile of a linear layer's weight gradient, rows × vectors, summed over
// the batch; it is stored, or used at once to update weights and velocities in place.
// Its argument is the struct outer.
func (w *writer) update(rows, vectors int) {
	x, value := rows*vectors, rows*vectors+vectors
	w.begin(fmt.Sprintf("outerTile%dx%d", rows, vectors*w.vector/64), "a tile of a sum of outer products, see outer")
	w.zero(rows * vectors)
	w.op("MOVQ outer_dy(AX), SI // gradients of the outputs")
	w.op("MOVQ outer_dyRow(AX), R8 // bytes to the next image")
	w.op("MOVQ outer_x(AX), DI // inputs")
	w.op("MOVQ outer_xRow(AX), R9")
	w.op("MOVQ outer_images(AX), CX // images")
	w.label("image")
	for j := range vectors {
		w.load(w.vector*j, "DI", x+j)
	}
	for i := range rows {
		r := value + i%2
		if value+1 >= 32*w.vector/64 {
			r = value
		}
		w.broadcast(4*i, "SI", r)
		for j := range vectors {
			w.fma(x+j, r, i*vectors+j)
		}
	}
	w.op("ADDQ R8, SI")
	w.op("ADDQ R9, DI")
	w.op("DECQ CX")
	w.op("JNZ image")
	w.op("MOVQ outer_w(AX), R10 // weights, or where the gradient goes")
	w.op("MOVQ outer_v(AX), R11 // velocities, or nil")
	w.op("MOVQ outer_row(AX), R12 // bytes to the next row")
	w.op("TESTQ R11, R11")
	w.op("JNZ step")
	for i := range rows {
		for j := range vectors {
			w.store(i*vectors+j, w.vector*j, "R10")
		}
		if i < rows-1 {
			w.op("ADDQ R12, R10")
		}
	}
	w.end()
	w.label("step")
	w.sgd(rows, vectors)
	w.end()
}

// sgd updates by the gradient in the sums. The input registers are free by now.
func (w *writer) sgd(rows, vectors int) {
	free := rows * vectors
	weight, a := free, free+1
	constant := func(field string, r int) { w.op("VBROADCASTSS outer_%s(AX), %s", field, w.reg(r)) }
	w.op("MOVQ outer_nesterov(AX), BX // Nesterov")
	for i := range rows {
		for j := range vectors {
			g := i*vectors + j
			skip := fmt.Sprintf("plain%d_%d", i, j)
			w.load(w.vector*j, "R10", weight)
			constant("decay", a)
			w.op("VMULPS %s, %s, %s", w.reg(weight), w.reg(a), w.reg(a))
			w.op("VADDPS %s, %s, %s // g + decay·w", w.reg(a), w.reg(g), w.reg(g))
			constant("momentum", a)
			w.op("VMULPS %d(R11), %s, %s", w.vector*j, w.reg(a), w.reg(a))
			w.op("VADDPS %s, %s, %s // v'", w.reg(g), w.reg(a), w.reg(a))
			w.store(a, w.vector*j, "R11")
			w.op("TESTQ BX, BX")
			w.op("JZ %s", skip)
			w.nesterov(g, a)
			w.label(skip)
			w.rate(a, weight)
			w.store(weight, w.vector*j, "R10")
		}
		if i < rows-1 {
			w.op("ADDQ R12, R10")
			w.op("ADDQ R12, R11")
		}
	}
}

// nesterov makes a = g + momentum·a.
func (w *writer) nesterov(g, a int) {
	t := a + 1
	w.op("VBROADCASTSS outer_momentum(AX), %s", w.reg(t))
	w.op("VMULPS %s, %s, %s", w.reg(a), w.reg(t), w.reg(a))
	w.op("VADDPS %s, %s, %s", w.reg(g), w.reg(a), w.reg(a))
}

// rate makes weight = weight - lr·a.
func (w *writer) rate(a, weight int) {
	t := a + 1
	w.op("VBROADCASTSS outer_rate(AX), %s", w.reg(t))
	w.op("VMULPS %s, %s, %s", w.reg(a), w.reg(t), w.reg(a))
	w.op("VSUBPS %s, %s, %s", w.reg(a), w.reg(weight), w.reg(weight))
}

// product is a tile of a matrix product, as many rows as a convolution's tile has
// pixels: c[p] += Σ a[d][p]·b[d], see product.
func (w *writer) product() {
	p, v := w.pixels, w.blocks*w.perBlock()
	b, value := p*v, p*v+v
	w.begin("productTile", "a tile of a matrix product, see product")
	w.op("MOVQ product_c(AX), R12 // c")
	w.op("MOVQ product_cRow(AX), R13 // bytes to the next row of c")
	w.zero(p * v)
	w.op("MOVQ product_a(AX), SI // a")
	w.op("MOVQ product_aRow(AX), R8 // bytes to the next row of a")
	w.op("MOVQ product_b(AX), DI // b")
	w.op("MOVQ product_bRow(AX), R9")
	w.op("MOVQ product_depth(AX), CX // depth")
	w.label("depth")
	for j := range v {
		w.load(w.vector*j, "DI", b+j)
	}
	for i := range p {
		r := value + i%2
		w.broadcast(4*i, "SI", r)
		for j := range v {
			w.fma(b+j, r, i*v+j)
		}
	}
	w.op("ADDQ R8, SI")
	w.op("ADDQ R9, DI")
	w.op("DECQ CX")
	w.op("JNZ depth")
	w.op("CMPQ product_accumulate(AX), $0 // accumulate")
	w.op("JEQ over")
	for i := range p {
		for j := range v {
			w.op("VADDPS %d(R12), %s, %s", w.vector*j, w.reg(i*v+j), w.reg(i*v+j))
			w.store(i*v+j, w.vector*j, "R12")
		}
		w.op("ADDQ R13, R12")
	}
	w.end()
	w.label("over")
	for i := range p {
		for j := range v {
			w.store(i*v+j, w.vector*j, "R12")
		}
		w.op("ADDQ R13, R12")
	}
	w.end()
}
