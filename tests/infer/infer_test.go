// Package infer holds type inference to what models really compute: each node of
// each fixture is evaluated, and its outputs must have the types, sizes and
// symbolic contents that were inferred.
package infer

import (
	"fmt"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/tests/models"
)

func TestInferredTypesAreThoseOfTheValues(t *testing.T) {
	cases, err := models.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			g := models.Load(t, c.Model)
			sets, err := c.Sets()
			if err != nil {
				t.Fatal(err)
			}
			for _, set := range sets {
				r := run{t: t, set: set.Name, values: map[*ir.Value]*tensor.Tensor{}, bindings: sym.Bindings{}}
				r.inputs(g, set.Inputs)
				for n := range g.Nodes() {
					r.node(n)
				}
			}
		})
	}
}

// run is the evaluation of one data set. The bindings are those of the inputs'
// symbols, and of fresh ones as soon as their value is computed.
type run struct {
	t        *testing.T
	set      string
	values   map[*ir.Value]*tensor.Tensor
	bindings sym.Bindings
}

func (r *run) inputs(g *ir.Graph, given map[string]*tensor.Tensor) {
	r.t.Helper()
	for _, v := range g.Inputs {
		x := given[v.Name]
		r.values[v] = x
		for axis, d := range v.Type.Shape {
			name, size, err := sym.Solve(int64(x.Shape[axis]), d, r.bindings)
			if err != nil {
				r.t.Fatal(err)
			}
			if name != "" {
				r.bindings[name] = size
			}
		}
	}
}

func (r *run) node(n *ir.Node) {
	r.t.Helper()
	in := make([]*tensor.Tensor, len(n.In))
	for i, v := range n.In {
		switch {
		case v == nil:
		case v.Const != nil:
			in[i] = v.Const
		default:
			in[i] = r.values[v]
		}
	}
	outs, err := eval.Node(n, in)
	if err != nil {
		r.t.Fatalf("%s: %v", r.set, ir.NewError(n, err))
	}
	for i, v := range n.Out {
		if v == nil {
			continue
		}
		r.values[v] = outs[i]
		if err := r.check(v, outs[i]); err != nil {
			r.t.Errorf("%s: %s is %s, inferred %s: %v", r.set, n.Label(), outs[i], v.Type, err)
		}
	}
}

// check compares a computed value with what was inferred of it.
func (r *run) check(v *ir.Value, x *tensor.Tensor) error {
	if x.DType != v.Type.DType {
		return fmt.Errorf("the element types differ")
	}
	if v.Type.HasRank && len(v.Type.Shape) != x.Rank() {
		return fmt.Errorf("the ranks differ")
	}
	for axis, d := range v.Type.Shape {
		if name, ok := d.IsSymbol(); ok && name == ir.FreshName(v, axis) {
			r.bindings[name] = int64(x.Shape[axis])
		}
		if n, err := d.Eval(r.bindings); err != nil || n != int64(x.Shape[axis]) {
			return fmt.Errorf("axis %d: %s = %d, error %v", axis, d, n, err)
		}
	}
	for i, d := range v.Sym {
		if n, err := d.Eval(r.bindings); err != nil || n != x.IntAt(i) {
			return fmt.Errorf("element %d is %d: %s = %d, error %v", i, x.IntAt(i), d, n, err)
		}
	}
	return nil
}
