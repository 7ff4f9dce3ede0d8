// Package gosrc prints a program as a Go package: its tables as literals of
// runtime/rt, its steps as calls of the functions that the in-process run calls,
// in the same order, so that both give the same bits. The constants go to one
// file that the package embeds.
//
// What it prints is gofmt-clean and the same every time. Inside an existing module
// the package imports the project's runtime packages; a standalone one brings
// their sources along, and builds without any dependency.
//
// The package knows no operator: how a kernel is called follows from its Go
// signature.
package gosrc
