package cpu

import "github.com/parallax-go/parallax/kernels/par"

// Ctx is what a run lends its kernels: the worker pool, and memory that is kept
// between calls so that a steady run allocates nothing. One run uses it at a
// time. The zero value works, on the caller's goroutine alone.
type Ctx struct {
	Pool *par.Pool

	large large // scratch that no task holds

	workers []*worker // of attention, by the pool's number

	// The kernels' tasks, kept here since they reach the workers by pointer.
	product     product
	left        byteLeft
	toSteps     toSteps
	fromSteps   fromSteps
	extremes    extremes
	thin        thin
	widen       widen
	straighten  straighten
	binary      binary
	unary       unary
	choice      choice
	rows        rowTask
	groups      groupNorm
	reduction   reduction
	strided     strided
	convert     convert
	attend      attend
	rotary      rotary
	linear      linear
	chain       chain
	conv        conv
	convLast    convLast
	pooling     pooling
	truth       truth
	negation    negation
	recast      recast
	clip        clip
	columns     columnTask
	blocks      blockCopy
	gather      gather
	einsum      einsum
	padding     padding
	pick        pick
	resize      resize
	sliceGather sliceGather
	tuples      tuples
	argTask     arg
	nans        nanTask
	logSums     logSumExp
	convTail    convTail
}

// NewCtx returns the context of a run on a pool; nil: on one goroutine.
func NewCtx(pool *par.Pool) *Ctx { return &Ctx{Pool: pool} }
