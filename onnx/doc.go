// Package onnx turns ONNX models into graphs of package ir and back.
//
// [Import] upgrades every node to the one canonical operator of package ir/op,
// by a table of {domain, operator, since-version} (rules*.go): attributes that
// newer opsets made operands become constants, old broadcasting and flattening
// become shape operators, constants become values, model-local functions are
// expanded in place. What the table doesn't know becomes an opaque node, which
// keeps everything the file said; [Unsupported] lists them all. [Export] goes
// the other way by the same table.
//
// The package knows files only as an fs.FS, and nothing of passes, kernels and
// of how anything is run.
package onnx
