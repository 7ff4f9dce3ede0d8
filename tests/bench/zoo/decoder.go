package zoo

import (
	"fmt"
	"strings"
)

// Sizes are those of a decoder like Llama's.
type Sizes struct{ Layers, Hidden, Heads, KVHeads, Head, FeedForward int }

// norm is an RMSNorm of {in}.
const norm = `
sq{id}# = Pow {in}# 2.0
ms{id}# = ReduceMean sq{id}# axes=-1, keepdims=1
me{id}# = Add ms{id}# 1e-5
rms{id}# = Sqrt me{id}#
inv{id}# = Div 1.0 rms{id}#
unit{id}# = Mul {in}# inv{id}#
{out}# = Mul gain{id}#:{hidden}~1 unit{id}#
`

// rotary turns the halves of {in}.
const rotary = `
c{in}# = Mul {in}# cos
a{in}# = Slice {in}# [0] [{half}] [3] [1]
b{in}# = Slice {in}# [{half}] [9223372036854775807] [3] [1]
n{in}# = Neg b{in}#
r{in}# = Concat n{in}# a{in}# axis=3
s{in}# = Mul r{in}# sin
{out}# = Add c{in}# s{in}#
`

// repeated brings {in} from {kv} heads to {heads}.
const repeated = `
l{id}# = Shape {in}
t{id}# = Gather l{id}# i:2 axis=0
u{id}# = Unsqueeze t{id}# [0]
five{id}# = Unsqueeze {in} [2]
wide{id}# = Concat b1# [{kv}] [{group}] u{id}# [{head}] axis=0
e{id}# = Expand five{id}# wide{id}#
four{id}# = Concat b1# [{heads}] u{id}# [{head}] axis=0
{out}# = Reshape e{id}# four{id}#
`

// decoderLayer is one layer, with a cache: past and present.
var decoderLayer = fill(norm, "id", 1, "in", "h", "out", "x") + `
q0# = MatMul x# wq#:{hidden}x{query}
k0# = MatMul x# wk#:{hidden}x{key}
v0# = MatMul x# wv#:{hidden}x{key}
sh# = Shape x#
b0# = Gather sh# i:0 axis=0
n0# = Gather sh# i:1 axis=0
b1# = Unsqueeze b0# [0]
n1# = Unsqueeze n0# [0]
qs# = Concat b1# n1# [{heads}] [{head}] axis=0
ks# = Concat b1# n1# [{kv}] [{head}] axis=0
q1# = Reshape q0# qs#
k1# = Reshape k0# ks#
v1# = Reshape v0# ks#
q# = Transpose q1# perm=0,2,1,3
k# = Transpose k1# perm=0,2,1,3
v# = Transpose v1# perm=0,2,1,3
` + fill(rotary, "in", "q", "out", "turnedq") + fill(rotary, "in", "k", "out", "turnedk") + `
present_key_values#.key = Concat past_key_values#.key turnedk# axis=2
present_key_values#.value = Concat past_key_values#.value v# axis=2
` + fill(repeated, "id", "kk", "in", "present_key_values#.key", "out", "keys") + fill(repeated, "id", "vv", "in", "present_key_values#.value", "out", "values") + `
kt# = Transpose keys# perm=0,1,3,2
s0# = MatMul turnedq# kt#
ss# = Div s0# {root}
sm# = Add ss# mask
p# = Softmax sm# axis=-1
o0# = MatMul p# values#
o1# = Transpose o0# perm=0,2,1,3
os# = Concat b1# n1# [{query}] axis=0
o2# = Reshape o1# os#
o3# = MatMul o2# wo#:{query}x{hidden}
r# = Add h# o3#
` + fill(norm, "id", 2, "in", "r", "out", "y") + `
up# = MatMul y# wu#:{hidden}x{ffn}
gate# = MatMul y# wg#:{hidden}x{ffn}
sg# = Sigmoid gate#
silu# = Mul gate# sg#
act# = Mul silu# up#
d# = MatMul act# wd#:{ffn}x{hidden}
h% = Add r# d#
`

// positions makes the tables of the rotary embedding and the causal mask from
// the length of the cache.
const positions = `
ps = Shape past_key_values.0.key
past = Gather ps i:2 axis=0
hs = Shape h.0
new = Gather hs i:1 axis=0
total = Add past new
queries = Range past total i:1
keys = Range i:0 total i:1
angles = Cast queries to=1
fresh = Unsqueeze angles [1]
exponents = Range i:0 i:{half} i:1
exponent = Cast exponents to=1
scaled = Mul exponent {step}
frequencies = Pow 10000.0 scaled
turned = Mul fresh frequencies
both = Concat turned turned axis=1
cos = Cos both
sin = Sin both
rows = Unsqueeze queries [1]
hidden = Greater keys rows
mask = Where hidden -3.4028235e38 0.0
`

// Decoder is a decoder on embeddings with a cache.
func Decoder(s Sizes) Graph {
	g := Graph{Name: "decoder", Inputs: "h.0:f32[batch,seq,{hidden}]", Outputs: "h.{layers}:f32[batch,seq,{hidden}]"}
	for i := range s.Layers {
		for _, what := range []string{"key", "value"} {
			g.Inputs += fmt.Sprintf(" past_key_values.%d.%s:f32[batch,{kv},past,{head}]", i, what)
			g.Outputs += fmt.Sprintf(" present_key_values.%d.%s:f32[batch,{kv},total,{head}]", i, what)
		}
	}
	sized := func(text string) string {
		return fill(text, "layers", s.Layers, "hidden", s.Hidden, "heads", s.Heads, "kv", s.KVHeads, "group", s.Heads/s.KVHeads,
			"head", s.Head, "half", s.Head/2, "query", s.Heads*s.Head, "key", s.KVHeads*s.Head, "ffn", s.FeedForward,
			"root", root(s.Head), "step", fmt.Sprintf("%.7f", -2/float64(s.Head)))
	}
	g.Inputs, g.Outputs = sized(g.Inputs), sized(g.Outputs)
	g.Nodes = sized(positions) + layers(sized(decoderLayer), s.Layers)
	return g
}

// Pasts pairs the decoder's inputs that take what an output was.
func Pasts(s Sizes) map[string]string {
	all := map[string]string{}
	for i := range s.Layers {
		for _, what := range []string{"key", "value"} {
			past := fmt.Sprintf("past_key_values.%d.%s", i, what)
			all[past] = strings.Replace(past, "past", "present", 1)
		}
	}
	return all
}
