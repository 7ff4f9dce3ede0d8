package cpu

import "math"

// reduceOp is what a reduction folds, and how.
type reduceOp struct {
	name   string
	before func(z, x []float32) // of the elements; nil: they are folded as they are
	*folding
	after func(z []float32, n int) // makes results of folds of n elements; nil: they are
}

// folding joins elements: those of each row, four rows with one, a row with
// another, and parts of a result.
type folding struct {
	each  func(rows, n int, z, x *float32, ldx int)
	four  func(n int, z, x *float32, ldx int)
	one   func(n int, z, x *float32)
	start float64
	join  func(folded float64, part float32) float64
}

var (
	adding  = &folding{vec.SumEach, vec.AddFour, addRow, 0, func(sum float64, part float32) float64 { return sum + float64(part) }}
	topping = &folding{vec.GreatestEach, vec.GreatestFour, vec.Greatest, math.Inf(-1),
		func(top float64, part float32) float64 { return max(top, float64(part)) }}
)

var (
	sumOp        = reduceOp{"ReduceSum", nil, adding, nil}
	meanOp       = reduceOp{"ReduceMean", nil, adding, func(z []float32, n int) { divVS(z, z, float32(n)) }}
	greatestOp   = reduceOp{"ReduceMax", nil, topping, nil}
	leastOp      = reduceOp{"ReduceMin", neg, topping, func(z []float32, _ int) { neg(z, z) }}
	magnitudesOp = reduceOp{"ReduceL1", abs, adding, nil}
	squaresOp    = reduceOp{"ReduceSumSquare", squares, adding, nil}
	lengthOp     = reduceOp{"ReduceL2", squares, adding, func(z []float32, _ int) { sqrt(z, z) }}
	logSumOp     = reduceOp{"ReduceLogSum", nil, adding, func(z []float32, _ int) { log(z, z) }}
)

func squares(z, x []float32) { mulVV(z, x, x) }

func addRow(n int, z, x *float32) { vec.Add(n, z, z, x) }
