package attn

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Logits is what happens between the product and the softmax, in the order of
// the fused node: softcap(Scale · q·k), plus the biases, masked.
type Logits struct {
	Scale   float64 // multiplies the product
	Softcap float64
	Biases  []Bias
	Masks   []Mask  // all must let a key pass
	Fill    float64 // of masked scores: −inf, or a number below any score
	Sink    *Sink
	Factors []Factor // of the product, besides Scale

	only  *Bias // the only mask, with its fill in the file
	added bool  // the fill is added to the scores of rows that see no key, and to no others
}

// Factor multiplies or divides the product and doesn't depend on the key.
type Factor struct {
	Value   *ir.Value
	Divides bool
	At      Layout
	Node    *ir.Node
}

// Bias is a term added to the scores: Factor · Value, at least Floor. Value may be
// nil for 0.
type Bias struct {
	Value  *ir.Value
	Factor float64
	Floor  float64 // −inf: no limit
	Is     *Mask   // if set: the value is Fill where this hides a key, else 0
	Under  *Mask   // if set: where this hides a key, the term is Fill
	Fill   float64
	At     Layout // of the scores that it was added to
	Node   *ir.Node
}

// Mask is a boolean: true where the key is seen, or hidden if Hides.
type Mask struct {
	Value  *ir.Value
	Hides  bool
	Biases int // so many were added before it
	At     Layout
	Node   *ir.Node
}

// dominant is the finite fill below which a masked key has weight 0 beside any
// visible one: exp(−10000 − s) is 0 in f32 for every score s > −9800. The fills
// of exporters are −10000 or far below.
const dominant = -1e4

// logits puts the operations of s in order. A finite fill stays exact: a row
// that sees no key gives what the file gives.
func logits(s *Scores) (*Logits, *Refusal) {
	l := &Logits{Scale: 1, Fill: math.Inf(-1)}
	element := s.Product.Node.Out[0].Type.DType
	for _, o := range s.Ops {
		if why := l.add(o, element); why != nil {
			return nil, why
		}
	}
	l.Softcap = math.Abs(l.Softcap) // c·tanh(x/c) is even in c
	return l, l.settle(element)
}

func (l *Logits) add(o ScoreOp, element tensor.DType) *Refusal {
	switch o.Kind {
	case OpScale:
		return l.scale(o)
	case OpTanh:
		if l.Softcap != 0 || len(l.Biases)+len(l.Masks) > 0 {
			return refuse(checkSoftcap, o.Node, "the softcap before biases and masks", "a softcap after one")
		}
		l.Softcap = 1
	case OpBias:
		factor := 1.0
		if o.Negate {
			factor = -1
		}
		l.Biases = append(l.Biases, Bias{Value: o.Value, Factor: factor, Floor: math.Inf(-1), At: o.At, Node: o.Node})
	case OpFactor:
		if l.Softcap != 0 || len(l.Biases)+len(l.Masks) > 0 {
			return refuse(checkFactor, o.Node, "factors before softcap, biases and masks", "one after")
		}
		l.Factors = append(l.Factors, Factor{o.Value, o.Negate, o.At, o.Node})
	case OpMask:
		return l.mask(o)
	case OpClamp:
		return l.clamp(o, element)
	case OpRefill:
		if len(l.Masks) > 0 { // else no row is empty but of −inf, which the fill leaves
			l.Fill, l.added = o.Number, true
		}
	case OpCast:
		if to := o.Node.Out[0].Type.DType; !to.IsFloat() || to.Bytes(1) < element.Bytes(1) {
			return refuse(checkPrecision, o.Node, element.String()+" or wider", to.String())
		}
	}
	return nil
}

// idle reports whether m hides nothing, whatever the input.
func (m *Mask) idle() bool {
	x, ok := Splat(m.Value)
	return ok && (x == 0) == m.Hides
}

// scale multiplies all that was collected.
func (l *Logits) scale(o ScoreOp) *Refusal {
	x := o.Number
	if len(l.Masks) > 0 && x <= 0 {
		return refuse(checkFill, o.Node, "a positive factor of masked scores", fmt.Sprint(x))
	}
	l.Scale *= x
	if l.Softcap != 0 {
		l.Softcap *= x
	}
	for i := range l.Biases {
		l.Biases[i].Factor *= x
		if !math.IsInf(l.Biases[i].Floor, -1) {
			return refuse(checkFill, o.Node, "the lower limit after the scale", "a scale after it")
		}
	}
	if len(l.Masks) > 0 {
		l.Fill *= x
	}
	return nil
}

// mask adds a fill of scores. A second one must have the same fill, and what
// was added after the first must not change it: −inf keeps anything, a large
// finite fill becomes a bias that absorbs the scores.
func (l *Logits) mask(o ScoreOp) *Refusal {
	m := Mask{Value: o.Value, Hides: o.Negate, Biases: len(l.Biases), At: o.At, Node: o.Node}
	if m.idle() {
		return nil
	}
	fill := o.Number
	if fill > dominant || math.IsNaN(fill) {
		return refuse(checkFill, o.Node, fmt.Sprintf("a fill of %g or less", dominant), fmt.Sprint(fill))
	}
	if len(l.Masks) > 0 && fill != l.Fill {
		return refuse(checkFill, o.Node, fmt.Sprintf("the fill of the mask before, %g", l.Fill), fmt.Sprint(fill))
	}
	l.Masks, l.Fill = append(l.Masks, m), fill
	return nil
}

// clamp reads a lower limit of the scores: it can only matter for what one mask
// or bias has pushed down.
func (l *Logits) clamp(o ScoreOp, element tensor.DType) *Refusal {
	half := element == tensor.Float16 && len(l.Biases) > 0 // the sum would not be rounded to the limit
	if !swallows(o.Number, element) || len(l.Masks)+len(l.Biases) > 1 || half {
		return refuse(checkFill, o.Node, "a limit that only one mask can reach", fmt.Sprint(o.Number))
	}
	for i := range l.Biases {
		l.Biases[i].Floor = o.Number
	}
	l.Fill = max(l.Fill, o.Number)
	return nil
}

// swallow is a fill that any score added to it leaves as it is, in every type
// but f16: a row filled with it weighs all keys alike. In f16 the file's least
// number does so.
const (
	swallow     = -1e38
	swallowHalf = -6e4
)

func swallows(fill float64, element tensor.DType) bool {
	return fill <= swallow || element == tensor.Float16 && fill <= swallowHalf
}

// settle chooses between masks and biases where both would do.
func (l *Logits) settle(element tensor.DType) *Refusal {
	for i := range l.Biases {
		l.Biases[i].split()
	}
	if len(l.Masks) == 1 {
		l.only = &Bias{Is: &l.Masks[0], Fill: l.Fill}
	}
	switch {
	case len(l.Masks) == 0:
		l.promote(element)
		return nil
	case math.IsInf(l.Fill, -1) || l.added:
		return nil
	}
	// The file puts the fill in place of the score, the fused node adds it.
	m := l.Masks[len(l.Masks)-1]
	if l.tame() && element != tensor.Float16 && m.Node.Out[0].Type.DType == element {
		l.Fill = swallow
		return nil
	}
	// Biases of unknown size beside a finite fill: their sum tells which keys an
	// otherwise empty row sees, so the fill must be added to them, not masked.
	if !swallows(l.Fill, element) && len(l.Biases) > 0 {
		return refuse(checkFill, m.Node, fmt.Sprintf("a fill of -inf, or of %g, beside other biases", swallow), fmt.Sprint(l.Fill))
	}
	if len(l.Masks) > 1 {
		return refuse(checkFill, l.Masks[1].Node, "one mask beside other biases, or in f16", "several")
	}
	l.absorb(m)
	l.Masks, l.Fill = nil, math.Inf(-1)
	return nil
}

// absorb makes m, the only mask, a bias that is the fill where keys are hidden.
// It stands in for the biases that were added before, which may be −inf there.
func (l *Logits) absorb(m Mask) {
	fill := min(l.Fill, swallow)
	if m.Biases == 0 {
		l.Biases = append(l.Biases, Bias{Under: &m, Fill: fill, Floor: math.Inf(-1), Factor: 1, At: m.At, Node: m.Node})
		return
	}
	for i := range l.Biases[:m.Biases] {
		l.Biases[i].Under, l.Biases[i].Fill = &m, fill
		fill = 0
	}
}

// zeroed undoes absorb: the file sets the probabilities of hidden keys to 0, so
// that the fill doesn't show. It reports whether mask is what the file hides keys
// by, and nothing but the fill could show: a bias of −inf for all other keys would.
func (l *Logits) zeroed(mask *ir.Value, hides bool, at Layout) bool {
	if l.only == nil || math.IsInf(l.only.Fill, -1) && slices.ContainsFunc(l.Biases, Bias.mayHide) {
		return false
	}
	m := l.only.Is
	if m.Value != mask || m.Hides != hides || !m.At.Equal(at) {
		return false
	}
	var biases []Bias
	for _, b := range l.Biases {
		if b.Value != nil {
			b.Under = nil
			biases = append(biases, b)
		}
	}
	l.Masks, l.Biases, l.Fill = []Mask{*m}, biases, math.Inf(-1)
	return true
}

// factsDepth is how far what is added to scores is followed to what it is made of.
const factsDepth = 12

// mayHide reports whether b may be −inf.
func (b Bias) mayHide() bool { return b.Value == nil || !finite(b.Value, factsDepth) }

// split recognises a bias that is a mask: Where(mask, 0, fill).
func (b *Bias) split() {
	n := b.Value.Def
	if b.Factor != 1 || n == nil || n.Op != op.Where {
		return
	}
	x, okX := Splat(n.In[1])
	y, okY := Splat(n.In[2])
	if !okX || !okY || !sameRank(n.In[0], b.Value) || !n.In[0].Type.Shape.Equal(b.Value.Type.Shape) {
		return
	}
	m := &Mask{Value: n.In[0], At: b.At, Node: b.Node}
	switch {
	case x == 0 && y < 0:
		b.Is, b.Fill = m, max(y, b.Floor)
	case y == 0 && x < 0:
		m.Hides = true
		b.Is, b.Fill = m, max(x, b.Floor)
	}
}

// promote makes biases that are masks masks: those of −inf, and a single finite
// one, which a row that sees no key still adds to its scores.
func (l *Logits) promote(element tensor.DType) {
	var rest []Bias
	for i, b := range l.Biases {
		if b.Is != nil && b.Is.idle() {
			continue
		}
		infinite := math.IsInf(b.Fill, -1)
		finite := b.Fill <= dominant && b.Node.Out[0].Type.DType == element && othersTame(l.Biases, i)
		if b.Is == nil || !infinite && !finite || len(l.Masks) > 0 && b.Fill != l.Fill {
			rest = append(rest, b.widened(element))
			continue
		}
		l.Masks, l.Fill = append(l.Masks, *b.Is), b.Fill
	}
	l.Biases = rest
}

// widened is b with a fill that swallows scores in f32 as b's does in f16: the
// fused node adds in f32.
func (b Bias) widened(element tensor.DType) Bias {
	if b.Is == nil || element != tensor.Float16 || !swallows(b.Fill, element) || math.IsInf(b.Fill, -1) {
		return b
	}
	return Bias{Under: b.Is, Fill: swallow, Floor: math.Inf(-1), Factor: 1, At: b.At, Node: b.Node}
}

// tame reports whether all biases are of moderate size.
func (l *Logits) tame() bool { return othersTame(l.Biases, -1) }

func othersTame(biases []Bias, but int) bool {
	for i, b := range biases {
		if i != but && (b.Value == nil || b.Is != nil || !moderate(b.Value, factsDepth)) {
			return false
		}
	}
	return true
}

// moderate reports whether the elements of v come from a constant table without
// large numbers, such as position biases.
func moderate(v *ir.Value, depth int) bool { return fromTable(v, depth, allModerate) }

func allModerate(t *tensor.Tensor) bool {
	for i := range t.Len() {
		if !(math.Abs(t.FloatAt(i)) < -dominant/10) {
			return false
		}
	}
	return true
}
