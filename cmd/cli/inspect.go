package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parallax-go/parallax"
)

func newInspect(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "inspect MODEL",
		Short: "Print what a file holds: signature, operators, parameters, what is not supported",
		Args:  oneModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			src, err := s.open(args[0])
			if err != nil {
				return err
			}
			defer src.Close()
			return s.showInspected(args[0], src.Inspect())
		},
	}
}

// inspected is the JSON result.
type inspected struct {
	Schema      int              `json:"schema"`
	Model       string           `json:"model"`
	Producer    string           `json:"producer"`
	IRVersion   int64            `json:"ir_version"`
	Opsets      map[string]int64 `json:"opsets"`
	Inputs      []port           `json:"inputs"`
	Outputs     []port           `json:"outputs"`
	Operators   map[string]int   `json:"operators"`
	Parameters  int64            `json:"parameters"`
	Bytes       int64            `json:"bytes"`
	Unsupported []unsupported    `json:"unsupported"`
}

type port struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type unsupported struct {
	Op      string   `json:"op"`
	Domain  string   `json:"domain"`
	Version int64    `json:"version"`
	Nodes   []string `json:"nodes"`
	Why     string   `json:"why"`
}

func (s *session) showInspected(path string, in parallax.Inspection) error {
	r := inspected{
		Schema: schema, Model: path, Producer: in.Producer, IRVersion: in.IRVersion, Opsets: in.Opsets,
		Inputs: ports(in.Inputs), Outputs: ports(in.Outputs), Operators: in.Operators,
		Parameters: in.Parameters, Bytes: in.Bytes, Unsupported: []unsupported{},
	}
	for _, u := range in.Unsupported {
		r.Unsupported = append(r.Unsupported, unsupported{u.Op, u.Domain, int64(u.Version), u.Nodes, u.Why})
	}
	if s.json {
		return s.printJSON(r)
	}
	fmt.Fprintf(s.stdout, "%s\nproducer    %s\nIR version  %d\nopsets      %s\nparameters  %d (%s)\n",
		path, r.Producer, r.IRVersion, opsetText(r.Opsets), r.Parameters, bytesText(r.Bytes))
	for _, p := range r.Inputs {
		fmt.Fprintf(s.stdout, "input       %s : %s\n", p.Name, p.Type)
	}
	for _, p := range r.Outputs {
		fmt.Fprintf(s.stdout, "output      %s : %s\n", p.Name, p.Type)
	}
	names := slices.SortedFunc(maps.Keys(r.Operators), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.Operators[b], r.Operators[a]), cmp.Compare(a, b))
	})
	for _, name := range names {
		fmt.Fprintf(s.stdout, "operator    %5d  %s\n", r.Operators[name], name)
	}
	for _, u := range r.Unsupported {
		fmt.Fprintf(s.stdout, "unsupported %s version %d of %q at %v: %s\n", u.Op, u.Version, u.Domain, u.Nodes, u.Why)
	}
	return nil
}

func opsetText(opsets map[string]int64) string {
	var list []string
	for _, domain := range slices.Sorted(maps.Keys(opsets)) {
		list = append(list, fmt.Sprint(domain, " ", opsets[domain]))
	}
	return strings.Join(list, ", ")
}

func ports(list []parallax.Port) []port {
	out := []port{}
	for _, p := range list {
		out = append(out, port{p.Name, p.Type.String()})
	}
	return out
}
