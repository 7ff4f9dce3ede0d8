package std

import (
	"fmt"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/canon"
	"github.com/parallax-go/parallax/passes/channelslast"
	"github.com/parallax-go/parallax/passes/cse"
	"github.com/parallax-go/parallax/passes/dce"
	"github.com/parallax-go/parallax/passes/expandattn"
	"github.com/parallax-go/parallax/passes/fold"
	"github.com/parallax-go/parallax/passes/foldaffine"
	"github.com/parallax-go/parallax/passes/fuseattn"
	"github.com/parallax-go/parallax/passes/fusecache"
	"github.com/parallax-go/parallax/passes/fusechain"
	"github.com/parallax-go/parallax/passes/fuseepilogue"
	"github.com/parallax-go/parallax/passes/fusenorm"
	"github.com/parallax-go/parallax/passes/fuseparallax"
	"github.com/parallax-go/parallax/passes/fuserope"
	"github.com/parallax-go/parallax/passes/joinnorm"
	"github.com/parallax-go/parallax/passes/layout"
	"github.com/parallax-go/parallax/passes/mergeqkv"
	"github.com/parallax-go/parallax/passes/readmasks"
	"github.com/parallax-go/parallax/passes/unify"
	"github.com/parallax-go/parallax/passes/weightsteps"
)

// table is the order. Each pass leaves the graph correct, so any selection of
// them is a working compiler.
var table = []passes.Pass{
	weightsteps.Pass,
	fold.Pass,
	unify.Pass,
	canon.Pass,
	cse.Pass,
	dce.Pass,
	fusenorm.Pass,
	fuserope.Pass,
	fuseparallax.Pass,
	fuseattn.Pass,
	readmasks.Pass,
	fusecache.Pass,
	foldaffine.Pass,
	channelslast.Pass,
	fuseepilogue.Pass,
	layout.Pass,
	expandattn.Pass,
	tidy,
	mergeqkv.Pass,
	joinnorm.Pass,
	fusechain.Pass,
}

// tidy cleans up after fusion and expansion, which leave constants to fold and
// values that have become equal.
var tidy = passes.Pass{
	Name: "tidy",
	Doc:  "fold, canon, cse and dce once more",
	Run: func(c *passes.Context, g *ir.Graph) error {
		for _, p := range []passes.Pass{fold.Rest, canon.Pass, cse.Pass, dce.Pass} {
			if err := p.Run(c, g); err != nil {
				return err
			}
			if _, err := c.Retype(); err != nil {
				return err
			}
		}
		return nil
	},
}

// Reason says why a pass runs before another.
type Reason struct{ Before, After, Because string }

// reasons are what the order must satisfy.
var reasons = []Reason{
	{"weightsteps", "fold", "integers that are converted are floats once they are computed"},
	{"fold", "canon", "targets of Reshape become constants, which views are read from"},
	{"fold", "cse", "equal constants are one only once they are computed"},
	{"fold", "unify", "targets of Reshape become constants, which sizes are inferred from"},
	{"unify", "cse", "shape arithmetic on sizes of two names looks like two values"},
	{"unify", "fuseparallax", "keys and values of one length are told by their sizes"},
	{"unify", "fuseattn", "keys and values of one length are told by their sizes"},
	{"canon", "cse", "two phrasings of one value merge only in one form"},
	{"cse", "fuseparallax", "both products of the keys must read the same value"},
	{"cse", "fuseattn", "a mask computed twice would look like two"},
	{"cse", "dce", "merged nodes leave readerless ones behind"},
	{"canon", "fusenorm", "squares and reciprocals have one phrasing"},
	{"cse", "fusenorm", "x minus its mean is often computed twice"},
	{"canon", "fuserope", "slices and views of a rotation have few phrasings"},
	{"cse", "fuserope", "halves of a table computed twice look like two"},
	{"fusenorm", "fuserope", "what is rotated is then one value, the norm's"},
	{"fuserope", "fuseparallax", "a query and a probe rotated together are one value"},
	{"fuserope", "fuseattn", "queries and keys are told to be rotated by their nodes"},
	{"dce", "fuseparallax", "a dead reader of the probabilities would forbid the fusion"},
	{"dce", "fuseattn", "a dead reader of the probabilities would forbid the fusion"},
	{"fuseparallax", "fuseattn", "plain attention inside a Parallax subgraph would take its probabilities away"},
	{"fuseparallax", "fusecache", "caches are operands of the fused node"},
	{"fuseattn", "fusecache", "caches are operands of the fused node"},
	{"fuseparallax", "readmasks", "masks are operands of the fused node"},
	{"fuseattn", "readmasks", "masks are operands of the fused node"},
	{"readmasks", "fusecache", "masks made from the sizes of cached keys no longer wait for them"},
	{"readmasks", "expandattn", "a decomposition needs no masks where positions say it all"},
	{"fusecache", "layout", "keys and values that are joined with a past lie by head"},
	{"fuserope", "layout", "a rotation written out stands between projection and attention"},
	{"fusenorm", "fuseepilogue", "Gelu is one node"},
	{"fuseattn", "fuseepilogue", "attention is read off products of projections, not off nodes of a target"},
	{"canon", "foldaffine", "constants are on the right, and few views stand between"},
	{"fuseparallax", "foldaffine", "scales of queries and probes are the fused node's"},
	{"fuseattn", "foldaffine", "scales of queries and probabilities are the fused node's"},
	{"fusenorm", "foldaffine", "a scale behind a norm is the norm's"},
	{"foldaffine", "fuseepilogue", "weights are operands of plain products, and what follows a scale is met"},
	{"foldaffine", "fusechain", "what is left of a batch norm is a product and a sum"},
	{"canon", "channelslast", "few views stand between a convolution and its transpositions"},
	{"fusenorm", "channelslast", "what reads rows of channels is few nodes"},
	{"foldaffine", "channelslast", "a batch norm behind a convolution of the file is in its weights"},
	{"channelslast", "fuseepilogue", "functions and residuals that transpositions kept away meet convolutions and products"},
	{"channelslast", "tidy", "transpositions that cancel are left"},
	{"fuseepilogue", "layout", "projections computed at once are parted before they are transposed"},
	{"fuseepilogue", "tidy", "views that products were moved out of are left"},
	{"fuseepilogue", "mergeqkv", "products to be merged have their biases, and gates have been made"},
	{"fuseepilogue", "joinnorm", "what is normalised is a product once it has the residual"},
	{"mergeqkv", "joinnorm", "a norm would keep a product from being merged"},
	{"joinnorm", "fusechain", "what is part of a product is no chain"},
	{"fuseepilogue", "fusechain", "what follows a product is done where its rows are made"},
	{"tidy", "mergeqkv", "what products read is one value, however it was viewed"},
	{"layout", "expandattn", "only a fused node reads heads from tokens"},
	{"layout", "tidy", "views and transpositions that cancel are left"},
	{"fusecache", "expandattn", "only what was fused can be expanded"},
	{"fuseparallax", "expandattn", "only what was fused can be expanded"},
	{"fuseattn", "expandattn", "only what was fused can be expanded"},
	{"expandattn", "tidy", "a decomposition has constants to fold"},
	{"expandattn", "fusechain", "a decomposition has scales and masks to fuse"},
	{"fusenorm", "fusechain", "a norm or Gelu written out is no chain"},
	{"fuserope", "fusechain", "a rotation is no chain"},
	{"tidy", "fusechain", "numbers in a program are constants already, equal values one, and no rule reads programs"},
}

// Passes returns the passes in order.
func Passes() []passes.Pass { return slices.Clone(table) }

// Reasons returns why the order is as it is.
func Reasons() []Reason { return slices.Clone(reasons) }

// Select reads a selection: "none", "std" or "" (all), a list "fold,cse", or
// changes to all: "-cse,+cse". The order is always that of the table.
func Select(spec string) ([]passes.Pass, error) {
	chosen := map[string]bool{}
	items := strings.FieldsFunc(spec, func(r rune) bool { return r == ',' || r == ' ' })
	if len(items) == 0 || strings.ContainsAny(items[0][:1], "+-") {
		all(chosen, true)
	}
	for _, item := range items {
		if err := apply(chosen, item); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(Passes(), func(p passes.Pass) bool { return !chosen[p.Name] }), nil
}

func all(chosen map[string]bool, on bool) {
	for _, p := range table {
		chosen[p.Name] = on
	}
}

func apply(chosen map[string]bool, item string) error {
	name, on := item, true
	switch item[0] {
	case '-':
		name, on = item[1:], false
	case '+':
		name = item[1:]
	}
	switch name {
	case "none":
		all(chosen, !on)
		return nil
	case "std":
		all(chosen, on)
		return nil
	}
	if !slices.ContainsFunc(table, func(p passes.Pass) bool { return p.Name == name }) {
		return fmt.Errorf("no pass is called %q; there are none, std, %s", name, strings.Join(names(), ", "))
	}
	chosen[name] = on
	return nil
}

func names() []string {
	out := make([]string, len(table))
	for i, p := range table {
		out[i] = p.Name
	}
	return out
}
