// Package onnxtest writes small ONNX models down in one line each, for tests:
//
//	onnxtest.Model(18, onnxtest.Graph("x:f32[2,n]", "z", onnxtest.Node("Neg", "x", "z")))
//
// Nothing is checked: wrong models are what some tests want.
package onnxtest
