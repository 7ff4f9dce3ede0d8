// Package conformance runs the ONNX node tests of the operators that parallax
// has. They come from the wheel of the onnx package: cmd fetch gets them, and the
// build tag conformance turns the tests on (make conformance does both).
//
// Two lists say what is expected. pass.txt names the tests that pass: one that
// does not is a regression, one that does and is not listed is progress to be
// noted (go test -tags conformance -update does). lacking.txt names those of our
// operators in forms that we lack, with the reason. Tests of other operators are
// not listed.
package conformance
