// Parallax compiles, runs and explains ONNX models. See parallax help.
package main

import (
	"os"

	"github.com/parallax-go/parallax/cmd/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
