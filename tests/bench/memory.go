package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/tests/bench/engine"
)

// memory prints the anonymous memory in bytes that loading a model adds to this
// process: what is not backed by a file.
func memory(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("memory wants one model, not %q", args)
	}
	before, err := engine.Memory("RssAnon")
	if err != nil {
		return err
	}
	m, err := parallax.Load(args[0])
	if err != nil {
		return err
	}
	runtime.GC()
	debug.FreeOSMemory()
	after, err := engine.Memory("RssAnon")
	if err != nil {
		return err
	}
	fmt.Println(after - before)
	return m.Close()
}
