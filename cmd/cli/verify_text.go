package cli

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/parallax-go/parallax/ir/tensor"
)

func (s *session) showVerified(r verified) error {
	if s.json {
		return s.printJSON(r)
	}
	for _, set := range r.Sets {
		set.writeText(s.stdout)
	}
	return nil
}

func (set verifiedSet) writeText(w io.Writer) {
	fmt.Fprintf(w, "%s  %s\n", okText(set.OK), filepath.Base(set.Name))
	for _, c := range set.Outputs {
		fmt.Fprintf(w, "  %s  %-24s %-16s %s\n", okText(c.OK), c.Name, tensor.ShapeString(c.Shape), c.errors())
	}
	if len(set.Nodes) > 0 {
		fmt.Fprintln(w, "  fused nodes, each beside its decomposition on the same operands:")
	}
	for _, n := range set.Nodes {
		fmt.Fprintf(w, "  %s  %-24s %-16s %s\n", okText(n.OK), n.Node, tensor.ShapeString(n.Shape), n.errors())
	}
	if set.PerNode != nil {
		set.PerNode.writeText(w)
	}
}

func (d *divergence) writeText(w io.Writer) {
	f := d.First
	if f == nil {
		fmt.Fprintf(w, "  ok    %d values that both compute are the same\n", d.Compared)
		return
	}
	fmt.Fprintf(w, "  FAIL  %d of %d values that both compute differ, first %s of %s (%s)", d.Diverged, d.Compared, f.Value, f.Node, f.Operator)
	if f.Why != "" {
		fmt.Fprintf(w, ": %s\n", f.Why)
		return
	}
	fmt.Fprintf(w, " at %v: got %v, want %v\n", f.Index, f.Got, f.Want)
}

func okText(ok bool) string {
	if ok {
		return "ok  "
	}
	return "FAIL"
}
