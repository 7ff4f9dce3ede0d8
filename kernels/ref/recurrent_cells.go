package ref

import (
	"fmt"
	"math"
	"strings"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

const (
	gruGates  = 3 // update, reset, hidden
	lstmGates = 4 // input, output, forget, cell
)

// RNN gives the states h = f(W·x + R·h + bias) of all steps, and the last ones.
func RNN(y, last *tensor.Tensor, a *attr.Recurrent, x, w, r, bias, lengths, first *tensor.Tensor) error {
	p, err := planRecurrence(a, 1, []string{"Tanh"}, x, w, r, bias, lengths, first, nil, nil)
	if err != nil {
		return err
	}
	p.run(func(d *direction, step int) {
		byRows(d.sums, d.hidden, d.h, d.r, d.hidden)
		d.active(step, func(in, sums, h, _ []float64) {
			for j := range h {
				h[j] = d.f[0](d.clip(in[j] + sums[j]))
			}
		})
	})
	return p.give(y, last)
}

// GRU gives the states h = (1 − z)·g(W·x + R·(r·h)) + z·h of all steps, and the last
// ones: z and r are gates. With LinearBeforeReset, r is multiplied by R·h and its bias.
func GRU(y, last *tensor.Tensor, a *attr.Recurrent, x, w, r, bias, lengths, first *tensor.Tensor) error {
	p, err := planRecurrence(a, gruGates, []string{"Sigmoid", "Tanh"}, x, w, r, bias, lengths, first, nil, nil)
	if err != nil {
		return err
	}
	p.run(func(d *direction, step int) {
		n := d.hidden
		rows, gated := gruGates*n, 2*n*n
		if d.LinearBeforeReset {
			gated = rows * n
		}
		byRows(d.sums, rows, d.h, d.r[:gated], n)
		if d.bias != nil {
			for i := range d.batch {
				addRows(d.sums[i*rows+2*n:][:n], d.bias)
			}
		}
		// The cell is not used: it holds what the reset gate leaves of the state.
		d.active(step, func(in, sums, h, c []float64) {
			for j := range 2 * n {
				sums[j] = d.f[0](d.clip(in[j] + sums[j]))
			}
			for j := range h {
				c[j] = sums[n+j] * h[j]
			}
		})
		if !d.LinearBeforeReset {
			byRows(d.sums[2*n:], rows, d.c, d.r[gated:], n)
		}
		d.active(step, func(in, sums, h, _ []float64) {
			for j := range h {
				s := sums[2*n+j]
				if d.LinearBeforeReset {
					s *= sums[n+j]
				}
				z, v := sums[j], d.f[1](d.clip(in[2*n+j]+s))
				h[j] = float64((1-z)*v) + float64(z*h[j])
			}
		})
	})
	return p.give(y, last)
}

// LSTM gives the states h = o·h(c) of all steps, and the last ones and their cells
// c = f·c + i·g(W·x + R·h): i, o and f are gates, which peepholes let see the cell.
// With InputForget, f is what i leaves.
func LSTM(y, last, lastCell *tensor.Tensor, a *attr.Recurrent, x, w, r, bias, lengths, first, firstCell, peepholes *tensor.Tensor) error {
	p, err := planRecurrence(a, lstmGates, []string{"Sigmoid", "Tanh", "Tanh"}, x, w, r, bias, lengths, first, firstCell, peepholes)
	if err != nil {
		return err
	}
	p.run(func(d *direction, step int) {
		n := d.hidden
		byRows(d.sums, lstmGates*n, d.h, d.r, n)
		peep := d.in[recurrentPeepholes]
		if peep == nil {
			peep = make([]float64, d.directions*3*n)
		}
		peep = peep[d.index*3*n:][:3*n]
		d.active(step, func(in, sums, h, c []float64) {
			for j := range h {
				gate := func(k, seen int) float64 {
					v := in[k*n+j] + sums[k*n+j]
					if seen >= 0 {
						v += float64(peep[seen*n+j] * c[j])
					}
					return d.clip(v)
				}
				i, f := d.f[0](gate(0, 0)), d.f[0](gate(2, 2))
				if d.InputForget {
					f = 1 - i
				}
				c[j] = float64(f*c[j]) + float64(i*d.f[1](gate(3, -1)))
				h[j] = d.f[0](gate(1, 1)) * d.f[2](c[j])
			}
		})
	})
	return p.give(y, last, lastCell)
}

type activation func(v float64) float64

// recurrentActivations are the functions that cells may have, in lower case, with the
// parameters that they take and what these are if not given.
var recurrentActivations = map[string]struct {
	alpha, beta []float64
	with        func(alpha, beta float64) activation
}{
	"relu":     {with: plainly(func(v float64) float64 { return below(v, 0, 0) })},
	"tanh":     {with: plainly(math.Tanh)},
	"sigmoid":  {with: plainly(sigmoid)},
	"softsign": {with: plainly(func(v float64) float64 { return v / (1 + math.Abs(v)) })},
	"softplus": {with: plainly(softplus)},
	"affine": {[]float64{1}, []float64{0}, func(alpha, beta float64) activation {
		return func(v float64) float64 { return float64(alpha*v) + beta }
	}},
	"scaledtanh": {[]float64{1}, []float64{1}, func(alpha, beta float64) activation {
		return func(v float64) float64 { return alpha * math.Tanh(beta*v) }
	}},
	"hardsigmoid": {[]float64{0.2}, []float64{0.5}, func(alpha, beta float64) activation {
		return func(v float64) float64 { return min(max(float64(alpha*v)+beta, 0), 1) }
	}},
	"leakyrelu": {[]float64{0.01}, nil, func(alpha, _ float64) activation {
		return func(v float64) float64 { return below(v, 0, alpha*v) }
	}},
	"thresholdedrelu": {[]float64{1}, nil, func(alpha, _ float64) activation {
		return func(v float64) float64 { return below(v, alpha, 0) }
	}},
	"elu": {[]float64{1}, nil, func(alpha, _ float64) activation {
		return func(v float64) float64 { return below(v, 0, alpha*math.Expm1(v)) }
	}},
}

func plainly(f activation) func(alpha, beta float64) activation {
	return func(_, _ float64) activation { return f }
}

// activations are the functions of all directions. Parameters are handed out in order to
// those that take them.
func (r *recurrence) activations(defaults []string) ([]activation, error) {
	names := r.Activations
	if len(names) == 0 {
		for range r.directions {
			names = append(names, defaults...)
		}
	}
	if want := len(defaults) * r.directions; len(names) != want {
		return nil, fmt.Errorf("activations %v, want %d", names, want)
	}
	alphas, betas := r.Alpha, r.Beta
	next := func(list *[]float32, own []float64) float64 {
		switch {
		case len(own) == 0:
			return 0
		case len(*list) == 0:
			return own[0]
		}
		v := (*list)[0]
		*list = (*list)[1:]
		return float64(v)
	}
	list := make([]activation, len(names))
	for i, name := range names {
		f, ok := recurrentActivations[strings.ToLower(name)]
		if !ok {
			return nil, fmt.Errorf("activation %q is not known", name)
		}
		alpha := next(&alphas, f.alpha)
		list[i] = f.with(alpha, next(&betas, f.beta))
	}
	return list, nil
}
