package match

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// Transposes reports whether n is a Transpose by perm; nil is not.
func Transposes(n *ir.Node, perm []int) bool {
	return n != nil && n.Op == op.Transpose && slices.Equal(n.Attr.(*attr.Transpose).Perm, perm)
}
