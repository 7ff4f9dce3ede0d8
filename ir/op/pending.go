package op

import (
	"errors"

	"github.com/parallax-go/parallax/ir"
)

func decomposeParallax(b *ir.Builder, n *ir.Node) ([]*ir.Value, error) {
	return nil, errors.New("decomposition pending")
}
