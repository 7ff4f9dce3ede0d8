package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/cmd/cli"
)

func command(args []string) int { return cli.Main(args, os.Stdin, os.Stdout, os.Stderr) }

// printMemory prints the anonymous memory in bytes that loading a model adds to
// this process: what is not backed by a file.
func printMemory(model string) error {
	before, err := anonymous()
	if err != nil {
		return err
	}
	m, err := parallax.Load(model)
	if err != nil {
		return err
	}
	runtime.GC()
	debug.FreeOSMemory()
	after, err := anonymous()
	if err != nil {
		return err
	}
	fmt.Println(after - before)
	return m.Close()
}

// anonymous reads RssAnon of Linux's /proc/self/status.
func anonymous() (int64, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("memory is measured on Linux only: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "RssAnon:"); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no RssAnon")
}
