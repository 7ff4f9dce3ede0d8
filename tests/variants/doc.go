// Package variants holds one small test for every way in which files write
// attention, and for every thing beside it: docs/attention.md is its table.
//
// Each file of testdata is about one id and has several cases, which are graphs in
// the text form. The whole standard pipeline is run on each; the section of the
// same name that follows says what became of every anchor, and what else is left
// in the graph. A graph in which something was fused is computed before and after.
//
//	go test ./tests/variants -update
//
// writes these sections and the table. What they say is what holds; whether it is
// right has to be looked at.
package variants
