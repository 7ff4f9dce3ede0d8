package attr

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fusedConv returns the plain specification changed by f.
func fusedConv(f func(*FusedConv)) *FusedConv {
	a := New[FusedConv]()
	f(a)
	return a
}

func TestFusedConvOperands(t *testing.T) {
	for _, c := range []struct {
		name string
		a    *FusedConv
		want FusedConvOperands
	}{
		{"plain", fusedConv(func(*FusedConv) {}), FusedConvOperands{0, 1, -1, -1, 2}},
		{"bias", fusedConv(func(a *FusedConv) { a.HasBias = true }), FusedConvOperands{0, 1, 2, -1, 3}},
		{"residual", fusedConv(func(a *FusedConv) { a.HasResidual = true }), FusedConvOperands{0, 1, -1, 2, 3}},
		{"both", fusedConv(func(a *FusedConv) { a.HasBias, a.HasResidual, a.ResidualFirst = true, true, true }), FusedConvOperands{0, 1, 2, 3, 4}},
	} {
		if diff := cmp.Diff(c.want, c.a.Operands()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if err := c.a.Check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestFusedConvCheck(t *testing.T) {
	nan := float32(math.NaN())
	for want, f := range map[string]func(*FusedConv){
		`"swish" is not`:       func(a *FusedConv) { a.Activation = "swish" },
		"needs has_residual":   func(a *FusedConv) { a.ResidualFirst = true },
		"clip to 2 … 1":        func(a *FusedConv) { a.Activation, a.Alpha, a.Beta = ActivationClip, 2, 1 },
		"clip to 0 … NaN":      func(a *FusedConv) { a.Activation, a.Beta = ActivationClip, nan },
		"alpha = 1 and beta":   func(a *FusedConv) { a.Activation, a.Alpha = ActivationRelu, 1 },
		"beta = 1 are not":     func(a *FusedConv) { a.Activation, a.Beta = ActivationLeakyRelu, 1 },
		"alpha = NaN is no sl": func(a *FusedConv) { a.Activation, a.Alpha = ActivationLeakyRelu, nan },
	} {
		if err := fusedConv(f).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
	for _, f := range ConvActivations() {
		if err := fusedConv(func(a *FusedConv) { a.Activation = f }).Check(); err != nil {
			t.Errorf("activation %s: %v", f, err)
		}
	}
}

func TestFusedConvIsConv(t *testing.T) {
	a := &Conv{AutoPad: "VALID", Dilations: []int{2, 1}, Group: 3, Kernel: []int{3, 4}, Pads: []int{1, 2, 3, 4}, Strides: []int{1, 2}}
	plain := a.Fused().Plain()
	if !Equal(&plain, a) {
		t.Errorf("%s, want %s", Format(&plain), Format(a))
	}
}

func TestChannelsLastUndoesFirst(t *testing.T) {
	for rank := 2; rank < 6; rank++ {
		first, last := ToChannelsFirst(rank), ToChannelsLast(rank)
		if first[1] != rank-1 || last[rank-1] != 1 {
			t.Errorf("rank %d: %v and %v", rank, first, last)
		}
		for i := range rank {
			if first[last[i]] != i {
				t.Errorf("rank %d: %v does not undo %v", rank, last, first)
			}
		}
	}
}
