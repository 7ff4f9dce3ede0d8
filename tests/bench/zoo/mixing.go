package zoo

// mixing is a feed-forward of tokens of a 56×56 plane that mixes neighbours by a
// convolution of single channels, as Segformer's first stage has it.
const mixing = `
u0 = MatMul x wu:32x128
u = Add bu:128 u0
t = Transpose u perm=0,2,1
plane = Reshape t [0,128,56,56]
c = Conv plane wc:128x1x3x3 bc:128 kernel_shape=3,3 pads=1,1,1,1 group=128
line = Reshape c [0,128,3136]
r = Transpose line perm=0,2,1
e0 = Div r 1.4142135
e1 = Erf e0
e2 = Add e1 1.0
e3 = Mul r e2
g = Mul e3 0.5
d0 = MatMul g wd:128x32
d = Add bd:32 d0
y = Add d x
`

// Mixing is the file of a feed-forward that mixes neighbours, of [batch,3136,32].
func Mixing() Graph {
	return Graph{Name: "mixing", Inputs: "x:f32[batch,3136,32]", Outputs: "y:f32[batch,3136,32]", Nodes: mixing}
}
