package zoo

import "strings"

// Op is an operator, or the few nodes that exporters write for one, on width
// elements a row.
type Op struct {
	Name string
	// Inputs are those of one copy: # is its number. Without # all copies read
	// the same.
	Inputs string
	Nodes  string
	Output string // its type; the output is y#, or of a chain x%
	// Chain says that a copy reads x# and makes x% of it, so that one file holds a
	// chain of copies. Copies of others stand side by side: a chain of transposes
	// is none, one of GELUs ends in denormal numbers.
	Chain bool
}

// Copies writes n copies into one file, which hides what a run costs beside its
// kernels.
func (o Op) Copies(n int) Graph {
	g := Graph{Name: o.Name, Nodes: layers(o.Nodes, n)}
	for i := range n {
		for _, in := range strings.Fields(o.Inputs) {
			if o.Chain && i > 0 || !strings.Contains(in, "#") && i > 0 {
				continue
			}
			g.Inputs += " " + numbered(in, i)
		}
		if !o.Chain {
			g.Outputs += numbered(" y#:"+o.Output, i)
		}
	}
	if o.Chain {
		g.Outputs = numbered("x#:"+o.Output, n)
	}
	return g
}

// Ops are operators on [batch,seq,1024], or on [batch,16,seq,64] if they are of
// heads.
var Ops = []Op{
	{"LayerNorm", "x#:" + row, "x% = LayerNormalization x# g#:1024~1 b#:1024 axis=-1 epsilon=1e-5", row, true},
	{"RMSNorm", "x#:" + row, fill(strings.ReplaceAll(norm, "{out}#", "x%"), "id", "", "in", "x", "hidden", 1024), row, true},
	{"Softmax", "x#:" + row, "x% = Softmax x# axis=-1", row, true},
	{"GELU", "x#:" + row, gelu, row, false},
	{"SiLU", "x#:" + row, "s# = Sigmoid x#\ny# = Mul x# s#", row, false},
	{"RoPE", "x#:" + heads + " cos:f32[seq,64] sin:f32[seq,64]",
		strings.ReplaceAll(fill(rotary, "in", "x", "out", "{out}", "half", 32), "{out}#", "x%"), heads, true},
	{"Add/Mul chain", "x#:" + row + " y:" + row, "a# = Mul x# g#:1024~1\nb# = Add a# c#:1024\nd# = Mul b# 0.5\nx% = Add d# y", row, true},
	{"Add", "x#:" + row + " z#:" + row, "y# = Add x# z#", row, false},
	{"Transpose", "x#:" + row, "y# = Transpose x# perm=0,2,1", "f32[batch,1024,seq]", false},
	{"Transpose of heads", "x#:f32[batch,seq,16,64]", "y# = Transpose x# perm=0,2,1,3", heads, false},
	{"Gather", "ids#:i64[batch,seq]", "y# = Gather table:4096x1024 ids# axis=0", row, false},
	{"Concat", "x#:f32[batch,16,seq,32] z#:f32[batch,16,seq,32]", "y# = Concat x# z# axis=-1", heads, false},
	{"Concat of a cache", "x#:f32[batch,16,past,64] z#:f32[batch,16,past,64]", "y# = Concat x# z# axis=2", "f32[batch,16,seq,64]", false},
	{"ReduceMean of rows", "x#:" + row, "y# = ReduceMean x# axes=-1, keepdims=1", "f32[batch,seq,1]", false},
	{"ReduceMax of rows", "x#:" + row, "y# = ReduceMax x# axes=-1, keepdims=1", "f32[batch,seq,1]", false},
	{"ReduceSum of columns", "x#:" + row, "y# = ReduceSum x# [1] keepdims=0", "f32[batch,1024]", false},
}

const (
	row   = "f32[batch,seq,1024]"
	heads = "f32[batch,16,seq,64]"
)

const gelu = `
a# = Div x# 1.4142135
b# = Erf a#
c# = Add b# 1.0
d# = Mul x# c#
y# = Mul d# 0.5
`

// MatMul is a product with a constant right operand.
func MatMul(k, n int) Graph {
	return Graph{
		Name:    "matmul",
		Inputs:  fill("x:f32[m,{k}]", "k", k),
		Outputs: fill("y:f32[m,{n}]", "n", n),
		Nodes:   fill("y = MatMul x w:{k}x{n}", "k", k, "n", n),
	}
}
