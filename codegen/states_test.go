package codegen

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
)

func TestFindStates(t *testing.T) {
	grown := func(b *ir.Builder, past, x *ir.Value) *ir.Value {
		return b.Op(op.Concat, &attr.Axis{Axis: 1}, past, x)
	}
	renamed := func(b *ir.Builder, past, x *ir.Value) *ir.Value {
		return b.Op(op.Identity, nil, grown(b, b.Op(op.Identity, nil, past), x))
	}
	same := func(b *ir.Builder, past, x *ir.Value) *ir.Value { return b.Op(op.Tanh, nil, past) }
	behind := func(b *ir.Builder, past, x *ir.Value) *ir.Value {
		return b.Op(op.Concat, &attr.Axis{Axis: 1}, x, past)
	}
	cast := func(b *ir.Builder, past, x *ir.Value) *ir.Value {
		return b.Op(op.Cast, &attr.Cast{To: tensor.Float64}, grown(b, past, x))
	}
	tests := []struct {
		in, out string
		make    func(b *ir.Builder, past, x *ir.Value) *ir.Value
		want    string // "": no pair
	}{
		{"past_key_values.0.key", "present.0.key", grown, "along 1"},
		{"past_key_values.1.decoder.value", "present.1.decoder.value", grown, "along 1"},
		{"past_key_values_3", "present_key_values_3", grown, "along 1"},
		{"past_key_0", "present_key_0", grown, "along 1"},
		{"past_k0", "present_k0", grown, "along 1"},
		{"cache_in", "cache_out", grown, "along 1"},   // by the graph
		{"cache_in", "cache_out", renamed, "along 1"}, // past copies
		{"past_state", "present_state", same, "along -1"},
		{"state_in", "state_out", same, ""},                // same shape, and nothing says so
		{"past_key_0", "present_key_0", behind, "along 1"}, // the names say so
		{"past_key_0", "present_key_0", cast, ""},          // another type
		{"past_key_0", "present_key_1", grown, "along 1"},  // by the graph again
	}
	for _, test := range tests {
		t.Run(test.in+" "+test.out, func(t *testing.T) {
			g := build(t, func(g *ir.Graph, b *ir.Builder) {
				x := g.NewInput("x", f32(t, "[batch, seq]"))
				past := g.NewInput(test.in, f32(t, "[batch, past]"))
				out := test.make(b, past, x)
				b.Commit(nil)
				g.AddNamedOutput(test.out, out)
			})
			p, err := Lower(g, Options{Catalog: anyKernel(), Target: kernels.Ref})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, s := range p.States {
				got += fmt.Sprintf("along %d", s.Axis)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("pairs (-want +got):\n%s", diff)
			}
			if kind := p.Slots[p.Inputs[1].Slot].Kind; (kind == Kept) != (test.want != "") {
				t.Errorf("the input's slot is %s", kind)
			}
			if p, err = Lower(g, Options{Catalog: anyKernel(), Target: kernels.Ref, NoState: true}); err != nil || len(p.States) > 0 {
				t.Errorf("with NoState: %d pairs, error %v", len(p.States), err)
			}
		})
	}
}
