// Package text reads the printed form of a graph, which [ir.Graph.Print] writes:
// printing and parsing are inverse, numbers of values included.
//
// What is written by hand may leave out more than the printer does:
//
//	graph {
//	  input %q : f32[b,8,t,64]   # a name in place of a number
//	  input %k : f32[b,8,s,64]
//	  %kt = Transpose(%k) {perm=[0,1,3,2]}   # types are inferred
//	  %s = MatMul(%q, %kt)
//	  %scaled = Mul(%s, f32 = 0.125)   # a constant as operand
//	  %p = Softmax(%scaled) : f32[b,8,t,s]   # a type that is given is checked
//	  output %p
//	}
//
// A value that is referred to by a word is named by it unless a name in quotes
// follows. Constants are type = contents: f32 = 2, i64 = [0, -1],
// f32[2,2] = [1, 0, 0, 1], f32[8,8] = fill 0.5, f32[1000] = base64 "…".
//
// The package knows the operators of package op and no others.
package text
