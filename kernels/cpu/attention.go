package cpu

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// Parallax computes the fused attention node in one pass over keys and values,
// in tiles, with memory for a few tiles per worker: softmax weights, probe none
// or learned, rows of f32, f16 or bf16 computed in f32 and rounded once.
// [ParallaxAccepts] says what it takes. Keys that positions hide are not read
// into any sum, whatever they hold; those that a mask hides must be finite.
//
// What a row gets depends neither on the other rows of its block or batch nor on
// how many workers share it: it is the merge, in order, of the states of chunks of
// a fixed number of keys, or one sum over all keys if they are few and there is a
// probe.
func Parallax(c *Ctx, o, presentK, presentV *tensor.Tensor, a *attr.Attention, in ...*tensor.Tensor) error {
	t := &c.attend
	if err := t.bind(c, a, wholePast, nil, in); err != nil {
		return fmt.Errorf("Parallax: %w", err)
	}
	t.run(o, presentK, presentV)
	return nil
}

// run computes the outputs of what is bound.
func (t *attend) run(o, presentK, presentV *tensor.Tensor) {
	t.o = t.bound.ResetOutputs(o, presentK, presentV)
	t.out = floatsOf(o)
	t.storeCache(presentK, t.bound.PastK, t.bound.K, t.bound.D)
	t.storeCache(presentV, t.bound.PastV, t.bound.V, t.bound.Dv)
	t.evaluate()
}

// evaluate computes the result of what is bound.
func (t *attend) evaluate() {
	c := t.ctx
	blocks := t.bound.B * t.bound.KVHeads * t.blocks
	chunks := ceilDiv(t.bound.S, chunkKeys)
	if t.split = !t.whole && blocks < 2*c.Pool.Threads() && chunks > 1; !t.split {
		t.items = 1
		c.Pool.Do(blocks, 1, t)
		return
	}
	t.items = chunks
	t.stored = c.take(blocks * chunks * t.stateSize())
	c.Pool.Do(blocks*chunks, 1, t)
	c.Pool.Do(blocks, 1, (*finishing)(t))
	c.put(t.stored)
}

// ParallaxAccepts returns why [Parallax] doesn't take a specification with
// operands of these types, in contract order; nil: it does.
func ParallaxAccepts(a *attr.Attention, dtypes ...tensor.DType) error {
	switch {
	case a.Probe == attr.ProbeExact:
		return fmt.Errorf("probe = exact needs a solve per query")
	case a.Weights != attr.WeightsSoftmax:
		return fmt.Errorf("weights = %s is not streamed", a.Weights)
	}
	at := a.Operands()
	for i, d := range dtypes {
		other := at.Mask >= 0 && i >= at.Mask && i < at.Mask+a.Masks || i == at.Starts || i == at.Lengths
		if !other && !isFloat(d) {
			return fmt.Errorf("operand %d has elements of type %s, want f32, f16 or bf16", i, d)
		}
	}
	return nil
}

// attend is one call of Parallax: an item is a block of rows, or one chunk of
// keys of such a block.
type attend struct {
	ctx      *Ctx
	call     int // counts the calls with a context
	bound    attr.Bound
	k, v     [2]floats // the past's, the operand's
	q, r     floats
	biases   []floats
	sink     floats
	branches int  // scores per row and key: q·k, and r·k if there is a probe
	oneMask  bool // all rows of a batch entry see the same keys by the masks
	plan

	o      attr.View
	out    floats
	split  bool
	items  int       // per block
	stored []float32 // states of the items, if split
}

// bind takes up a call; past is how many positions the past operands hold, or
// wholePast; pairs multiply, if they are not nil.
func (t *attend) bind(c *Ctx, a *attr.Attention, past int, pairs *simd.Pairs, in []*tensor.Tensor) error {
	var types [16]tensor.DType
	list := types[:0]
	for i, x := range in {
		if x == nil {
			return fmt.Errorf("operand %d is missing", i)
		}
		list = append(list, x.DType)
	}
	if err := ParallaxAccepts(a, list...); err != nil {
		return err
	}
	*t = attend{ctx: c, bound: t.bound, biases: t.biases[:0], call: t.call + 1}
	for len(c.workers) < c.Pool.Threads() {
		c.workers = append(c.workers, &worker{})
	}
	b := &t.bound
	if err := bindPast(a, b, past, in); err != nil {
		return err
	}
	t.q, t.k[1], t.v[1] = floatsOf(b.Q.Tensor), floatsOf(b.K.Tensor), floatsOf(b.V.Tensor)
	t.branches = 1
	if b.R.Tensor != nil {
		t.branches, t.r = 2, floatsOf(b.R.Tensor)
	}
	if b.PastK.Tensor != nil {
		t.k[0], t.v[0] = floatsOf(b.PastK.Tensor), floatsOf(b.PastV.Tensor)
	}
	for _, g := range b.Bias {
		t.biases = append(t.biases, floatsOf(g.Tensor))
	}
	if b.Sink.Tensor != nil {
		t.sink = floatsOf(b.Sink.Tensor)
	}
	t.oneMask = b.Sees != nil && !dependsOnRow(b)
	t.plan = planOf(b, c.Pool.Threads(), pairs)
	return nil
}

// storeCache writes a present: the past's rows, then the new ones.
func (t *attend) storeCache(present *tensor.Tensor, past, rows attr.View, size int) {
	if present == nil {
		return
	}
	to := present.Bytes()
	for b := range t.bound.B {
		for h := range t.bound.KVHeads {
			if t.bound.Past > 0 {
				to = storeRows(to, past, b, h, t.bound.Past, size)
			}
			to = storeRows(to, rows, b, h, t.bound.S-t.bound.Past, size)
		}
	}
}

// storeRows copies the first rows of a head one behind the other, and returns
// what is left of to.
func storeRows(to []byte, v attr.View, b, h, rows, size int) []byte {
	unit := v.DType.Bytes(1)
	if v.Row == size { // they lie so
		rows, size = min(rows, 1), rows*size
	}
	for i := range rows {
		from := v.At(b, h, i) * unit
		to = to[copy(to, v.Bytes()[from:][:size*unit]):]
	}
	return to
}

// Do computes the items lo ≤ i < hi.
func (t *attend) Do(lo, hi int) { t.DoAt(0, lo, hi) }

// DoAt is Do by a worker of the pool.
func (t *attend) DoAt(worker, lo, hi int) {
	w := t.worker(worker)
	for i := lo; i < hi; i++ {
		w.begin(i / t.items)
		if !t.split {
			w.compute()
			continue
		}
		chunk := i % t.items * chunkKeys
		s := t.storedState(i, w.n)
		s.reset()
		w.keys(&s, chunk, chunk+chunkKeys)
	}
}

// finishing merges the stored states of blocks.
type finishing attend

// Do finishes the blocks lo ≤ i < hi.
func (f *finishing) Do(lo, hi int) { f.DoAt(0, lo, hi) }

// DoAt is Do by a worker of the pool.
func (f *finishing) DoAt(worker, lo, hi int) {
	t := (*attend)(f)
	w := t.worker(worker)
	for i := lo; i < hi; i++ {
		w.begin(i)
		w.total.reset()
		for chunk := range t.items {
			s := t.storedState(i*t.items+chunk, w.n)
			w.total.merge(t.kernels, &s, w.early, w.late)
		}
		w.finish(&w.total)
	}
}

// stateSize is how many floats the state of a block takes.
func (t *attend) stateSize() int { return t.blockRows * stateFloats(t.pitch, t.branches) }

// storedState views the state of an item.
func (t *attend) storedState(item, rows int) state {
	return stateIn(t.stored[item*t.stateSize():], rows, t.pitch, t.bound.Dv, t.branches)
}

var negInf = float32(math.Inf(-1))
