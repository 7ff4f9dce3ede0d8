package rt

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

// newBudget returns what a run may take: its planned memory, and results whose
// sizes only the data tell. Outputs of known size are checked before the run.
func newBudget(limit int64) *tensor.Budget { return tensor.NewBudget(int(min(limit, math.MaxInt))) }

// overdrawn turns what a tensor panics with that goes beyond the budget into an
// error of the step that runs.
func (f *Frame) overdrawn(err *error) {
	r := recover()
	if r == nil {
		return
	}
	e, ok := r.(*tensor.BudgetError)
	if !ok {
		panic(r)
	}
	*err = fmt.Errorf("%w: %w", ErrTooLarge, e)
	if f.at < len(f.spec.Steps) {
		*err = &StepError{&f.spec.Steps[f.at], *err}
	}
}
