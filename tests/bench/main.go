// Bench measures: against other engines in alternation, which is what it does
// without a command, how compile time grows, where the time of a run goes, and
// whether fusing ever loses.
//
//	go run . [flags]      against ONNX Runtime and OpenVINO: docs/performance.md
//	go run . growth       compile time by the size of the graph
//	go run . profile      load, memory and time by operator, fused and unfused
//	go run . fixtures     every fixture fused against unfused
//	go run . survey       architectures that PyTorch exports against the peers: docs/survey.md
//
// It is a module of its own for its dependencies: the tokenizer of the real model.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/parallax-go/parallax/tests/bench/engine"
	"github.com/parallax-go/parallax/tests/models"
)

// command is what can be asked for.
type command struct {
	name  string
	flags func(*flag.FlagSet)
	run   func(args []string) error
}

func commands() []command {
	p, s, f, pr := &peers{}, &survey{}, &fixtures{}, &profile{}
	none := func(*flag.FlagSet) {}
	return []command{
		{"peers", p.flags, p.run},
		{"survey", s.flags, s.run},
		{"growth", none, growth},
		{"profile", pr.flags, pr.run},
		{"fixtures", f.flags, f.run},
		{"memory", none, memory}, // of loading a model: profile starts it
		{"worker", none, func([]string) error { return engine.Serve(os.Stdin, os.Stdout) }}, // peers starts it
	}
}

func main() {
	log.SetFlags(0)
	name, args := "peers", os.Args[1:]
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	for _, c := range commands() {
		if c.name != name {
			continue
		}
		set := flag.NewFlagSet(name, flag.ExitOnError)
		c.flags(set)
		set.Parse(args)
		if err := c.run(set.Args()); err != nil {
			log.Fatal("bench: ", err)
		}
		return
	}
	log.Fatalf("bench: %q is not peers, survey, growth, profile or fixtures", name)
}

// fetch asks the example for the real model: it knows how to get it.
func fetch() (string, error) {
	cmd := exec.Command("go", "run", ".", "-fetch")
	cmd.Dir = filepath.Join(models.Root(), "examples", "embed")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("the real model (-real=false does without): %w", err)
	}
	return string(bytes.TrimSpace(out)), nil
}
