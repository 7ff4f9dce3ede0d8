// Package contest measures cases, which are models on inputs, with several
// engines in alternation, and judges rows, which are figures of cases with a
// target. The cases and rows are tables.
package contest
