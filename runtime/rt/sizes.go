package rt

import (
	"errors"
	"fmt"
	"math/bits"
)

// sizeError is what a formula over numbers panics with when it has no value;
// [evaluate] turns it into an error.
type sizeError struct{ err error }

var (
	errDivision  = errors.New("division by zero in a dimension")
	errBroadcast = errors.New("sizes can't be broadcast")
)

// NoSize ends the evaluation of a formula that has no value.
func NoSize(err error) { panic(sizeError{err}) }

// FloorDiv is a/b rounded towards −∞.
func FloorDiv(a, b int64) int64 {
	if b == 0 {
		NoSize(errDivision)
	}
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// CeilDiv is a/b rounded towards +∞.
func CeilDiv(a, b int64) int64 { return -FloorDiv(-a, b) }

// Broadcast is the extent that a and b have together.
func Broadcast(a, b int64) int64 {
	switch {
	case a == b || b == 1:
		return a
	case a == 1:
		return b
	}
	NoSize(fmt.Errorf("%w: %d and %d", errBroadcast, a, b))
	return 0
}

// evaluate calls a function over numbers; a formula without a value is an error.
func evaluate(f func([]int64), n []int64) (err error) {
	if f == nil {
		return nil
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case sizeError:
			err = r.err
		default:
			panic(r)
		}
	}()
	f(n)
	return nil
}

// roundUp is the least number ≥ n of the form (8…15)·2^k: capacities grow in
// steps of at most an eighth, so that a size that grows by one is laid out anew
// eight times per doubling.
func roundUp(n int64) int64 {
	if n <= 8 {
		return n
	}
	shift := bits.Len64(uint64(n)) - 4
	step := int64(1) << shift
	return (n + step - 1) &^ (step - 1)
}
