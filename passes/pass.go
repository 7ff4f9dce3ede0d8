package passes

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
)

// Pass is one step of the compiler. Name is what --passes and --dump-after
// take; Doc is a line for their lists.
type Pass struct {
	Name string
	Doc  string
	// Run changes g and its regions. An error leaves the graph unusable.
	Run func(c *Context, g *ir.Graph) error
}

// Validate reports a pass that can't be run, or two of one name.
func Validate(list []Pass) error {
	seen := map[string]bool{}
	for i, p := range list {
		switch {
		case p.Name == "":
			return fmt.Errorf("pass %d has no name", i)
		case p.Doc == "":
			return fmt.Errorf("pass %s has no documentation", p.Name)
		case p.Run == nil:
			return fmt.Errorf("pass %s does nothing", p.Name)
		case seen[p.Name]:
			return fmt.Errorf("pass %s is listed twice", p.Name)
		}
		seen[p.Name] = true
	}
	return nil
}
