package ref

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

func recurrent(direction string) *attr.Recurrent {
	a := attr.New[attr.Recurrent]()
	a.Direction = direction
	return a
}

// TestRecurrentCells are two steps of one unit, written out.
func TestRecurrentCells(t *testing.T) {
	x, h0 := f32([]int{2, 1, 1}, 1, -2), f32([]int{1, 1, 1}, 0.5)
	a := recurrent("forward")

	h := math.Tanh(2 + 3*0.5 + 0.75)
	checkNear(t, "RNN", 1e-6, []float64{h, math.Tanh(-4 + 3*h + 0.75)}, func(z *tensor.Tensor) error {
		return RNN(z, nil, a, x, f32([]int{1, 1, 1}, 2), f32([]int{1, 1, 1}, 3), f32([]int{1, 2}, 0.5, 0.25), nil, h0)
	})

	w, r := f32([]int{1, 3, 1}, 1, 2, 3), f32([]int{1, 3, 1}, -1, 0.5, 2)
	bias := f32([]int{1, 6}, 0.1, 0.2, 0.3, 0, 0, 0.4)
	for _, linear := range []bool{false, true} {
		a := recurrent("forward")
		a.LinearBeforeReset = linear
		var want []float64
		h := 0.5
		for _, x := range []float64{1, -2} {
			update, reset := sigmoid(x-h+0.1), sigmoid(2*x+0.5*h+0.2)
			inner := 2*reset*h + 0.4
			if linear {
				inner = reset * (2*h + 0.4)
			}
			h = (1-update)*math.Tanh(3*x+inner+0.3) + update*h
			want = append(want, h)
		}
		checkNear(t, "GRU", 1e-6, want, func(z *tensor.Tensor) error { return GRU(z, nil, a, x, w, r, bias, nil, h0) })
	}

	w, r = f32([]int{1, 4, 1}, 1, 2, 3, 4), f32([]int{1, 4, 1}, -1, 0.5, 2, 1)
	bias = f32([]int{1, 8}, 0.1, 0.2, 0.3, 0.4, 0, 0, 0, 0)
	peepholes := f32([]int{1, 3}, 0.5, -0.5, 2)
	for _, coupled := range []bool{false, true} {
		a := recurrent("forward")
		a.InputForget, a.Clip = coupled, 3
		clip := func(v float64) float64 { return min(max(v, -3), 3) }
		var want []float64
		h, c := 0.5, 0.25
		for _, x := range []float64{1, -2} {
			input, forget := sigmoid(clip(x-h+0.1+0.5*c)), sigmoid(clip(3*x+2*h+0.3+2*c))
			if coupled {
				forget = 1 - input
			}
			c = forget*c + input*math.Tanh(clip(4*x+h+0.4))
			h = sigmoid(clip(2*x+0.5*h+0.2-0.5*c)) * math.Tanh(c)
			want = append(want, h)
		}
		last, cell := &tensor.Tensor{}, &tensor.Tensor{}
		checkNear(t, "LSTM", 1e-6, want, func(z *tensor.Tensor) error {
			return LSTM(z, last, cell, a, x, w, r, bias, nil, h0, f32([]int{1, 1, 1}, 0.25), peepholes)
		})
		checkNear(t, "last", 1e-6, []float64{h, c}, func(z *tensor.Tensor) error { return Concat(z, &attr.Axis{}, last, cell) })
	}
}

// TestRecurrentDirections: both directions are each alone; the batch first is the batch
// second, moved; and entries with fewer steps are what they are in a batch of their own.
func TestRecurrentDirections(t *testing.T) {
	rnd := seeded()
	const time, batch, input, hidden = 4, 2, 3, 5
	x := random(rnd, tensor.Float32, time, batch, input)
	w, r := random(rnd, tensor.Float32, 2, 4*hidden, input), random(rnd, tensor.Float32, 2, 4*hidden, hidden)
	lengths := tensor.Of([]int{batch}, []int32{4, 2})
	run := func(a *attr.Recurrent, x, w, r, lengths *tensor.Tensor) (y, last *tensor.Tensor) {
		y, last = &tensor.Tensor{}, &tensor.Tensor{}
		if err := LSTM(y, last, nil, a, x, w, r, nil, lengths, nil, nil, nil); err != nil {
			t.Fatal(err)
		}
		return y, last
	}
	part := func(x *tensor.Tensor, axis, from, to int) *tensor.Tensor {
		z := &tensor.Tensor{}
		if err := slice(z, x, []int{from}, []int{to}, []int{axis}, []int{1}); err != nil {
			t.Fatal(err)
		}
		return z
	}
	same := func(what string, got, want *tensor.Tensor) {
		t.Helper()
		if diff := cmp.Diff(load(want), load(got)); diff != "" || !tensor.SameShape(got.Shape, want.Shape) {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	y, last := run(recurrent("bidirectional"), x, w, r, lengths)
	for i, direction := range []string{"forward", "reverse"} {
		one, end := run(recurrent(direction), x, part(w, 0, i, i+1), part(r, 0, i, i+1), lengths)
		same(direction, part(y, 1, i, i+1), one)
		same(direction+" at the end", part(last, 0, i, i+1), end)
	}
	short, end := run(recurrent("bidirectional"), part(part(x, 0, 0, 2), 1, 1, 2), w, r, nil)
	same("fewer steps", part(part(y, 0, 0, 2), 2, 1, 2), short)
	same("fewer steps at the end", part(last, 1, 1, 2), end)
	same("no steps", part(part(y, 0, 2, 4), 2, 1, 2), tensor.New(tensor.Float32, 2, 2, 1, hidden))

	move := func(x *tensor.Tensor, perm ...int) *tensor.Tensor {
		z := &tensor.Tensor{}
		if err := Transpose(z, &attr.Transpose{Perm: perm}, x); err != nil {
			t.Fatal(err)
		}
		return z
	}
	a := recurrent("bidirectional")
	a.Layout = 1
	first, end := run(a, move(x, 1, 0, 2), w, r, lengths)
	same("batch first", first, move(y, 2, 0, 1, 3))
	same("batch first at the end", end, move(last, 1, 0, 2))
}

func TestRecurrentErrors(t *testing.T) {
	x, w := tensor.New(tensor.Float32, 2, 1, 3), tensor.New(tensor.Float32, 1, 4, 3)
	r := tensor.New(tensor.Float32, 1, 4, 4)
	for words, f := range map[string]func(z *tensor.Tensor) error{
		"operand 1 is f32[1,4,3], want [1,12,3]": func(z *tensor.Tensor) error {
			return GRU(z, nil, recurrent("forward"), x, w, tensor.New(tensor.Float32, 1, 12, 4), nil, nil, nil)
		},
		`direction "up"`: func(z *tensor.Tensor) error { return RNN(z, nil, recurrent("up"), x, w, r, nil, nil, nil) },
		"a length of 3": func(z *tensor.Tensor) error {
			return RNN(z, nil, recurrent("forward"), x, w, r, nil, tensor.Of([]int{1}, []int32{3}), nil)
		},
		`activation "Sine"`: func(z *tensor.Tensor) error {
			a := recurrent("forward")
			a.Activations = []string{"Sine"}
			return RNN(z, nil, a, x, w, r, nil, nil, nil)
		},
		"want 2": func(z *tensor.Tensor) error {
			a := recurrent("bidirectional")
			a.Activations = []string{"Tanh"}
			return RNN(z, nil, a, x, tensor.New(tensor.Float32, 2, 4, 3), tensor.New(tensor.Float32, 2, 4, 4), nil, nil, nil)
		},
	} {
		checkError(t, words, []string{words}, f)
	}
}
