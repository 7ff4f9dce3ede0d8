package cpu

import (
	"math"
	"sync/atomic"
)

// The tasks of a block of rows come in turns: those that lay out pieces of the left
// operand, if any do, and then those that compute, which wait for them. As tasks are
// taken in order, what a task waits for is under way. There is room for the rows of some
// blocks, which others use in turn; so laying out may have to wait, too.

// stage is how many tasks of a block of rows are done, on lines of its own: many threads
// look at it at once.
type stage struct {
	done atomic.Int32
	_    [2*4*line - 4]byte
}

// abandoned is a stage that is never reached: a task has panicked.
const abandoned = math.MaxInt32 / 2

// clearStages sets the stages of all blocks to 0, if anyone looks at them.
func (p *product) clearStages() {
	p.stages = p.stages[:0]
	if p.then.norm == normNone && p.pieces == 0 {
		return
	}
	if cap(p.stages) < p.rowBlocks {
		p.stages = make([]stage, p.rowBlocks)
	}
	p.stages = p.stages[:p.rowBlocks]
	for i := range p.stages {
		p.stages[i].done.Store(0)
	}
}

// turns is how many tasks a block of rows has.
func (p *product) turns() int { return p.pieces + p.batch.count*p.groups }

// at is the index of a task: waves of blocks follow one another, and in a wave turns.
func (p *product) at(rows, turn int) int {
	from := rows / p.wave * p.wave
	blocks := min(p.wave, p.rowBlocks-from)
	return from*p.turns() + turn*blocks + rows - from
}

// needs is what a task waits for: the first turns of a block of rows.
func (p *product) needs(t *task) (rows, turns int) {
	if t.turn >= p.pieces {
		return t.rows, p.pieces
	}
	return t.rows - p.room, p.turns()
}

// After is how many tasks come up to the last one that a task waits for.
func (p *product) After(index int) int {
	t := p.task(index)
	rows, turns := p.needs(&t)
	if rows < 0 || turns == 0 {
		return 0
	}
	return p.at(rows, turns-1) + 1
}

// await waits for what a task needs, and reports whether it has come.
func (p *product) await(t *task) bool {
	rows, turns := p.needs(t)
	if rows < 0 || turns == 0 {
		return true
	}
	done := &p.stages[rows].done
	p.ctx.Pool.Await(done, int32(turns))
	return done.Load() < abandoned
}

// abandon lets go those who wait for a task that has panicked, or for later ones that
// are left out then.
func (p *product) abandon(returned *bool) {
	if *returned {
		return
	}
	for i := range p.stages {
		p.stages[i].done.Store(abandoned)
	}
}

// Do does the tasks lo ≤ i < hi.
func (p *product) Do(lo, hi int) {
	returned := false
	defer p.abandon(&returned)
	for i := lo; i < hi; i++ {
		if t := p.task(i); p.await(&t) {
			p.do(i, t)
		}
	}
	returned = true
}

func (p *product) do(index int, t task) {
	if t.turn < p.pieces {
		if p.pairs.kernels != nil {
			p.layPiece(&t)
		} else {
			p.spreadPiece(&t)
		}
		p.stages[t.rows].done.Add(1)
		return
	}
	b := p.block(index, t)
	b.compute()
}
