package eval

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
)

// Func calls a reference kernel: a is the operator's attribute struct or nil;
// missing operands and unwanted outputs are nil.
type Func func(a any, out, in []*tensor.Tensor) error

type t = tensor.Tensor

// at is operand i, nil where trailing ones are left out.
func at(list []*t, i int) *t {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// attrs is a as the operator's own struct.
func attrs[A any](a any) *A {
	typed, ok := a.(*A)
	if !ok {
		panic(fmt.Sprintf("BUG: attributes are %T, want %T", a, typed))
	}
	return typed
}

// The adapters are named for the number of operands; A for attributes.

func call1(f func(z, x *t) error) Func {
	return func(_ any, out, in []*t) error { return f(at(out, 0), at(in, 0)) }
}

func call2(f func(z, x, y *t) error) Func {
	return func(_ any, out, in []*t) error { return f(at(out, 0), at(in, 0), at(in, 1)) }
}

func call3(f func(z, x, y, w *t) error) Func {
	return func(_ any, out, in []*t) error { return f(at(out, 0), at(in, 0), at(in, 1), at(in, 2)) }
}

func call5(f func(z, x, y, w, v, u *t) error) Func {
	return func(_ any, out, in []*t) error {
		return f(at(out, 0), at(in, 0), at(in, 1), at(in, 2), at(in, 3), at(in, 4))
	}
}

func callN(f func(z *t, xs ...*t) error) Func {
	return func(_ any, out, in []*t) error { return f(at(out, 0), in...) }
}

func call1A[A any](f func(z *t, a *A, x *t) error) Func {
	return func(a any, out, in []*t) error { return f(at(out, 0), attrs[A](a), at(in, 0)) }
}

func call2A[A any](f func(z *t, a *A, x, y *t) error) Func {
	return func(a any, out, in []*t) error { return f(at(out, 0), attrs[A](a), at(in, 0), at(in, 1)) }
}

func call3A[A any](f func(z *t, a *A, x, y, w *t) error) Func {
	return func(a any, out, in []*t) error {
		return f(at(out, 0), attrs[A](a), at(in, 0), at(in, 1), at(in, 2))
	}
}

func call4A[A any](f func(z *t, a *A, x, y, w, v *t) error) Func {
	return func(a any, out, in []*t) error {
		return f(at(out, 0), attrs[A](a), at(in, 0), at(in, 1), at(in, 2), at(in, 3))
	}
}

func call5A[A any](f func(z *t, a *A, x, y, w, v, u *t) error) Func {
	return func(a any, out, in []*t) error {
		return f(at(out, 0), attrs[A](a), at(in, 0), at(in, 1), at(in, 2), at(in, 3), at(in, 4))
	}
}

func callNA[A any](f func(z *t, a *A, xs ...*t) error) Func {
	return func(a any, out, in []*t) error { return f(at(out, 0), attrs[A](a), in...) }
}
