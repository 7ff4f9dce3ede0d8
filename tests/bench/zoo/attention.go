package zoo

import (
	"math"
	"strconv"
	"strings"
)

// Attention says which attention to write.
type Attention struct {
	Heads, KVHeads, Head int
	Causal, Padding      bool
	Probe                bool // Parallax, in weight form
}

// root is √n as a literal of Graph.
func root(n int) string { return strconv.FormatFloat(math.Sqrt(float64(n)), 'f', 7, 64) }

// Graph is the subgraph alone, on heads that are split already.
func (a Attention) Graph() Graph {
	g := Graph{
		Name:    "attention",
		Inputs:  "q:f32[batch,{heads},queries,{head}] k:f32[batch,{kv},keys,{head}] v:f32[batch,{kv},keys,{head}]",
		Outputs: "o:f32[batch,{heads},queries,{head}]",
	}
	keys, values, masked := "k", "v", "scaled"
	var before, mask strings.Builder
	if a.KVHeads < a.Heads {
		before.WriteString("ks = Shape k\nb0 = Gather ks i:0 axis=0\nb1 = Unsqueeze b0 [0]\n" +
			strings.ReplaceAll(fill(repeated, "id", "k", "in", "k", "out", "kk")+fill(repeated, "id", "v", "in", "v", "out", "vv"), "#", ""))
		keys, values = "kk", "vv"
	}
	if a.Padding {
		g.Inputs += " attention_mask:i64[batch,keys]"
		mask.WriteString(padding)
		masked = "padded"
	}
	if a.Causal {
		mask.WriteString(causal)
		masked = "seen"
	}
	g.Nodes = before.String() + "kt = Transpose " + keys + " perm=0,1,3,2\nscores = MatMul q kt\nscaled = Div scores {root}\n" +
		mask.String() + "p = Softmax " + masked + " axis=-1\n"
	if a.Probe {
		g.Inputs += " r:f32[batch,{heads},queries,{head}]"
		g.Nodes += probe
		g.Nodes += "o = MatMul w " + values + "\n"
	} else {
		g.Nodes += "o = MatMul p " + values + "\n"
	}
	for _, text := range []*string{&g.Inputs, &g.Outputs, &g.Nodes} {
		*text = fill(*text, "heads", a.Heads, "kv", a.KVHeads, "group", a.Heads/a.KVHeads, "head", a.Head, "root", root(a.Head))
	}
	return g
}

const padding = `
m1 = Unsqueeze attention_mask [1]
m2 = Unsqueeze m1 [2]
m3 = Cast m2 to=1
m4 = Sub 1.0 m3
m5 = Mul m4 -3.4028235e38
padded = Add scaled m5
`

// causal hides the keys after each query, the last query being at the last key.
const causal = `
qshape = Shape q
kshape = Shape k
nq = Gather qshape i:2 axis=0
nk = Gather kshape i:2 axis=0
past = Sub nk nq
rows = Range past nk i:1
columns = Range i:0 nk i:1
row = Unsqueeze rows [1]
later = Greater columns row
hidden = Where later -3.4028235e38 0.0
seen = Add scaled hidden
`

// probe makes the weights p(1 + t̄ - t) of Parallax, t = r·k.
const probe = `
t = MatMul r kt
pt = Mul p t
mean = ReduceSum pt [-1] keepdims=1
gap = Sub mean t
factor = Add gap 1.0
w = Mul p factor
`
