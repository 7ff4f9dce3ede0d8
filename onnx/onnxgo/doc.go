// Package onnxgo runs models for programs that were written against
// github.com/owulveryck/onnx-go.
//
// [Model] takes the place of onnx-go's: it has the same methods and is given the
// same bytes, but reads them with this project's importer. The graph that it is
// made with does the running:
//
//	backend := onnxgo.NewGraph()
//	model := onnxgo.NewModel(backend)
//	err := model.UnmarshalBinary(data)
//	err = model.SetInput(0, input)
//	err = backend.Run()
//	outputs, err := model.GetOutputTensors()
//
// External data is not read: onnx-go is given the bytes of a model and no folder.
//
// [Graph] alone is a backend.ComputationBackend, for programs that keep onnx-go's
// own Model. It can only do what that tells a back end, which is less than the
// file says:
//
//   - Files that onnx-go's decoder refuses stay refused: 16-bit floats, attributes
//     that are graphs (If, Loop, Scan), empty tensors, external data, bool
//     initializers in raw_data of other than 8 bytes per element.
//   - Operators come without their domain. A name is taken for ai.onnx's, and for
//     another domain's only if ai.onnx has none; model-local functions are lost.
//   - Opset versions are lost. The graph is read in the versions that its
//     attributes and operands fit; if its meaning differs between those, Run says
//     so, and [WithOpset] tells the version.
//   - Names of dims and their order are lost: onnx-go leaves symbolic dims out of
//     a shape. Input types are therefore those of the tensors that are set, and the
//     graph is compiled anew when an element type or a rank changes.
//   - Initializers and inputs look alike. Tensors set before the first operation
//     arrives are constants, those set later are inputs; so an input that is never
//     set is the constant zero that onnx-go puts there.
//   - Outputs look like other tensors. What no operation reads is computed; any
//     other tensor when its node is first asked for it, and in later runs.
//   - onnx-go's SetInput takes the number of the input for the id of its node,
//     which is wrong where initializers are listed among the inputs before it.
//
// onnx-go itself may panic on damaged files; [Model] does not.
//
// An operator that is not supported is an *onnx.ErrNotImplemented of onnx-go,
// wrong inputs match parallax.ErrInput. The package knows the façade, and of the
// stages behind it only the reading of files; graphs, passes and kernels it does
// not know.
package onnxgo
