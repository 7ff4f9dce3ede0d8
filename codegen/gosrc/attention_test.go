package gosrc

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir/attr"
)

// spec is an attention with the defaults of its attributes.
func spec(change func(*attr.Attention)) *attr.Attention {
	a := attr.New[attr.Attention]()
	a.Heads, a.KVHeads, a.Scale = 4, 4, 0.25
	change(a)
	return a
}

// TestFormulas: the comment of an attention says what its specification says.
func TestFormulas(t *testing.T) {
	cases := []struct {
		name string
		spec *attr.Attention
		want string
	}{
		{"plain", spec(func(*attr.Attention) {}), `
For each of 4 heads, query i and key j:

	s = 0.25·q·k
	p = exp(s) / Σ exp(s) over the keys seen
	o = Σ p·v

The operands are [batch, heads, positions, size].`},
		{"everything", spec(func(a *attr.Attention) {
			a.KVHeads, a.Softcap, a.Biases, a.Masks, a.Causal, a.WindowLeft = 2, 30, 2, 1, attr.CausalBottomRight, 16
			a.Probe, a.HasProbe, a.HasSink, a.HasPast, a.HasRanges = attr.ProbeLearned, true, true, true, true
			a.EmptyRow, a.FillValue, a.Layout = attr.EmptyRowFilled, -10000, attr.LayoutBSD
		}), `
The keys and values are those of pastK and pastV, then k and v.
For each of 4 heads h, query i and key j; the keys and values are those of head h/2 of 2:

	s = 0.25·q·k
	s = 30·tanh(s/30)
	s = s + bias0 + bias1
	unseen where m0 is false
	unseen unless starts ≤ j < lengths
	unseen where j > i + number of keys − number of queries
	unseen where the key is more than 16 before the query
	p = exp(s) / (exp(sink) + Σ exp(s)) over the keys seen
	t = r·k
	o = Σ p·(1 + Σ p·t − t)·v

A query that sees no key sees all, with -10000 added to the scores.
The operands are [batch, positions, heads·size].`},
		{"linear", spec(func(a *attr.Attention) {
			a.Weights, a.Affine, a.Probe, a.Ridge, a.Causal = attr.WeightsUniform, attr.AffineNone, attr.ProbeExact, 0.5, attr.CausalTopLeft
		}), `
For each of 4 heads, query i and key j:

	unseen where j > i
	p = 1 for every key seen
	r solves (Σ p·kkᵀ + 0.5·I) r = q
	t = r·k
	o = Σ p·t·v

A query that sees no key gives zeros.
The operands are [batch, heads, positions, size].`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), strings.Join(formulas(c.spec), "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
