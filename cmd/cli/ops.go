package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parallax-go/parallax"
)

func newOps(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "ops",
		Short: "List the operators: the versions that are read, and the kernels of each target",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ops := parallax.Operators()
			if s.json {
				return s.printJSON(struct {
					Schema    int                 `json:"schema"`
					Operators []parallax.Operator `json:"operators"`
				}{schema, ops})
			}
			for _, o := range ops {
				fmt.Fprintf(s.stdout, "%-28s %-14s %s\n", o.Name, fmt.Sprint(o.Versions), strings.Join(o.Kernels, " "))
			}
			return nil
		},
	}
}
