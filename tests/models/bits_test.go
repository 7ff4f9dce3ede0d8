package models

import (
	"bytes"
	"context"
	"encoding/gob"
	"os/exec"
	"strconv"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
)

// raw is a tensor on its way to the generated program and back.
type raw struct {
	DType int
	Shape []int
	Data  []byte
}

// compareBits runs c in this process and in the generated program.
func compareBits(t *testing.T, c Case, program string) {
	m, err := parallax.Load(c.Model)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	sets, err := c.Sets()
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range sets {
		want, err := m.Run(context.Background(), set.Inputs)
		if err != nil {
			t.Fatal(err)
		}
		var in []raw
		for _, p := range m.Inputs() {
			x := set.Inputs[p.Name]
			in = append(in, raw{int(x.DType), x.Shape, x.Bytes()})
		}
		for _, threads := range []int{1, 2, 3, 7} {
			out := runGenerated(t, program, c.Name, threads, in)
			for i, p := range m.Outputs() {
				w := want[p.Name]
				if !tensor.SameShape(out[i].Shape, w.Shape) || !bytes.Equal(out[i].Data, w.Bytes()) {
					t.Errorf("%s, output %s, %d threads: the generated package gives other bits", set.Name, p.Name, threads)
				}
			}
		}
	}
}

func runGenerated(t *testing.T, program, model string, threads int, in []raw) []raw {
	t.Helper()
	var input bytes.Buffer
	if err := gob.NewEncoder(&input).Encode(in); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, model, strconv.Itoa(threads))
	cmd.Stdin = &input
	data, err := cmd.Output()
	if err != nil {
		if e, ok := err.(*exec.ExitError); ok {
			t.Fatalf("generated program: %v\n%s", err, e.Stderr)
		}
		t.Fatal(err)
	}
	var out []raw
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}
