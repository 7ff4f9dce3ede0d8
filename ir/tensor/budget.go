package tensor

import "fmt"

// Budget bounds the memory of a group of tensors whose sizes only the data tell.
// It serves one goroutine at a time.
type Budget struct{ left, limit int }

// NewBudget returns a budget of so many bytes.
func NewBudget(bytes int) *Budget { return &Budget{bytes, bytes} }

// BudgetError is what an allocation beyond a budget panics with: kernels allocate
// deep inside, and only who gave the budget can say what it means. He recovers.
type BudgetError struct {
	DType       DType
	Shape       []int
	Left, Limit int // bytes
}

// Error says what was to be allocated.
func (e *BudgetError) Error() string {
	return fmt.Sprintf("a tensor of %s%s: %d bytes are left of %d", e.DType, ShapeString(e.Shape), e.Left, e.Limit)
}

// Take counts bytes that are not a tensor's; negative ones are given back. It
// reports whether the budget allows them.
func (b *Budget) Take(bytes int) bool {
	if bytes > b.left {
		return false
	}
	b.left -= bytes
	return true
}

// DrawOn counts what t allocates from now on against b. What it has allocated on
// another budget is given back to that: its memory is no longer of that group.
func (t *Tensor) DrawOn(b *Budget) {
	if t.budget != nil {
		t.budget.left += t.drawn
	}
	t.budget, t.drawn = b, 0
}

// draw counts the growth of t's memory to size bytes from had.
func (t *Tensor) draw(size, had int) {
	if t.budget == nil {
		return
	}
	more := size - had
	if !t.budget.Take(more) {
		panic(&BudgetError{t.DType, append([]int{}, t.Shape...), t.budget.left, t.budget.limit})
	}
	t.drawn += more
}

// Reserve makes room for size bytes without changing what t is.
func (t *Tensor) Reserve(size int) {
	if cap(t.data) >= size {
		return
	}
	t.draw(size, cap(t.data))
	t.data = append(alignedBytes(size)[:0], t.data...)
}
