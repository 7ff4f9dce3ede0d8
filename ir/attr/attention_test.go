package attr

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// attention returns a legal specification changed by f.
func attention(f func(*Attention)) *Attention {
	a := New[Attention]()
	a.Heads, a.KVHeads, a.Scale = 4, 2, 0.5
	if f != nil {
		f(a)
	}
	return a
}

func TestOperands(t *testing.T) {
	for _, c := range []struct {
		name string
		a    *Attention
		want Operands
	}{
		{"plain", attention(nil), Operands{Q: 0, K: 1, V: 2, R: -1, Bias: -1, Mask: -1, PastK: -1, PastV: -1, Starts: -1, Lengths: -1, Sink: -1, Count: 3}},
		{"everything", attention(func(a *Attention) {
			a.HasProbe, a.Biases, a.Masks, a.HasPast, a.HasRanges, a.HasSink = true, 2, 1, true, true, true
		}), Operands{Q: 0, K: 1, V: 2, R: 3, Bias: 4, Mask: 6, PastK: 7, PastV: 8, Starts: 9, Lengths: 10, Sink: 11, Count: 12}},
		{"mask and sink", attention(func(a *Attention) { a.Masks, a.HasSink = 1, true }),
			Operands{Q: 0, K: 1, V: 2, R: -1, Bias: -1, Mask: 3, PastK: -1, PastV: -1, Starts: -1, Lengths: -1, Sink: 4, Count: 5}},
		{"past", attention(func(a *Attention) { a.HasPast = true }),
			Operands{Q: 0, K: 1, V: 2, R: -1, Bias: -1, Mask: -1, PastK: 3, PastV: 4, Starts: -1, Lengths: -1, Sink: -1, Count: 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.a.Operands()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if a := attention(nil); a.Outputs() != 1 {
		t.Errorf("%d outputs, want 1", a.Outputs())
	}
	if a := attention(func(a *Attention) { a.HasPresent = true }); a.Outputs() != 3 {
		t.Errorf("%d outputs with presents, want 3", a.Outputs())
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name string
		a    *Attention
		want string // "": legal
	}{
		{"plain", attention(nil), ""},
		{"learned probe", attention(func(a *Attention) { a.Probe, a.HasProbe = ProbeLearned, true }), ""},
		{"exact probe", attention(func(a *Attention) { a.Probe, a.Ridge = ProbeExact, 0.1 }), ""},
		{"uniform, centred", attention(func(a *Attention) { a.Weights, a.Probe, a.HasProbe = WeightsUniform, ProbeLearned, true }), ""},
		{"linear attention", attention(func(a *Attention) {
			a.Weights, a.Affine, a.Probe, a.HasProbe = WeightsUniform, AffineNone, ProbeLearned, true
		}), ""},
		{"no heads", attention(func(a *Attention) { a.Heads = 0 }), "must be positive"},
		{"no kv heads", attention(func(a *Attention) { a.KVHeads = 0 }), "must be positive"},
		{"heads", attention(func(a *Attention) { a.Heads = 5 }), "heads = 5 is not a multiple of kv_heads = 2"},
		{"softmax without centring", attention(func(a *Attention) { a.Affine = AffineNone }), "weights = softmax needs affine = centred"},
		{"uniform with bias", attention(func(a *Attention) { a.Weights, a.Biases = WeightsUniform, 1 }), "takes no bias"},
		{"uniform with softcap", attention(func(a *Attention) { a.Weights, a.Softcap = WeightsUniform, 1 }), "takes no bias, softcap"},
		{"uniform with sink", attention(func(a *Attention) { a.Weights, a.HasSink = WeightsUniform, true }), "or sink"},
		{"probe without r", attention(func(a *Attention) { a.Probe = ProbeLearned }), "probe = learned with r present: false"},
		{"r without probe", attention(func(a *Attention) { a.HasProbe = true }), "probe = none with r present: true"},
		{"ridge", attention(func(a *Attention) { a.Ridge = -1 }), "ridge = -1"},
		{"ridge that is no number", attention(func(a *Attention) { a.Ridge = math.NaN() }), "ridge = NaN"},
		{"softcap", attention(func(a *Attention) { a.Softcap = -1 }), "softcap = -1"},
		{"window", attention(func(a *Attention) { a.WindowLeft = -2 }), "window_left = -2"},
		{"biases", attention(func(a *Attention) { a.Biases = -1 }), "biases = -1"},
		{"probe", attention(func(a *Attention) { a.Probe = "x" }), `probe = "x" is not known`},
		{"weights", attention(func(a *Attention) { a.Weights = "x" }), `weights = "x" is not known`},
		{"affine", attention(func(a *Attention) { a.Weights, a.Affine = WeightsUniform, "x" }), `affine = "x" is not known`},
		{"causal", attention(func(a *Attention) { a.Causal = "x" }), `causal = "x" is not known`},
		{"layout", attention(func(a *Attention) { a.Layout = "x" }), `layout = "x" is not known`},
		{"empty row", attention(func(a *Attention) { a.EmptyRow = "x" }), `empty_row = "x" is not known`},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.a.Check()
			if c.want == "" && err != nil {
				t.Errorf("error %v, want none", err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
