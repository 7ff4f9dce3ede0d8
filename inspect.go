package parallax

import (
	"strings"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/onnx"
)

// Inspection is what a file holds.
type Inspection struct {
	Producer    string
	IRVersion   int64
	Opsets      map[string]int64 // by domain; "ai.onnx" for the default one
	Inputs      []Port
	Outputs     []Port
	Operators   map[string]int // nodes of the file by operator, functions expanded, bodies included
	Parameters  int64          // elements of all constants
	Bytes       int64          // of all constants
	Unsupported []onnx.UnsupportedOp
}

// Inspect tells what the file holds. It is to be asked before the passes run.
func (s *Source) Inspect() Inspection {
	info := onnx.ReadInfo(s.wire)
	in := Inspection{
		Producer: strings.TrimSpace(info.Producer + " " + info.ProducerVersion), IRVersion: info.IRVersion,
		Opsets: map[string]int64{}, Operators: map[string]int{},
	}
	for domain, version := range info.Opsets {
		if domain == "" {
			domain = "ai.onnx"
		}
		in.Opsets[domain] = version
	}
	for _, v := range s.graph.Inputs {
		in.Inputs = append(in.Inputs, codegen.Port{Name: v.Name, Type: v.Type})
	}
	for i, v := range s.graph.Outputs() {
		in.Outputs = append(in.Outputs, codegen.Port{Name: s.graph.OutputName(i), Type: v.Type})
	}
	in.count(s.graph)
	if unsupported := onnx.Unsupported(s.graph); unsupported != nil {
		in.Unsupported = unsupported.Ops
	}
	return in
}

func (in *Inspection) count(g *ir.Graph) {
	seen := map[any]bool{}
	for n := range g.All() {
		in.Operators[operatorName(n)]++
		for _, v := range n.In {
			if !v.IsConst() || seen[v.Const] {
				continue
			}
			seen[v.Const] = true
			in.Parameters += int64(v.Const.Len())
			in.Bytes += int64(v.Const.DType.Bytes(v.Const.Len()))
		}
	}
}

// operatorName is the qualified name of n's operator, that of an unknown one
// included.
func operatorName(n *ir.Node) string {
	a, ok := n.Attr.(*attr.Opaque)
	switch {
	case !ok:
		return n.Op.QualifiedName()
	case a.Domain == "":
		return a.OpType
	}
	return a.Domain + "." + a.OpType
}

// Operator is one row of the table of operators.
type Operator struct {
	Name     string   `json:"name"`     // with its domain, unless that is ai.onnx
	Versions []int64  `json:"versions"` // since-versions that are read
	Kernels  []string `json:"kernels"`  // "cpu.MatMul", "ref.MatMul"
}

// Operators lists every operator that files may hold, with the kernels there are.
func Operators() []Operator {
	kernelIDs := map[string][]string{}
	c := catalog.New()
	for _, target := range c.Targets() {
		for _, k := range c.Kernels(target) {
			kernelIDs[k.Op] = appendNew(kernelIDs[k.Op], k.ID)
		}
	}
	var list []Operator
	for _, o := range onnx.SupportedOperators() {
		list = append(list, Operator{Name: o.Name, Versions: o.Versions, Kernels: append([]string{}, kernelIDs[o.IR]...)})
	}
	return list
}

func appendNew(list []string, s string) []string {
	for _, t := range list {
		if t == s {
			return list
		}
	}
	return append(list, s)
}
