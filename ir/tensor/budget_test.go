package tensor_test

import (
	"errors"
	"testing"

	"github.com/parallax-go/parallax/ir/tensor"
)

// refused runs f, and returns what it panicked with.
func refused(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = r.(error)
		}
	}()
	f()
	return nil
}

func TestBudget(t *testing.T) {
	b := tensor.NewBudget(100)
	var x, y tensor.Tensor
	x.DrawOn(b)
	y.DrawOn(b)
	x.Reset(tensor.Float32, 10)
	y.Reset(tensor.Float32, 15)
	x.Reset(tensor.Float32, 2, 2) // fits in what x has
	if b.Take(1) {
		t.Error("40 and 60 bytes of 100 are drawn, and one more is allowed")
	}
	err := refused(func() { x.Reset(tensor.Float32, 11) })
	var e *tensor.BudgetError
	if !errors.As(err, &e) || e.Shape[0] != 11 || e.Left != 0 || e.Limit != 100 {
		t.Fatalf("error %v", err)
	}
	y.DrawOn(nil)
	if err := refused(func() { x.Reset(tensor.Float32, 25) }); err != nil {
		t.Errorf("60 bytes were given back: %v", err)
	}
	if err := refused(func() { y.Reset(tensor.Float32, 1<<10) }); err != nil {
		t.Errorf("y draws on nothing: %v", err)
	}
	if !b.Take(-8) || !b.Take(8) || b.Take(1) {
		t.Error("what is taken and given back does not balance")
	}
}

func TestBudgetOfStrings(t *testing.T) {
	var x tensor.Tensor
	x.DrawOn(tensor.NewBudget(64))
	if refused(func() { x.Reset(tensor.String, 4) }) != nil || refused(func() { x.Reset(tensor.String, 5) }) == nil {
		t.Error("a string header takes 16 bytes")
	}
}

func TestReserve(t *testing.T) {
	x := tensor.Of([]int{2}, []int64{7, 8})
	x.Reserve(64)
	if x.Len() != 2 || x.IntAt(1) != 8 {
		t.Errorf("it became %s", x)
	}
	before := &x.Bytes()[0]
	x.Reset(tensor.Int64, 8)
	if &x.Bytes()[0] != before {
		t.Error("the room is not used")
	}
}
