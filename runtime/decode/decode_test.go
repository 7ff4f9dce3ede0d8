package decode

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// port reads "name dtype[shape]".
func port(t *testing.T, text string) codegen.Port {
	t.Helper()
	name, typ, _ := strings.Cut(text, " ")
	at := strings.Index(typ, "[")
	shape, err := sym.ParseShape(typ[at:])
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []tensor.DType{tensor.Float32, tensor.Int64, tensor.Int32, tensor.Bool, tensor.String, tensor.Complex64} {
		if d.String() == typ[:at] {
			return codegen.Port{Name: name, Type: ir.TensorOf(d, shape)}
		}
	}
	t.Fatalf("type of %q", text)
	return codegen.Port{}
}

// decoder is a program with a cache, logits and these other inputs.
func decoder(t *testing.T, inputs ...string) *codegen.Program {
	t.Helper()
	p := &codegen.Program{States: []codegen.StatePair{{Input: len(inputs), Output: 1, Axis: 2}}}
	for _, in := range append(inputs, "past_key f32[b,2,past,8]") {
		p.Inputs = append(p.Inputs, port(t, in))
	}
	p.Outputs = []codegen.Port{port(t, "logits f32[b,t,9]"), port(t, "present_key f32[b,2,past+t,8]")}
	return p
}

// shown prints inputs but for the tokens.
func shown(in map[string]*tensor.Tensor, p *Plan) map[string]string {
	out := map[string]string{}
	for name, t := range in {
		if name == p.Tokens {
			continue
		}
		values := make([]string, t.Len())
		for i := range values {
			values[i] = fmt.Sprint(t.FloatAt(i))
		}
		out[name] = tensor.ShapeString(t.Shape) + " " + strings.Join(values, " ")
	}
	return out
}

func ids(values ...int64) *tensor.Tensor { return tensor.Of([]int{1, len(values)}, values) }

// TestSteps: the first step of three tokens, the second, the third.
func TestSteps(t *testing.T) {
	tests := []struct {
		name  string
		port  string
		given *tensor.Tensor // nil: it follows from the tokens
		want  [3]string
	}{
		{"mask of its own symbol", "attention_mask i64[b,total]", nil, [3]string{"[1,3] 1 1 1", "[1,4] 1 1 1 1", "[1,5] 1 1 1 1 1"}},
		{"mask of its own batch", "attention_mask i64[s31,s64]", nil, [3]string{"[1,3] 1 1 1", "[1,4] 1 1 1 1", "[1,5] 1 1 1 1 1"}},
		{"mask of past and new", "attention_mask f32[b,past+t]", nil, [3]string{"[1,3] 1 1 1", "[1,4] 1 1 1 1", "[1,5] 1 1 1 1 1"}},
		{"mask of the new tokens", "attention_mask i64[b,t]", nil, [3]string{"[1,3] 1 1 1", "[1,1] 1", "[1,1] 1"}},
		{"left padding", "attention_mask i64[b,total]", ids(0, 1, 1), [3]string{"[1,3] 0 1 1", "[1,4] 0 1 1 1", "[1,5] 0 1 1 1 1"}},
		{"additive mask of queries and keys", "mask f32[b,1,t,past+t]", tensor.Of([]int{1, 1, 3, 3}, []float32{0, -9, -9, 0, 0, -9, -5, 0, 0}),
			[3]string{"[1,1,3,3] 0 -9 -9 0 0 -9 -5 0 0", "[1,1,1,4] -5 0 0 0", "[1,1,1,5] -5 0 0 0 0"}},
		{"positions", "position_ids i64[b,t]", nil, [3]string{"[1,3] 0 1 2", "[1,1] 3", "[1,1] 4"}},
		{"positions after padding", "position_ids i64[b,t]", ids(1, 0, 1), [3]string{"[1,3] 1 0 1", "[1,1] 2", "[1,1] 3"}},
		{"positions of all tokens", "position_ids i64[1,past+t]", nil, [3]string{"[1,3] 0 1 2", "[1,4] 0 1 2 3", "[1,5] 0 1 2 3 4"}},
		{"positions without batch", "cache_position i64[t]", nil, [3]string{"[3] 0 1 2", "[1] 3", "[1] 4"}},
		{"positions of another symbol", "position_ids i64[b,n]", nil, [3]string{"[1,3] 0 1 2", "[1,1] 3", "[1,1] 4"}},
		{"several positions", "position_ids i64[3,b,t]", nil, [3]string{"[3,1,3] 0 1 2 0 1 2 0 1 2", "[3,1,1] 3 3 3", "[3,1,1] 4 4 4"}},
		{"where the step begins", "start_position i64[]", nil, [3]string{"[] 0", "[] 3", "[] 4"}},
		{"token types", "token_type_ids i64[b,t]", nil, [3]string{"[1,3] 0 0 0", "[1,1] 0", "[1,1] 0"}},
		{"all lengths", "total_sequence_length i32[]", nil, [3]string{"[] 3", "[] 4", "[] 5"}},
		{"last position", "seqlens_k i32[b]", nil, [3]string{"[1] 2", "[1] 3", "[1] 4"}},
		{"length of the past", "past_sequence_length i64[]", nil, [3]string{"[] 0", "[] 3", "[] 4"}},
		{"switch", "use_cache_branch bool[1]", nil, [3]string{"[1] 0", "[1] 1", "[1] 1"}},
		{"encoder", "encoder_attention_mask i64[b,source]", ids(1, 1), [3]string{"[1,2] 1 1", "[1,2] 1 1", "[1,2] 1 1"}},
		{"setting", "temperature f32[1]", tensor.Of([]int{1}, []float32{0.5}), [3]string{"[1] 0.5", "[1] 0.5", "[1] 0.5"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := New(decoder(t, "input_ids i64[b,t]", test.port))
			if err != nil {
				t.Fatal(err)
			}
			in := map[string]*tensor.Tensor{"input_ids": ids(5, 6, 7)}
			name, _, _ := strings.Cut(test.port, " ")
			if test.given != nil {
				in[name] = test.given
			}
			p.First(in)
			for step, want := range test.want {
				if diff := cmp.Diff(map[string]string{name: want}, shown(in, p)); diff != "" {
					t.Errorf("step %d (-want +got):\n%s", step, diff)
				}
				if in, err = p.Next(in, []int64{8}); err != nil {
					t.Fatal(err)
				}
			}
			if got := in["input_ids"].String(); got != "i64[1,1]" || in["input_ids"].IntAt(0) != 8 {
				t.Errorf("tokens %s", got)
			}
		})
	}
}

// TestComplete: what follows from two tokens after three others.
func TestComplete(t *testing.T) {
	p, err := New(decoder(t, "input_ids i64[b,t]", "attention_mask i64[b,total]", "position_ids i64[b,t]", "cache_position i64[past+t]", "use_cache_branch bool[1]"))
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]*tensor.Tensor{"input_ids": ids(5, 6)}
	p.Complete(in, 3)
	want := map[string]string{"attention_mask": "[1,5] 1 1 1 1 1", "position_ids": "[1,2] 3 4", "cache_position": "[5] 0 1 2 3 4", "use_cache_branch": "[1] 1"}
	if diff := cmp.Diff(want, shown(in, p)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNotMadeUp: inputs that no rule can be right about are left to the caller.
func TestNotMadeUp(t *testing.T) {
	for _, other := range []string{
		"position_ids i64[1099511627776,t]", "past_len i64[64,64]", "seqlens_k i32[1099511627776,1099511627776]",
		"past_len str[b]", "use_cache_branch c64[1]",
	} {
		p, err := New(decoder(t, "input_ids i64[b,t]", other))
		if err != nil {
			t.Fatal(err)
		}
		in := map[string]*tensor.Tensor{"input_ids": ids(5, 6)}
		p.First(in)
		if got := shown(in, p); len(got) > 0 {
			t.Errorf("%s: made up %v", other, got)
		}
		if _, err := p.Next(in, []int64{8}); err != nil {
			t.Error(err)
		}
	}
	if _, err := New(decoder(t, "input_ids i64[b,t]", "attention_mask str[b,t]")); !errors.Is(err, ErrPlan) {
		t.Errorf("a mask of strings: %v", err)
	}
}

func TestNotDriven(t *testing.T) {
	stateless := decoder(t, "input_ids i64[b,t]")
	stateless.States = nil
	scores := decoder(t, "input_ids i64[b,t]")
	scores.Outputs = append(scores.Outputs, port(t, "other f32[b,t,9]"))
	scores.Outputs[0].Name = "out"
	for _, c := range []struct {
		name string
		p    *codegen.Program
		want string
	}{
		{"no state", stateless, "no inputs that continue an output"},
		{"no tokens", decoder(t, "inputs_embeds f32[b,t,16]"), "want one input of token ids, i64[batch, length]; the inputs are inputs_embeds f32[b,t,16]"},
		{"unknown input per token", decoder(t, "input_ids i64[b,t]", "gates f32[b,t,4]", "noise f32[b,past+t]"), `input "gates" (f32[b,t,4]) has a part for every token`},
		{"mask of one size", decoder(t, "input_ids i64[b,t]", "attention_mask i64[b,16]"), `input "attention_mask" (i64[b,16]) has one size for all steps`},
		{"several tokens always", decoder(t, "input_ids i64[b,5]"), "takes 5 tokens in every step"},
		{"two outputs", scores, "2 outputs could be the logits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := New(c.p)
			if !errors.Is(err, ErrPlan) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	if _, err := New(decoder(t, "x f32[b,t,4]")); !errors.Is(err, ErrTokens) {
		t.Errorf("error %v, want that there are no tokens", err)
	}
	if _, err := New(decoder(t, "input_ids i64[b,t]", "gates f32[b,t,4]", "noise f32[b,past+t]")); !strings.Contains(err.Error(), "noise") {
		t.Errorf("error %v, want every input that is not known", err)
	}
}

func TestTokenInput(t *testing.T) {
	for _, c := range []struct {
		want   string
		inputs []string
	}{
		{"input_ids", []string{"token_type_ids i64[b,t]", "input_ids i64[b,t]"}},
		{"decoder_input_ids", []string{"decoder_attention_mask i64[b,total]", "decoder_input_ids i64[b,t]"}},
		{"x", []string{"x i32[b,t]", "attention_mask i64[b,total]", "position_ids i64[b,t]"}},
	} {
		p, err := New(decoder(t, c.inputs...))
		if err != nil || p.Tokens != c.want {
			t.Errorf("%q: error %v, tokens %q, want %q", c.inputs, err, p.Tokens, c.want)
		}
	}
}

func TestGreedy(t *testing.T) {
	p, err := New(decoder(t, "input_ids i64[b,t]"))
	if err != nil {
		t.Fatal(err)
	}
	logits := tensor.New(tensor.Float32, 2, 2, 9)
	logits.SetFloat(3, 7)      // of a position that isn't the last
	logits.SetFloat(9+5, 1)    // the first sequence's
	logits.SetFloat(27+2, 0.5) // the second's, and another as large after it
	logits.SetFloat(27+4, 0.5)
	got, err := p.Greedy(map[string]*tensor.Tensor{"logits": logits})
	if diff := cmp.Diff([]int64{5, 2}, got); err != nil || diff != "" {
		t.Errorf("error %v, tokens (-want +got):\n%s", err, diff)
	}
	for i := range 27 {
		logits.SetFloat(i, math.NaN())
	}
	if _, err := p.Greedy(map[string]*tensor.Tensor{"logits": logits}); err == nil || !strings.Contains(err.Error(), "NaN for every token of sequence 0") {
		t.Errorf("no numbers: error %v", err)
	}
	logits.SetFloat(9+7, -3)
	if got, err := p.Greedy(map[string]*tensor.Tensor{"logits": logits}); err != nil || got[0] != 7 {
		t.Errorf("one number: error %v, tokens %v", err, got)
	}
	if _, err := p.Greedy(map[string]*tensor.Tensor{"logits": tensor.New(tensor.Float32, 1, 0, 9)}); err == nil {
		t.Error("no positions: no error")
	}
	if _, err := p.Next(map[string]*tensor.Tensor{"input_ids": ids(1)}, []int64{1, 2}); err == nil {
		t.Error("two tokens for one sequence: no error")
	}
}
