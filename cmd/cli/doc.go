// Package cli is the parallax command: flags, files and rendering. What it does
// is in the façade; here is how it is asked for and shown.
//
// The result of a command goes to standard output, and nothing else does:
// progress and messages go to standard error. With --json the result is one JSON
// object whose schema is in docs/schema.
package cli
