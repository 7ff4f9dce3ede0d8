// Package engine runs models in worker processes, one for each engine, which are
// driven by lines of JSON over their standard input and output. A worker times
// itself around its calls, so that neither the pipe nor the interpreter's start
// is measured, and no engine's threads live in the process of another.
package engine
