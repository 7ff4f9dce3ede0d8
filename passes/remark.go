package passes

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
)

// Verdict says what became of an attention anchor.
type Verdict string

// The verdicts.
const (
	Fused   Verdict = "fused"   // it is a Parallax node now
	Native  Verdict = "native"  // the file holds it as one operator
	Refused Verdict = "refused" // it stays decomposed, for a Reason
)

// Kind tells plain attention from attention with a probe.
type Kind string

// The kinds.
const (
	KindAttention Kind = "attention"
	KindParallax  Kind = "parallax"
)

// Remark is the verdict on one anchor: a Softmax, a softmax written out, or an
// attention operator of the file.
type Remark struct {
	Anchor   string // the anchor's node name in the file
	Verdict  Verdict
	Kind     Kind
	Variants []string // the phrasings recognised: "S1", "M3", "L1"
	Spec     *Spec    // what was fused; nil if refused
	Reason   *Reason  // why not; nil unless refused
	Remedy   string   // what the author of the model may do about it
	// Rules names what a native node was taken to mean where releases of its
	// standard differ.
	Rules []string
	// Node is what the anchor became, followed through later rewrites; nil if it
	// was refused.
	Node *ir.Node
	// Before is what Node stands for, as it was; see [Options.Record].
	Before []Piece
}

// Spec is what explain tells of a fused node beyond its attributes.
type Spec struct {
	Attention *attr.Attention
	HeadSize  sym.Dim  // of q and k
	ValueSize sym.Dim  // of v
	Masks     []string // see [Describe]
	Biases    []string
	Rope      bool
	Cache     bool
}

// Reason is the first check that failed, and where.
type Reason struct {
	Check string // name of the check
	Node  string // node or tensor that it failed at
	Want  string
	Got   string
}
