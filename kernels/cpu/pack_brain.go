package cpu

import (
	"sync"

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
	w, err := asFloats(name, w)
	if err != nil {
		return err
	}
	b, k, n := oriented(w, transposed)
	b.packBrain(pool, packed, k, n)
	return nil
}

// PackBrainColumns returns [PackBrain] of the columns from … to of a weight alone.
func PackBrainColumns(from, to int) func(pool *par.Pool, packed, w *tensor.Tensor) error {
	return func(pool *par.Pool, packed, w *tensor.Tensor) error {
		b, _, k, err := columnsOf("PackBrainColumns", w, from, to)
		if err == nil {
			b.packBrain(pool, packed, k, to-from)
		}
		return err
	}
}

// packBrain lays out [k, n] of m, rounded, in panels.
func (m matrix) packBrain(pool *par.Pool, packed *tensor.Tensor, k, n int) {
	if pairs := simd.Active.Pairs(); pairs != nil {
		packed.Reset(tensor.BFloat16, n, filledUp(k)/2, 2)
		m.packPairs(pool, tensor.Data[tensor.Brain](packed), pairs, k, n)
		return
	}
	packed.Reset(tensor.BFloat16, n, k)
	m.packNarrowed(pool, floatsOf(packed), k, n)
}

// packExactly is packBrain for numbers of bf16, and for [pairedExact]: the packed
// tensor is of shape [n, k/PairStep, PairStep/2, 2].
func (m matrix) packExactly(pool *par.Pool, packed *tensor.Tensor, k, n int) {
	pairs := simd.Active.Pairs()
	packed.Reset(tensor.BFloat16, n, filledUp(k)/simd.PairStep, simd.PairStep/2, 2)
	m.packPairs(pool, tensor.Data[tensor.Brain](packed), pairs, k, n)
}

// packPairs lays out [k, n] of m, rounded, in panels of pairs, k filled up with zeros.
func (m matrix) packPairs(pool *par.Pool, to []tensor.Brain, pairs *simd.Pairs, k, n int) {
	columns, filled := simd.Active.Columns, filledUp(k)
	eachPanel(pool, k, n, func(room panelRoom, j, width int) {
		panel := to[j*filled:][:width*filled]
		clear(panel[k/2*2*width:])
		switch {
		case k == 0:
		case width == columns && k%2 == 0 && m.inPlace():
			pairs.Pair(k/2, bits16(panel), &m.data.f32[m.offset+j:][:(k-1)*m.row+width][0], m.row)
		case width == columns:
			scratch := room()
			clear(scratch[k*columns:])
			m.columns(scratch, j, width, k, columns)
			pairs.Pair(ceilDiv(k, 2), bits16(panel), &scratch[0], columns)
		default: // the last: its pairs are taken out of those of a whole one
			scratch := room()
			clear(scratch)
			m.columns(scratch, j, width, k, columns)
			whole := make([]tensor.Brain, len(scratch))
			pairs.Pair(ceilDiv(k, 2), bits16(whole), &scratch[0], columns)
			for p := range ceilDiv(k, 2) {
				copy(panel[2*p*width:][:2*width], whole[2*p*columns:])
			}
		}
	})
}

// panelRoom is room for a panel as f32 and of an even number of rows, for as long as the
// panel is worked on.
type panelRoom func() []float32

// eachPanel calls f for the panels of a matrix of [k, n].
func eachPanel(pool *par.Pool, k, n int, f func(room panelRoom, j, width int)) {
	columns, panels := simd.Active.Columns, panelsOf(n)
	pool.Run(panels, cut(pool, panels, costPack*float64(columns*k)), func(lo, hi int) {
		room := sync.OnceValue(func() []float32 { return make([]float32, (k+k%2)*columns) })
		for j := lo * columns; j < min(hi*columns, n); j += columns {
			f(room, j, min(columns, n-j))
		}
	})
}
