package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
	"github.com/parallax-go/parallax/kernels/par"
)

// PackBrain packs the right operand [K, N] of a product in bf16: the weight is
// rounded to bf16, and so will be what it is multiplied with; sums are f32. Where
// the instruction level multiplies bf16, panels hold pairs of rows, [K/2, columns,
// 2], K filled up with zeros to the kernels' step, and the packed tensor is of
// shape [N, K/2, 2]. Elsewhere it is what [PackB] makes of the rounded weight, and
// the other operand is not rounded.
func PackBrain(pool *par.Pool, packed, w *tensor.Tensor) error {
	return packBrain("PackBrain", pool, packed, w, false)
}

// PackBrainT is [PackBrain] for an operand given transposed, [N, K].
func PackBrainT(pool *par.Pool, packed, w *tensor.Tensor) error {
	return packBrain("PackBrainT", pool, packed, w, true)
}

func packBrain(name string, pool *par.Pool, packed, w *tensor.Tensor, transposed bool) error {
	if w.Rank() != 2 || !isFloat(w.DType) {
		return fmt.Errorf("%s: the weight is %s, want f32, f16 or bf16 of rank 2", name, w)
	}
	b, k, n := oriented(w, transposed)
	b.packBrain(pool, packed, k, n)
	return nil
}

// PackBrainColumns returns [PackBrain] of the columns from … to of a weight alone.
func PackBrainColumns(from, to int) func(pool *par.Pool, packed, w *tensor.Tensor) error {
	return func(pool *par.Pool, packed, w *tensor.Tensor) error {
		b, k, err := columnsOf("PackBrainColumns", w, from, to)
		if err == nil {
			b.packBrain(pool, packed, k, to-from)
		}
		return err
	}
}

// packBrain lays out [k, n] of m, rounded, in panels.
func (m matrix) packBrain(pool *par.Pool, packed *tensor.Tensor, k, n int) {
	pairs := simd.Active.Pairs()
	if pairs == nil {
		packed.Reset(tensor.BFloat16, n, k)
		m.layBrain(pool, packed, packRounded, k, k, n)
		return
	}
	filled := filledUp(k, pairs)
	packed.Reset(tensor.BFloat16, n, filled/2, 2)
	m.layBrain(pool, packed, packPairs, filled, k, n)
}

// packExactly is packBrain for numbers of bf16, and for [pairedExact]: the packed
// tensor is of shape [n, k/Step, Step/2, 2].
func (m matrix) packExactly(pool *par.Pool, packed *tensor.Tensor, k, n int) {
	pairs := simd.Active.Pairs()
	filled := filledUp(k, pairs)
	packed.Reset(tensor.BFloat16, n, filled/pairs.Step, pairs.Step/2, 2)
	m.layBrain(pool, packed, packPairs, filled, k, n)
}

// layBrain lays out panels by layOut, with k filled up with zeros.
func (m matrix) layBrain(pool *par.Pool, packed *tensor.Tensor, layOut func(panel []tensor.Brain, width, p, i int, run []tensor.Brain, alongK bool), filled, k, n int) {
	columns, to := simd.Active.Columns, tensor.Data[tensor.Brain](packed)
	panels := panelsOf(n)
	pool.Run(panels, cut(pool, panels, costPack*float64(columns*k)), func(lo, hi int) {
		line, rounded := make([]float32, max(k, columns)), make([]tensor.Brain, max(k, columns))
		for j := lo * columns; j < min(hi*columns, n); j += columns {
			width := min(columns, n-j)
			panel := to[j*filled:][:width*filled]
			clear(panel[k/2*2*width:])
			m.eachRounded(line, rounded, j, width, k, func(p, i int, run []tensor.Brain, alongK bool) {
				layOut(panel, width, p, i, run, alongK)
			})
		}
	})
}

// eachRounded calls f with the elements of k rows of some columns from j on, rounded,
// in runs along the way in which they lie: from row p and column j + i on.
func (m matrix) eachRounded(line []float32, rounded []tensor.Brain, j, width, k int, f func(p, i int, run []tensor.Brain, alongK bool)) {
	at := m.offset + j*m.col
	round := func(x []float32) []tensor.Brain {
		floats{brain: rounded}.store(0, x)
		return rounded[:len(x)]
	}
	if m.col == 1 {
		for p := range k {
			f(p, 0, round(m.data.load(line, at+p*m.row, width)), false)
		}
		return
	}
	for i := range width {
		f(0, i, round(m.data.pick(line, at+i*m.col, m.row, k)), true)
	}
}

// packRounded puts a run into a panel [k][width].
func packRounded(panel []tensor.Brain, width, p, i int, run []tensor.Brain, alongK bool) {
	if !alongK {
		copy(panel[p*width+i:], run)
		return
	}
	for q, x := range run {
		panel[q*width+i] = x
	}
}

// packPairs puts a run into a panel [k/2][width][2].
func packPairs(panel []tensor.Brain, width, p, i int, run []tensor.Brain, alongK bool) {
	if !alongK {
		row := panel[p/2*2*width+p%2:]
		for i, x := range run {
			row[2*i] = x
		}
		return
	}
	for q, x := range run {
		panel[(q/2*width+i)*2+q%2] = x
	}
}
