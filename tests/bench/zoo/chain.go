package zoo

// Chain is a graph of so many nodes: blocks of attention with one head of 16 and
// a residual, so that every pass has work.
func Chain(nodes int) Graph {
	const perBlock = 10
	const block = `
q# = MatMul x# w:16x16
k# = MatMul x# w
v# = MatMul x# w
kt# = Transpose k# perm=0,2,1
scores# = MatMul q# kt#
scaled# = Mul scores# 0.25
p# = Softmax scaled# axis=-1
o# = MatMul p# v#
sum# = Add x# o#
x% = Relu sum#
`
	n := nodes / perBlock
	return Graph{
		Name: "chain", Inputs: "x.0:f32[batch,seq,16]", Outputs: numbered("x#:f32[batch,seq,16]", n), Nodes: layers(block, n),
	}
}
