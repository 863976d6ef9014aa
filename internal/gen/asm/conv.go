package main

// conv is a tile of a convolution: adjacent pixels × blocks of 16 output channels, summed
// over taps and over blocks of 16 input channels. Its argument is the struct tile in
// device/cpu/tiles_amd64.go.
func (w *writer) conv(blocks int) {
	p, v := w.pixels, blocks*w.perBlock()
	sums, weight, value := p*v, p*v, p*v+v
	values := 2
	if w.vector == 64 && blocks == 1 {
		values = 4
	}
	w.begin(sizedName("convTile", blocks), "a tile of a convolution, see tile")
	w.zero(sums)
	w.op("MOVQ tile_taps(AX), SI // taps: {source, plane}")
	w.op("MOVQ tile_weights(AX), DX // weights of each tap")
	w.op("MOVQ tile_count(AX), BX // taps left")
	w.op("MOVQ tile_wStep(AX), R11 // from the weights of one block of outputs to the next")
	w.op("TESTQ BX, BX")
	w.op("JZ done")
	w.label("tap")
	w.op("MOVQ tap_src(SI), R8")
	w.op("MOVQ tap_plane(SI), R9")
	w.op("MOVQ (DX), R10")
	w.op("ADDQ $tap__size, SI")
	w.op("ADDQ $8, DX")
	w.op("MOVQ tile_blocks(AX), CX // blocks of inputs left")
	if blocks == 2 {
		w.op("LEAQ (R10)(R11*1), DI")
	}
	w.label("block")
	for lane := range 16 {
		w.weights(lane, weight, blocks)
		for i := range p {
			r := value + i%values
			w.broadcast(64*i+4*lane, "R8", r)
			for j := range v {
				w.fma(weight+j, r, i*v+j)
			}
		}
	}
	w.op("ADDQ R9, R8")
	w.op("ADDQ $1024, R10")
	if blocks == 2 {
		w.op("ADDQ $1024, DI")
	}
	w.op("DECQ CX")
	w.op("JNZ block")
	w.op("DECQ BX")
	w.op("JNZ tap")
	w.label("done")
	w.epilogue(p, blocks, "tile")
}

// strip is a tile of a convolution of images of few channels: like conv, but a tap is a run of
// floats, and the windows of adjacent pixels are a step apart. Its argument is the struct
// strip.
func (w *writer) strip(blocks int) {
	p, v := w.pixels, blocks*w.perBlock()
	weight, value := p*v, p*v+v
	bases := []string{"R8", "R9", "R11", "R12", "R15"}[:(p+2)/3]
	w.begin(sizedName("stripTile", blocks), "a tile of a convolution of images, see strip")
	w.zero(p * v)
	w.op("MOVQ strip_step(AX), R13 // step")
	w.op("MOVQ strip_places(AX), DX // places of the runs")
	w.op("MOVQ strip_taps(AX), BX // runs left")
	w.op("MOVQ strip_weights(AX), R10 // weights of the first block")
	w.op("MOVQ strip_panel(AX), DI")
	w.op("ADDQ R10, DI // of the second")
	w.op("LEAQ (R13)(R13*2), SI")
	w.label("tap")
	w.op("MOVQ (DX), R8")
	w.op("ADDQ strip_src(AX), R8")
	for i := 1; i < len(bases); i++ {
		w.op("LEAQ (%s)(SI*1), %s", bases[i-1], bases[i])
	}
	w.op("MOVQ strip_run(AX), CX // floats left of the run")
	w.label("float")
	w.weights(0, weight, blocks)
	for i := range p {
		r := value + i%2
		index := []string{"", "(R13*1)", "(R13*2)"}[i%3]
		w.op("VBROADCASTSS (%s)%s, %s", bases[i/3], index, w.reg(r))
		for j := range v {
			w.fma(weight+j, r, i*v+j)
		}
	}
	for _, b := range bases {
		w.op("ADDQ $4, %s", b)
	}
	w.op("ADDQ $64, R10")
	if blocks == 2 {
		w.op("ADDQ $64, DI")
	}
	w.op("DECQ CX")
	w.op("JNZ float")
	w.op("ADDQ $8, DX")
	w.op("DECQ BX")
	w.op("JNZ tap")
	w.epilogue(p, blocks, "strip")
}

// weights loads the weights of an input channel.
func (w *writer) weights(lane, first, blocks int) {
	for b := range blocks {
		for j := range w.perBlock() {
			w.load(64*lane+w.vector*j, []string{"R10", "DI"}[b], first+b*w.perBlock()+j)
		}
	}
}

// epilogue adds the destination (with accumulate) and the bias, applies ReLU, and stores. of
// is the name of the struct, tile or strip.
func (w *writer) epilogue(p, blocks int, of string) {
	n := w.perBlock()
	v := blocks * n
	each := func(do func(r, disp int, base string)) {
		for i := range p {
			for b := range blocks {
				for j := range n {
					do(i*v+b*n+j, 64*i+w.vector*j, []string{"R12", "R13"}[b])
				}
			}
		}
	}
	w.op("MOVQ %s_dst(AX), R12 // destination of the first block", of)
	w.op("MOVQ %s_dst2(AX), R13 // of the second", of)
	w.op("CMPQ %s_accumulate(AX), $0 // accumulate", of)
	w.op("JEQ bias")
	each(func(r, disp int, base string) { w.op("VADDPS %d(%s), %s, %s", disp, base, w.reg(r), w.reg(r)) })
	w.label("bias")
	w.op("MOVQ %s_bias(AX), CX // bias, or nil", of)
	w.op("TESTQ CX, CX")
	w.op("JZ relu")
	first := p * v
	for j := range v {
		w.load(w.vector*j, "CX", first+j)
	}
	for i := range p {
		for j := range v {
			w.op("VADDPS %s, %s, %s", w.reg(first+j), w.reg(i*v+j), w.reg(i*v+j))
		}
	}
	w.label("relu")
	w.op("CMPQ %s_relu(AX), $0", of)
	w.op("JEQ store")
	zero := w.reg(first)
	if w.vector == 64 {
		w.op("VPXORQ %s, %s, %s", zero, zero, zero)
	} else {
		w.op("VXORPS %s, %s, %s", zero, zero, zero)
	}
	for i := range p * v {
		w.op("VMAXPS %s, %s, %s // NaN stays NaN", w.reg(i), zero, w.reg(i))
	}
	w.label("store")
	each(w.store)
	w.end()
}

// grad is a tile of a convolution's weight gradient: 16 input channels × blocks of 16
// output channels, summed over pixels, some input channels at a time. Its argument is
// the struct gradient.
func (w *writer) grad(blocks int) {
	v := blocks * w.perBlock()
	w.begin(sizedName("gradTile", blocks), "a tile of a weight gradient, see gradient")
	for from := 0; from < 16; from += w.rows {
		if from > 0 {
			w.op("CMPQ gradient_rows(AX), $%d // input channels used", from)
			w.op("JLE done")
		}
		w.gradRows(from, min(w.rows, 16-from), blocks, v)
	}
	w.label("done")
	w.end()
}

func (w *writer) gradRows(from, rows, blocks, v int) {
	n := w.perBlock()
	dy, value := rows*v, rows*v+v
	values := min(4, map[int]int{64: 32, 32: 16}[w.vector]-value)
	name := func(s string) string { return s + itoa(from) }
	each := func(do func(r, disp int, base string)) {
		for i := range rows {
			for b := range blocks {
				for j := range n {
					do(i*v+b*n+j, 64*(from+i)+w.vector*j, []string{"R12", "R13"}[b])
				}
			}
		}
	}
	w.op("MOVQ gradient_dw(AX), R12 // result of the first block")
	w.op("MOVQ gradient_dw2(AX), R13 // of the second")
	w.op("CMPQ gradient_accumulate(AX), $0 // accumulate")
	w.op("JNE %s", name("load"))
	w.zero(rows * v)
	w.op("JMP %s", name("start"))
	w.label(name("load"))
	each(func(r, disp int, base string) { w.load(disp, base, r) })
	w.label(name("start"))
	w.op("MOVQ gradient_x(AX), BX // inputs")
	w.op("MOVQ gradient_places(AX), SI // places of the pixels")
	w.op("MOVQ gradient_dy(AX), R10 // gradients of the first block")
	w.op("MOVQ gradient_dy2(AX), DI // of the second")
	w.op("MOVQ gradient_pixels(AX), CX // pixels")
	w.label(name("pixel"))
	w.op("MOVLQSX (SI), R8")
	w.op("ADDQ BX, R8")
	for b := range blocks {
		for j := range n {
			w.load(w.vector*j, []string{"R10", "DI"}[b], dy+b*n+j)
		}
	}
	for i := range rows {
		r := value + i%values
		w.broadcast(4*(from+i), "R8", r)
		for j := range v {
			w.fma(dy+j, r, i*v+j)
		}
	}
	w.op("ADDQ $4, SI")
	w.op("ADDQ $64, R10")
	if blocks == 2 {
		w.op("ADDQ $64, DI")
	}
	w.op("DECQ CX")
	w.op("JNZ %s", name("pixel"))
	each(w.store)
}

// gather copies the pixels that a tile reads to adjacent memory, for several blocks of
// channels. Its argument is the struct gather.
func (w *writer) gather() {
	w.begin("gatherPixels", "copies the pixels of a tile to adjacent memory, see gather")
	w.op("MOVQ gather_src(AX), DI // first plane")
	w.op("MOVQ gather_places(AX), SI // places of the pixels")
	w.op("MOVQ gather_plane(AX), R9 // bytes to the next plane")
	w.op("MOVQ gather_dst(AX), R10 // copy")
	w.op("MOVQ gather_planes(AX), CX // planes")
	w.label("plane")
	for i := range w.pixels {
		w.op("MOVLQSX %d(SI), R8", 4*i)
		for j := range w.perBlock() {
			w.op("VMOVUPS %d(DI)(R8*1), %s", w.vector*j, w.reg((i*w.perBlock()+j)%8))
			w.store((i*w.perBlock()+j)%8, 64*i+w.vector*j, "R10")
		}
	}
	w.op("ADDQ R9, DI")
	w.op("ADDQ $%d, R10", 64*w.pixels)
	w.op("DECQ CX")
	w.op("JNZ plane")
	w.end()
}
