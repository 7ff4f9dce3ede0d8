package simd

// Step is a step of [Kernels.Steps]: the accumulators, one for each element,
// become a function of themselves and of y, which is the elements of X, or Number.
// Kernels know where its fields are.
type Step struct {
	Op     StepOp
	Number float32
	X      *float32
}

// StepOp is what a step does.
type StepOp int32

// The functions of an accumulator a and of y.
const (
	StepLoad    StepOp = iota // y
	StepAdd                   // a + y
	StepSub                   // a − y
	StepSubFrom               // y − a
	StepMul
	StepDiv     // a/y
	StepDivInto // y/a
	StepMax     // as Max of a and y
	StepMaxOf   // as Max of y and a
	StepMin
	StepMinOf
	stepFunctions

	// StepStore sets the elements of X.
	StepStore = 2 * stepFunctions
)

// OfNumber is the function with Number for y.
func (o StepOp) OfNumber() StepOp { return o + stepFunctions }
