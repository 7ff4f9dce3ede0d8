package cpu

import (
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

const (
	chunkKeys = 256 // keys whose state is merged as one
	wholeKeys = 2048

	maxTileRows  = 32
	aimedRows    = 28 // of a tile: two tiles of products of the widest level
	maxTiles     = 10 // of a block
	maxBlockRows = maxTiles * maxTileRows

	tileFloats = 1 << 17 // of the scores of a tile: they should stay in the second-level cache
)

// plan is how the rows and keys of a call are cut up. A worker takes a block of
// rows that share keys, and cuts it into tiles, whose scores against a span of keys
// are held at once; what is made of keys and values for the first tile of a block
// serves the others.
type plan struct {
	kernels *simd.Kernels
	pairs   *simd.Pairs // that multiply; nil: multiply-adds do
	highest int         // rows of a tile of products
	rows    int         // query rows per key head: group·T
	blocks  int         // blocks of rows per key head

	blockRows, tileRows int // at most

	// whole: the scores against all keys are held until the corrected weights are
	// known, so that one product with the values is enough. It must depend on the
	// keys alone, since it decides the order of sums.
	whole bool
	span  int // keys that a tile holds the scores of: a multiple of chunkKeys

	depth int // elements of a column of a key panel: D, up to a whole vector or step
	pitch int // floats from a row of a result to the next: the panels' widths
}

func planOf(b *attr.Bound, threads int, pairs *simd.Pairs) plan {
	k := simd.Active
	p := plan{kernels: k, pairs: pairs, highest: k.Rows, rows: b.Group() * b.T, span: chunkKeys, depth: roundUp(b.D, k.Lanes), pitch: roundUp(b.Dv, k.Columns)}
	aimed := aimedRows
	if p.rows < streamRows { // they wait for keys and values, of which pairs would be made
		p.pairs = nil
	}
	if p.pairs != nil {
		p.highest, aimed, p.depth = pairs.Rows, max(aimed, pairs.Rows), roundUp(b.D, simd.PairStep)
	} else if rest := b.Dv % k.Columns; rest > 0 && rest <= k.Lanes {
		p.pitch += k.Lanes - k.Columns
	}
	if b.R.Tensor != nil && b.S <= wholeKeys {
		p.whole, p.span = true, roundUp(max(b.S, 1), chunkKeys)
	}
	p.tileRows = aimed / p.highest * p.highest
	for p.whole && p.tileRows > p.highest && 2*p.tileRows*p.span > tileFloats {
		p.tileRows -= p.highest
	}
	heads := b.B * b.KVHeads
	for tiles := maxTiles; tiles > 0; tiles-- { // large blocks, but a few for each thread
		p.blockRows = tiles * p.tileRows
		p.blocks = ceilDiv(p.rows, p.blockRows)
		if heads*p.blocks >= 3*threads {
			break
		}
	}
	p.blockRows = ceilDiv(p.rows, max(p.blocks, 1))
	p.tileRows = min(p.tileRows, p.blockRows)
	return p
}

// streaming makes a plan for chunk after chunk.
func (p *plan) streaming() { p.whole, p.span = false, chunkKeys }

// width is how wide the panel of values from column col on is: Columns, or Lanes if
// that is enough for the last.
func (p *plan) width(col int) int { return min(p.kernels.Columns, p.pitch-col) }

func roundUp(n, unit int) int { return ceilDiv(n, unit) * unit }

// share returns the part i of n items in parts of nearly equal size.
func share(n, parts, i int) (from, to int) { return n * i / parts, n * (i + 1) / parts }

// packed is how many floats so many elements take that products read.
func (p *plan) packed(n int) int {
	if p.pairs != nil {
		return n / 2
	}
	return n
}

// paired is packed where pairs multiply, and else nothing.
func (p *plan) paired(n int) int {
	if p.pairs != nil {
		return n / 2
	}
	return 0
}

// strips calls f for rows from on, in as few tiles of products as there need be.
func (p *plan) strips(rows int, f func(row, height int)) {
	parts := ceilDiv(rows, p.highest)
	for i := range parts {
		from, to := share(rows, parts, i)
		f(from, to-from)
	}
}
