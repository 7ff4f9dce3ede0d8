package zoo

// block is a self-attention of 12 heads of 64 on x#, and what projects its
// result, as TorchScript's exporter writes them; mask is added to the scores.
const block = `
q0# = MatMul x# wq#:768x768
q1# = Add bq#:768 q0#
k0# = MatMul x# wk#:768x768
k1# = Add bk#:768 k0#
v0# = MatMul x# wv#:768x768
v1# = Add bv#:768 v0#
s# = Shape x#
batch# = Gather s# i:0 axis=0
seq# = Gather s# i:1 axis=0
b# = Unsqueeze batch# [0]
n# = Unsqueeze seq# [0]
split# = Concat b# n# [12] [64] axis=0
q2# = Reshape q1# split#
q# = Transpose q2# perm=0,2,1,3
k2# = Reshape k1# split#
k# = Transpose k2# perm=0,2,3,1
v2# = Reshape v1# split#
v# = Transpose v2# perm=0,2,1,3
scores# = MatMul q# k#
scaled# = Div scores# 8.0
{mask}
p# = Softmax {masked} axis=-1
o0# = MatMul p# v#
o1# = Transpose o0# perm=0,2,1,3
merged# = Concat b# n# [768] axis=0
o2# = Reshape o1# merged#
o3# = MatMul o2# wo#:768x768
o# = Add bo#:768 o3#
`

// feedForward is that of y#, with the exact GELU written out.
const feedForward = `
u0# = MatMul y# wu#:768x3072
u# = Add bu#:3072 u0#
e0# = Div u# 1.4142135
e1# = Erf e0#
e2# = Add e1# 1.0
e3# = Mul u# e2#
g# = Mul e3# 0.5
d0# = MatMul g# wd#:3072x768
d# = Add bd#:768 d0#
`

// postNorm is a layer of BERT: the norms come after the residuals.
var postNorm = fill(block, "mask", "masked# = Add scaled# mask", "masked", "masked#") + `
r# = Add o# x#
y# = LayerNormalization r# g1#:768~1 b1#:768 axis=-1 epsilon=1e-12
` + feedForward + `
t# = Add d# y#
x% = LayerNormalization t# g2#:768~1 b2#:768 axis=-1 epsilon=1e-12
`

// Encoder is n layers of BERT-base's size on embeddings, with a mask of padding.
func Encoder(n int) Graph {
	return Graph{
		Name:    "encoder",
		Inputs:  "x.0:f32[batch,seq,768] attention_mask:i64[batch,seq]",
		Outputs: numbered("x#:f32[batch,seq,768]", n),
		Nodes: `
m1 = Unsqueeze attention_mask [1]
m2 = Unsqueeze m1 [2]
m3 = Cast m2 to=1
m4 = Sub 1.0 m3
mask = Mul m4 -3.4028235e38
` + layers(postNorm, n),
	}
}

// preNorm is a layer of ViT: the norms come before the blocks.
var preNorm = `
x# = LayerNormalization h# g1#:768~1 b1#:768 axis=-1 epsilon=1e-12
` + fill(block, "mask", "", "masked", "scaled#") + `
r# = Add o# h#
y# = LayerNormalization r# g2#:768~1 b2#:768 axis=-1 epsilon=1e-12
` + feedForward + `
h% = Add d# r#
`

// ViT is ViT-B/16 of n layers, 12 in the paper, with a classifier.
func ViT(n int) Graph {
	return Graph{
		Name:    "vit",
		Inputs:  "pixels:f32[batch,3,224,224]",
		Outputs: "logits:f32[batch,1000]",
		Nodes: `
patches = Conv pixels patch:768x3x16x16 patch_bias:768 kernel_shape=16,16 strides=16,16
ps = Shape patches
first = Slice ps [0] [2] [0]
flat = Concat first [-1] axis=0
rows = Reshape patches flat
tokens = Transpose rows perm=0,2,1
batch = Slice ps [0] [1] [0]
one = Concat batch [-1] [-1] axis=0
minus = Equal one [-1]
sizes = Where minus [1] one
class = Expand class_token:1x1x768 sizes
both = Concat class tokens axis=1
h.0 = Add both positions:1x197x768
` + layers(preNorm, n) + fill(`
last = LayerNormalization h.{n} g:768~1 b:768 axis=-1 epsilon=1e-12
top = Gather last i:0 axis=1
l0 = MatMul top head:768x1000
logits = Add head_bias:1000 l0
`, "n", n),
	}
}
