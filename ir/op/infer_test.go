package op

import (
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// inferCases holds one case per line:
//
//	Op(operands) {attributes} -> outputs
//	Op(operands) {attributes} ! part of the error of a node with one output
//	Op(operands) {attributes} !! part of the error of a node with two outputs
//
// An operand is a type, f32[b,4] or f32[*], alone or with its contents: a
// constant, i64[2]=[3,4], or symbolic, i64[2]={b,4}; "_" leaves it out. Outputs
// are written likewise, separated by "; ". A fresh symbol of output 0 along axis
// 1 is new0_1.
//
//go:embed testdata/infer.txt
var inferCases string

func TestInfer(t *testing.T) {
	for number, line := range strings.Split(inferCases, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		t.Run(fmt.Sprintf("line %d", number+1), func(t *testing.T) {
			call, want, ok := strings.Cut(line, " -> ")
			if m := errorForm.FindStringSubmatch(line); !ok && m != nil {
				if got := inferError(t, m[1], len(m[2])); !strings.Contains(got, m[3]) {
					t.Errorf("%s\n got error %q", line, got)
				}
				return
			}
			n, err := addCall(t, call, strings.Count(want, "; ")+1)
			if err != nil {
				t.Fatalf("%s\n %v", line, err)
			}
			if got := describe(n); got != want {
				t.Errorf("%s\n got %s", line, got)
			}
		})
	}
}

// TestEveryOperatorHasACase keeps the table complete; nodes with regions are
// tested in Go.
func TestEveryOperatorHasACase(t *testing.T) {
	inGo := map[string]bool{"If": true, "Loop": true, "Scan": true, "Opaque": true}
	for _, o := range All() {
		if !inGo[o.Name] && !regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(o.QualifiedName())+`\(.* -> `).MatchString(inferCases) {
			t.Errorf("no inference case for %s", o.QualifiedName())
		}
	}
}

var errorForm = regexp.MustCompile(`^(.*?) (!+) (.*)$`)

func inferError(t *testing.T, call string, outs int) string {
	t.Helper()
	n, err := addCall(t, call, outs)
	if err == nil {
		return "no error, but " + describe(n)
	}
	return err.Error()
}

var callForm = regexp.MustCompile(`^([\w.]+)\((.*)\)(?: \{(.*)\})?$`)

// addCall makes the node that call spells in a graph of its own.
func addCall(t *testing.T, call string, outs int) (*ir.Node, error) {
	t.Helper()
	m := callForm.FindStringSubmatch(call)
	if m == nil {
		t.Fatalf("%q is no call", call)
	}
	o := ByName(m[1])
	if o == nil {
		t.Fatalf("no operator %s", m[1])
	}
	var a any
	if o.Attr != nil {
		a = o.Attr()
	}
	for _, field := range splitTop(m[3]) {
		name, text, _ := strings.Cut(field, "=")
		if err := attr.Set(a, name, text); err != nil {
			t.Fatal(err)
		}
	}
	g := ir.NewGraph("case")
	var in []*ir.Value
	for _, text := range splitTop(m[2]) {
		in = append(in, addOperand(t, g, text))
	}
	return g.Add(o, a, outs, in...)
}

// splitTop splits at commas outside brackets and quotes.
func splitTop(s string) []string {
	var parts []string
	depth, start, quoted := 0, 0, false
	for i, r := range s + "," {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted:
		case strings.ContainsRune("[{(", r):
			depth++
		case strings.ContainsRune("]})", r):
			depth--
		case r == ',' && depth == 0:
			if part := strings.TrimSpace(s[start:i]); part != "" {
				parts = append(parts, part)
			}
			start = i + 1
		}
	}
	return parts
}

func addOperand(t *testing.T, g *ir.Graph, text string) *ir.Value {
	t.Helper()
	if text == "_" {
		return nil
	}
	head, body, filled := strings.Cut(text, "=")
	name, dims, _ := strings.Cut(head, "[")
	d, ok := tensor.ParseDType(name)
	if !ok && name != "?" {
		t.Fatalf("%q: no element type", text)
	}
	if dims == "*]" {
		return g.NewInput("", ir.Unranked(d))
	}
	shape, err := sym.ParseShape("[" + dims)
	if err != nil {
		t.Fatal(err)
	}
	if filled && body[0] == '[' {
		sizes, _ := shape.IsConst()
		x := tensor.New(d, sizes...)
		for i, e := range splitTop(body[1 : len(body)-1]) {
			setElement(t, x, i, e)
		}
		return g.NewConst("", x)
	}
	v := g.NewInput("", ir.TensorOf(d, shape))
	if filled {
		contents, err := sym.ParseShape("[" + body[1:len(body)-1] + "]")
		if err != nil {
			t.Fatal(err)
		}
		v.Sym = contents
	}
	return v
}

func setElement(t *testing.T, x *tensor.Tensor, i int, text string) {
	t.Helper()
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		x.SetInt(i, n)
		return
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	x.SetFloat(i, f)
}

// describe prints the outputs of n as the cases spell them.
func describe(n *ir.Node) string {
	parts := make([]string, len(n.Out))
	for i, v := range n.Out {
		parts[i] = v.Type.String()
		if v.Sym != nil {
			contents := sym.Shape(v.Sym).String()
			parts[i] += "={" + contents[1:len(contents)-1] + "}"
		}
	}
	text := strings.Join(parts, "; ")
	for i, v := range n.Out {
		text = strings.ReplaceAll(text, fmt.Sprintf("u%d_", v.ID), fmt.Sprintf("new%d_", i))
	}
	return strings.ReplaceAll(text, "invalid[", "?[")
}
