// Package readme writes the tables of the README from the code and the fixtures,
// and tests that they are up to date.
package readme

//go:generate go test -run TestTables -update .
