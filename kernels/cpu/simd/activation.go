package simd

// Activation numbers the functions that follow a bias in [Kernels.Bias].
type Activation uint8

// The activations, in the order of the kernels.
const (
	NoActivation Activation = iota
	Relu
	Gelu
	GeluTanh
	Silu
	QuickGelu
	Tanh
	Sigmoid
)

// Function is the activation alone, on the level in use; nil for none.
func (a Activation) Function() func(n int, z, x *float32) {
	k := Active
	return [...]func(n int, z, x *float32){nil, k.Relu, k.Gelu, k.GeluTanh, k.Silu, k.QuickGelu, k.Tanh, k.Sigmoid}[a]
}
