package onnx

import "github.com/parallax-go/parallax/ir/op"

// specialRules are those of constants, which become values, of random numbers, and of
// control flow.
func specialRules() []rule {
	body := known{"body": custom}
	list := []rule{
		{name: "Dropout", since: 1, known: known{"is_test": must(1), "ratio": ignored, "consumed_inputs": ignored}, build: dropout(false)},
		{name: "Dropout", since: 7, known: known{"ratio": ignored}, build: dropout(false)},
		{name: "Dropout", since: 10, known: known{"ratio": ignored}, build: dropout(true)},
		{name: "Dropout", since: 12, known: known{"seed": ignored}, build: dropout(true)},
		{op: op.RandomUniformLike, since: 1, known: known{"dtype": field, "low": as("a"), "high": as("b"), "seed": field}},
		{op: op.RandomNormalLike, since: 1, known: known{"dtype": field, "mean": as("a"), "scale": as("b"), "seed": field}},
		{op: op.RandomUniformLike, name: "RandomUniform", since: 1, known: known{"dtype": field.or("f32"), "low": as("a"), "high": as("b"), "seed": field, "shape": custom}, build: one(randomOfShape)},
		{op: op.RandomNormalLike, name: "RandomNormal", since: 1, known: known{"dtype": field.or("f32"), "mean": as("a"), "scale": as("b"), "seed": field, "shape": custom}, build: one(randomOfShape)},
		{name: "Bernoulli", since: 15, known: known{"dtype": custom, "seed": custom}, build: one(bernoulli)},
		{name: "ConstantOfShape", since: 9, known: known{"value": custom}, build: constantOfShape},

		{op: op.If, since: 1, known: known{"then_branch": custom, "else_branch": custom}, build: importIf, write: writeRegions("then_branch", "else_branch")},
		{op: op.Loop, since: 1, known: body, build: importLoop, write: writeRegions("body")},
		{op: op.Scan, since: 9, known: known{"body": custom, "num_scan_inputs": field, "scan_input_axes": field,
			"scan_input_directions": field, "scan_output_axes": field, "scan_output_directions": field}, build: importScan, write: writeRegions("body")},
	}
	constants := known{}
	for name := range constantReaders {
		constants[name] = custom
	}
	return append(list, rule{name: "Constant", since: 1, known: constants, build: constant})
}
