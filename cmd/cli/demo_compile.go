package cli

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/examples/recall"
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
)

// withoutProbe makes every Parallax node softmax attention by taking its probe
// out, and shows how a pass of the caller's is written.
var withoutProbe = passes.Pass{
	Name: "withoutprobe",
	Doc:  "take the probe out of every Parallax node",
	Run: func(c *passes.Context, g *ir.Graph) error {
		for h := range g.Graphs() {
			for n := range h.Nodes() {
				a, ok := n.Attr.(*attr.Attention)
				if n.Op != op.Parallax || !ok || !a.HasProbe {
					continue
				}
				if err := dropProbe(h, n, a); err != nil {
					return err
				}
			}
		}
		return nil
	},
}

func dropProbe(g *ir.Graph, n *ir.Node, a *attr.Attention) error {
	bare := *a
	bare.Probe, bare.HasProbe = attr.ProbeNone, false
	at := a.Operands().R
	in := append(append([]*ir.Value{}, n.In[:at]...), n.In[at+1:]...)
	b := ir.NewBuilder(g)
	b.Name, b.Sources = n.Name, n.Sources
	outs := b.Ops(op.Parallax, &bare, len(n.Out), in...)
	if err := b.Err(); err != nil {
		return err
	}
	b.Commit(n)
	for i, v := range n.Out {
		if v != nil {
			g.ReplaceUses(v, outs[i])
		}
	}
	g.Remove(n)
	return nil
}

// mainProgram is what is added to the generated package to run it: token ids in,
// bits of the logits out.
const mainProgram = `package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log"
	"os"

	"recall"
	"recall/internal/parallax/ir/tensor"
)

func main() {
	data, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	head := make([]int64, 2)
	r := bytes.NewReader(data)
	if err := binary.Read(r, binary.LittleEndian, head); err != nil {
		log.Fatal(err)
	}
	ids := make([]int64, head[0]*head[1])
	if err := binary.Read(r, binary.LittleEndian, ids); err != nil {
		log.Fatal(err)
	}
	m, err := recall.New()
	if err != nil {
		log.Fatal(err)
	}
	out, err := m.Run(context.Background(), recall.Inputs{Tokens: tensor.Of([]int{int(head[0]), int(head[1])}, ids)})
	if err != nil {
		log.Fatal(err)
	}
	os.Stdout.Write(out.Logits.Bytes())
}
`

// compile writes the model as a standalone package, builds it without cgo and
// without network, runs it, and compares the bits with logits, those of the
// first batch.
func (d *demo) compile(ctx context.Context, logits *tensor.Tensor) error {
	dir, err := os.MkdirTemp("", "parallax-demo-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binaryPath, err := d.build(ctx, dir)
	if err != nil {
		return err
	}
	input, err := firstBatch()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, binaryPath)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), d.s.stderr
	got, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("the generated program: %w", err)
	}
	same := bytes.Equal(got, logits.Bytes())
	d.result.SameBits = &same
	if !same {
		return errors.New("the generated program and the run in this process differ")
	}
	fmt.Fprintf(d.out, "   ran it: the %d logits of the first batch have the same bits as in this process\n", logits.Len())
	return nil
}

// build generates the package in dir and builds it; it returns the program.
func (d *demo) build(ctx context.Context, dir string) (string, error) {
	data, err := recall.Model(recall.Parallax)
	if err != nil {
		return "", err
	}
	opts, err := d.s.options()
	if err != nil {
		return "", err
	}
	src, err := parallax.OpenReader(bytes.NewReader(data), opts...)
	if err != nil {
		return "", err
	}
	defer src.Close()
	pkg := filepath.Join(dir, "recall")
	written, err := src.Compile(ctx, pkg, parallax.CompileOptions{Standalone: true, Module: "recall", Package: "recall"})
	if err != nil {
		return "", err
	}
	fmt.Fprintf(d.out, "   wrote a standalone package: %d files, %s\n", len(written.Files), bytesText(written.Bytes))
	if err := os.MkdirAll(filepath.Join(pkg, "cmd", "logits"), 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(pkg, "cmd", "logits", "main.go"), []byte(mainProgram), 0o644); err != nil {
		return "", err
	}
	program := filepath.Join(dir, "logits.exe")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/logits")
	cmd.Dir = pkg
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOPROXY=off", "GOFLAGS=-mod=mod", "GOWORK=off", "GOTOOLCHAIN=local")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build of the generated package: %w\n%s", err, text)
	}
	fmt.Fprintln(d.out, "   built it with CGO_ENABLED=0 and GOPROXY=off")
	return program, nil
}

// firstBatch is the input of mainProgram: two sizes and the token ids.
func firstBatch() ([]byte, error) {
	e, err := recall.EvaluationOf(recall.Parallax)
	if err != nil {
		return nil, err
	}
	tokens := e.Batch(0, demoBatch)
	var b bytes.Buffer
	head := []int64{int64(tokens.Shape[0]), int64(tokens.Shape[1])}
	if err := binary.Write(&b, binary.LittleEndian, head); err != nil {
		return nil, err
	}
	err = binary.Write(&b, binary.LittleEndian, tensor.Data[int64](tokens))
	return b.Bytes(), err
}
