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
		if err := set.writeText(s.stdout, terminalWidth(s.stdout)); err != nil {
			return err
		}
	}
	return nil
}

func (set verifiedSet) writeText(w io.Writer, width int) error {
	fmt.Fprintf(w, "%s  %s\n", okText(set.OK), filepath.Base(set.Name))
	outputs := table{columns: comparisonColumns}
	for _, c := range set.Outputs {
		outputs.rows = append(outputs.rows, c.row(c.Name))
	}
	if err := outputs.write(w, "  ", width, 3); err != nil {
		return err
	}
	if len(set.Nodes) > 0 {
		fmt.Fprintln(w, "  fused nodes, each beside its decomposition on the same operands:")
	}
	nodes := table{columns: comparisonColumns}
	for _, n := range set.Nodes {
		nodes.rows = append(nodes.rows, n.row(n.title()))
	}
	if err := nodes.write(w, "  ", width, 3); err != nil || set.PerNode == nil {
		return err
	}
	return set.PerNode.writeText(w)
}

// title names an output of a fused node by the anchor as well, which explain
// shows.
func (n nodeComparison) title() string {
	title := n.Anchor
	if title == "" {
		title = n.Node
	}
	return title + " → " + n.Name
}

// comparisonColumns are verdict, name, shape and errors.
var comparisonColumns = []column{{}, {"", 16, true}, {}, {}}

func (c comparison) row(name string) []string {
	return []string{okText(c.OK), name, tensor.ShapeString(c.Shape), c.errors()}
}

// writeText prints what --per-node found. Outputs decide whether a check fails:
// values between them may differ by more than their tolerance.
func (d *divergence) writeText(w io.Writer) error {
	text := fmt.Sprintf("ok    %d values that both compute are the same", d.Compared)
	if f := d.First; f != nil {
		text = fmt.Sprintf("DIFF  %d of %d values that both compute differ, first %s of %s (%s)", d.Diverged, d.Compared, f.Value, f.Node, f.Operator)
		if f.Why != "" {
			text += ": " + f.Why
		} else {
			text += fmt.Sprintf(" at %v: got %v, want %v", f.Index, f.Got, f.Want)
		}
	}
	_, err := fmt.Fprintf(w, "  %s\n", clean(text))
	return err
}

func okText(ok bool) string {
	if ok {
		return "ok  "
	}
	return "FAIL"
}
