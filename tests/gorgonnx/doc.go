// Package gorgonnx compares onnx/onnxgo with onnx-go's own back end, gorgonnx. It is
// a module of its own, since gorgonia and what that needs are nothing that users
// of the library should get; gorgonia is v0.9.18 here because the version that
// onnx-go asks for does not build with the tensors that start under today's Go.
package gorgonnx
