package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/parallax-go/parallax/cmd/cli"
	"github.com/parallax-go/parallax/tests/models"
)

// profile prints load time, memory and run time of the largest fixture and of a
// real model, fused and unfused, and where the time goes by operator.
type profile struct {
	real bool
	runs int
}

func (p *profile) flags(f *flag.FlagSet) {
	f.BoolVar(&p.real, "real", true, "also the real model, which is fetched through Maven")
	f.IntVar(&p.runs, "runs", 20, "timed runs of each form")
}

func (p *profile) run([]string) error {
	largest, err := largestFixture()
	if err != nil {
		return err
	}
	if err := p.measure("largest fixture", largest, "--data", filepath.Join(filepath.Dir(largest), "test_data_set_1")); err != nil || !p.real {
		return err
	}
	dir, err := fetch()
	if err != nil {
		return err
	}
	for _, size := range [][2]int{{1, 8}, {1, 128}, {8, 64}} {
		what := fmt.Sprintf("all-MiniLM-L6-v2, batch %d of %d tokens", size[0], size[1])
		err := p.measure(what, filepath.Join(dir, "all-minilm-l6-v2.onnx"), "--fill", "ones",
			"--dim", fmt.Sprintf("batch_size=%d", size[0]), "--dim", fmt.Sprintf("sequence_length=%d", size[1]))
		if err != nil {
			return err
		}
	}
	return nil
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
func (p *profile) measure(what, model string, inputs ...string) error {
	info, err := os.Stat(model)
	if err != nil {
		return err
	}
	fmt.Printf("\n== %s (%s, %.1f MB)\n", what, filepath.Base(filepath.Dir(model))+"/"+filepath.Base(model), float64(info.Size())/1e6)
	args := []string{"bench", "--runs", strconv.Itoa(p.runs), "--fused-vs-unfused", "--profile"}
	if code := cli.Main(append(append(args, inputs...), model), os.Stdin, os.Stdout, os.Stderr); code != 0 {
		return fmt.Errorf("parallax bench ended with code %d", code)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := exec.Command(self, "memory", model).CombinedOutput()
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
