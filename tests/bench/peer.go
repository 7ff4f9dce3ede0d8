package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parallax-go/parallax"
)

// sessions makes an ONNX Runtime session for every line it reads, and answers
// with the milliseconds that took.
const sessions = `
import sys, time, onnxruntime
for _ in sys.stdin:
    start = time.perf_counter()
    session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
    print((time.perf_counter() - start) * 1e3, flush=True)
    del session
`

// againstPeer prints how long loading a model takes here, from the file to a
// model that can run, and in ONNX Runtime, in turns.
func againstPeer(python, model string) error {
	cmd := exec.Command(python, "-c", sessions, model)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var ours, theirs []float64
	lines := bufio.NewScanner(out)
	for round := range 16 {
		start := time.Now()
		m, err := parallax.Load(model)
		if err != nil {
			return err
		}
		here := time.Since(start).Seconds() * 1e3
		m.Close()
		if _, err := io.WriteString(in, "\n"); err != nil || !lines.Scan() {
			return fmt.Errorf("%s with onnxruntime ended early", python)
		}
		there, err := strconv.ParseFloat(strings.TrimSpace(lines.Text()), 64)
		if err != nil {
			return err
		}
		if round > 0 { // the first warms the page cache and both processes
			ours, theirs = append(ours, here), append(theirs, there)
		}
	}
	in.Close()
	slices.Sort(ours)
	slices.Sort(theirs)
	mid := len(ours) / 2
	fmt.Printf("load: %.1f ms, session of ONNX Runtime: %.1f ms, ratio %.2f\n", ours[mid], theirs[mid], ours[mid]/theirs[mid])
	return cmd.Wait()
}
