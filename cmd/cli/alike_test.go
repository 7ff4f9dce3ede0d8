package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/passes"
)

func TestTogether(t *testing.T) {
	cases := []struct {
		names []string
		want  string
	}{
		{[]string{"softmax"}, "softmax"},
		{[]string{"a_1", "a_1"}, "a_1"},
		{[]string{"layers.0/Softmax", "layers.1/Softmax", "layers.2/Softmax"}, "layers.{0…2}/Softmax"},
		{[]string{"layers.0/Softmax", "layers.1/Softmax"}, "layers.{0,1}/Softmax"},
		{[]string{"node_Softmax_130", "node_Softmax_203"}, "node_Softmax_{130,203}"},
		{[]string{"s", "s_1"}, "s{,_1}"},
		{[]string{"s_1", "s", "s_2", "s_3"}, "s{_1,,…,_3}"},
		{[]string{"l.0/s_5", "l.1/s_9", "l.2/s_13", "l.3/s_17"}, "l.{0…3}/s_{5,9,…,17}"},
		{[]string{"%12", "%57"}, "%{12,57}"},
		{[]string{"w_1", "w_1", "w_2"}, "w_{1,2}"},
		{[]string{"b.007", "b.008", "b.009"}, "b.{007,008,009}"},
	}
	for _, c := range cases {
		if got := together(c.names); got != c.want {
			t.Errorf("%q together are %q, want %q", c.names, got, c.want)
		}
		for _, name := range c.names {
			if pattern(name) != pattern(c.names[0]) {
				t.Errorf("%q and %q are not alike", name, c.names[0])
			}
		}
	}
}

// fusedSpec is a specification with so many heads of 8 and these masks.
func fusedSpec(heads int, masks ...string) *spec {
	a := attr.New[attr.Attention]()
	a.Heads, a.KVHeads, a.Scale, a.Masks = heads, heads, 0.25, len(masks)
	return specOf(&passes.Spec{Attention: a, HeadSize: sym.Const(8), ValueSize: sym.Const(8), Masks: masks})
}

func TestGroup(t *testing.T) {
	fused := func(anchor, mask string, heads int) candidate {
		return candidate{Anchor: anchor, Verdict: "fused", Kind: "attention", Spec: fusedSpec(heads, mask)}
	}
	refused := func(anchor, node, check string) candidate {
		return candidate{Anchor: anchor, Verdict: "refused", Kind: "attention", Reason: &reason{Check: check, Node: node, Want: "w", Got: "g"}}
	}
	list := []candidate{
		fused("l.0/s", `%4 "mask"`, 4), refused("l.1/s", "n_1", "scale"), fused("l.2/s", `%9 "mask"`, 4),
		fused("l.3/s", `%9 "mask_2"`, 8), refused("l.4/s", "n_2", "scale"), refused("l.5/s", "n_3", "output"), fused("other", `%4 "mask"`, 4),
	}
	var got []string
	for _, g := range group(list) {
		got = append(got, strings.Join(g.each(func(c candidate) string { return c.Anchor }), " ")+g.times())
	}
	want := []string{"l.0/s l.2/s×2", "l.1/s l.4/s×2", "l.3/s", "l.5/s", "other"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
