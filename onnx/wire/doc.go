// Package wire holds the ONNX protobuf messages as plain Go structs, and reads
// and writes them.
//
// Field numbers and names are those of onnx-ml.proto and onnx-data.proto, IR
// version 13 (ONNX 1.22); Go names are the proto's own in Go spelling, so the
// comments of those files are the reference for every field. One table per
// message (tables.go) drives decoding, sizing and encoding alike.
//
// # Aliasing
//
// Decoding is zero-copy where it pays: raw_data, string_data, packed numbers,
// attribute strings, unknown fields and the messages kept raw are sub-slices of
// the input, capped so that append never writes into it. They live as long as
// the input does; for a mapped [File] that is until Close. Go strings (names,
// operator types, docs, metadata) are copies and outlive the input.
//
// # Hostile input
//
// Any input gives a value or an [*Error] naming the place; none panics. Nothing
// is allocated on the word of a length that the input doesn't back with bytes,
// nesting is limited to [MaxDepth] and the number of messages to [MaxMessages].
// Time and memory are linear in the input.
//
// # Fidelity
//
// Fields this package doesn't know, and fields that the file spells out
// although they hold the default value, are kept in [Extra]. So a file that
// protobuf itself wrote re-encodes to the same bytes.
//
// The package knows nothing of what a model means: no operator, no shape rule,
// no file resolution. It imports the standard library and protowire alone.
package wire
