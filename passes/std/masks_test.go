package std

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/tests/models"
)

// TestMasksAreSmall checks that no attention of the models reads a mask or a bias
// of queries × keys, unless the file's caller gives it.
func TestMasksAreSmall(t *testing.T) {
	files, err := filepath.Glob("../../tests/testdata/*models/*/model.onnx")
	if err != nil || len(files) == 0 {
		t.Fatalf("no models: %v", err)
	}
	for _, file := range files {
		g := models.Load(t, file)
		if _, err := passes.Run(context.Background(), g, Passes(), nil); err != nil {
			t.Fatal(err)
		}
		for h := range g.Graphs() {
			for n := range h.Nodes() {
				if n.Op != op.Parallax {
					continue
				}
				for _, v := range wideOperands(n) {
					t.Errorf("%s: %s reads %s of type %s", file, n.Label(), v, v.Type)
				}
			}
		}
	}
}

// wideOperands returns the masks and biases of an attention that were computed for
// every query and key.
func wideOperands(n *ir.Node) []*ir.Value {
	a := n.Attr.(*attr.Attention)
	at := a.Operands()
	var out []*ir.Value
	check := func(first, count int) {
		for i := range count {
			v := n.In[first+i]
			shape := v.Type.Shape
			if rank := len(shape); rank < 2 || shape[rank-1].Is(1) || shape[rank-2].Is(1) || given(v) {
				continue
			}
			out = append(out, v)
		}
	}
	check(at.Bias, a.Biases-a.Relative)
	check(at.Mask, a.Masks)
	return out
}

// given reports whether v is an input of the file, with other axes perhaps.
func given(v *ir.Value) bool {
	for v.Def != nil && (v.Def.Op == op.Unsqueeze || v.Def.Op == op.Cast || v.Def.Op == op.Not) {
		v = v.Def.In[0]
	}
	return v.Def == nil && v.Const == nil
}
