package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/parallax-go/parallax/cmd/cli"
	"github.com/parallax-go/parallax/tests/models"
)

// fixtures times every fixture fused and unfused, and fails if fusing loses.
type fixtures struct{ runs int }

func (f *fixtures) flags(set *flag.FlagSet) {
	set.IntVar(&f.runs, "runs", 50, "timed runs of each form")
}

// A model is slower fused if its median and its least time both are by more than
// noise, every time of tries. The fixtures run for microseconds: a fused step that
// costs as much as the steps it replaces is no loss.
const (
	noise = 1.03
	tries = 3
)

func (f *fixtures) run([]string) error {
	cases, err := models.Cases()
	if err != nil {
		return err
	}
	var slower []string
	for _, c := range cases {
		loses, err := f.loses(c)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		if loses {
			slower = append(slower, c.Name)
		}
	}
	if len(slower) > 0 {
		return fmt.Errorf("%d of %d fixtures are slower fused: %v", len(slower), len(cases), slower)
	}
	fmt.Printf("none of %d fixtures is slower fused\n", len(cases))
	return nil
}

// loses measures c until it is not slower fused, or tries times.
func (f *fixtures) loses(c models.Case) (bool, error) {
	for range tries {
		fused, unfused, err := f.measure(c)
		if err != nil {
			return false, err
		}
		if fused.Median <= noise*unfused.Median || fused.Min <= noise*unfused.Min {
			fmt.Printf("%-40s unfused / fused %.2f\n", c.Name, unfused.Median/fused.Median)
			return false, nil
		}
		fmt.Printf("%-40s unfused / fused %.2f: slower\n", c.Name, unfused.Median/fused.Median)
	}
	return true, nil
}

type form struct {
	Median float64 `json:"median_ms"`
	Min    float64 `json:"min_ms"`
}

// measure runs the command on the first recorded inputs.
func (f *fixtures) measure(c models.Case) (fused, unfused form, err error) {
	var out bytes.Buffer
	args := []string{"bench", "--json", "--fused-vs-unfused", "--runs", strconv.Itoa(f.runs), "--data", filepath.Join(c.Dir, "test_data_set_0"), c.Model}
	if code := cli.Main(args, os.Stdin, &out, os.Stderr); code != 0 {
		return form{}, form{}, fmt.Errorf("parallax bench ended with code %d", code)
	}
	var result struct{ Forms []form }
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		return form{}, form{}, err
	}
	if len(result.Forms) != 2 {
		return form{}, form{}, fmt.Errorf("parallax bench has %d forms, not 2", len(result.Forms))
	}
	return result.Forms[0], result.Forms[1], nil
}
