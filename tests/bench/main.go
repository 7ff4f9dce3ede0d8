// Bench prints what loading and running cost: load time, memory and run time of
// the largest fixture and of a real embedding model, fused and unfused, where
// the time goes by operator, and how compile time grows with the graph.
//
//	go run ./tests/bench [-real=false] [-runs N] [-peer PYTHON]
//
// Times are medians of interleaved runs in one process on one machine; compare
// the ratios, not the numbers of two machines.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/parallax-go/parallax/tests/models"
)

func main() {
	log.SetFlags(0)
	real := flag.Bool("real", true, "also measure the real model, which is fetched through Maven")
	runs := flag.Int("runs", 20, "timed runs of each form")
	peer := flag.String("peer", "", "a Python interpreter that has onnxruntime: compare load times with it")
	load := flag.String("load", "", "load this model, print the memory it takes, and exit")
	flag.Parse()
	if *load != "" {
		check(printMemory(*load))
		return
	}
	check(growth()) // first, in a fresh heap
	largest, err := largestFixture()
	check(err)
	check(measure("largest fixture", largest, *runs, "--data", filepath.Join(filepath.Dir(largest), "test_data_set_1")))
	if *real {
		dir, err := fetch()
		check(err)
		model := filepath.Join(dir, "all-minilm-l6-v2.onnx")
		if *peer != "" {
			check(againstPeer(*peer, model))
		}
		for _, size := range [][2]int{{1, 8}, {1, 128}, {8, 64}} {
			what := fmt.Sprintf("all-MiniLM-L6-v2, batch %d of %d tokens", size[0], size[1])
			check(measure(what, model, *runs, "--fill", "ones",
				"--dim", fmt.Sprintf("batch_size=%d", size[0]), "--dim", fmt.Sprintf("sequence_length=%d", size[1])))
		}
	}
}

func check(err error) {
	if err != nil {
		log.Fatal("bench: ", err)
	}
}

func largestFixture() (string, error) {
	cases, err := models.Cases()
	if err != nil {
		return "", err
	}
	best, most := "", int64(0)
	for _, c := range cases {
		info, err := os.Stat(c.Model)
		if err != nil {
			return "", err
		}
		if info.Size() > most {
			best, most = c.Model, info.Size()
		}
	}
	return best, nil
}

// measure runs the bench command on a model, and a process that only loads it.
func measure(what, model string, runs int, inputs ...string) error {
	info, err := os.Stat(model)
	if err != nil {
		return err
	}
	fmt.Printf("\n== %s (%s, %.1f MB)\n", what, filepath.Base(filepath.Dir(model))+"/"+filepath.Base(model), float64(info.Size())/1e6)
	args := []string{"bench", "--runs", strconv.Itoa(runs), "--fused-vs-unfused", "--profile"}
	if code := command(append(append(args, inputs...), model)); code != 0 {
		return fmt.Errorf("parallax bench ended with code %d", code)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := exec.Command(self, "-load", model).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	anonymous, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		return err
	}
	fmt.Printf("private memory after loading: %.1f MB, %.2f of the file\n", float64(anonymous)/1e6, float64(anonymous)/float64(info.Size()))
	return nil
}

// fetch asks the example for the real model: it knows how to get it.
func fetch() (string, error) {
	cmd := exec.Command("go", "run", ".", "-fetch")
	cmd.Dir = filepath.Join(models.Root(), "examples", "embed")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return string(bytes.TrimSpace(out)), err
}
