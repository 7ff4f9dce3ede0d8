// Fuzz runs every fuzz target of the module for a while: the go command fuzzes
// one target of one package at a time.
//
//	go run ./tests/fuzz -time 30s
package main

import (
	"bufio"
	"bytes"
	"flag"
	"log"
	"os"
	"os/exec"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	each := flag.Duration("time", 30*time.Second, "how long to fuzz each target")
	flag.Parse()
	targets, err := list()
	if err != nil {
		log.Fatal("fuzz: ", err)
	}
	for _, t := range targets {
		log.Printf("== %s %s", t.pkg, t.name)
		cmd := exec.Command("go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", each.String(), "-fuzzminimizetime", "2s", t.pkg)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			log.Fatalf("fuzz: %s %s: %v", t.pkg, t.name, err)
		}
	}
}

type target struct{ pkg, name string }

// list asks the go command for the targets: names, then the line of the package
// that has them.
func list() ([]target, error) {
	out, err := exec.Command("go", "test", "-list", "^Fuzz", "./...").Output()
	if err != nil {
		return nil, err
	}
	var targets []target
	var names []string
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "Fuzz") {
			names = append(names, line)
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "ok" {
			continue
		}
		for _, name := range names {
			targets = append(targets, target{fields[1], name})
		}
		names = nil
	}
	return targets, nil
}
