package attr

import "fmt"

// Probe says how the correction direction r of Parallax attention is obtained.
type Probe string

// The probes (arXiv 2605.29157).
const (
	ProbeNone    Probe = "none"    // r = 0: softmax attention
	ProbeLearned Probe = "learned" // r is an operand, W_R x
	ProbeExact   Probe = "exact"   // r solves the ridge regression of the query
)

// Weights says what the keys are averaged with.
type Weights string

// The weights.
const (
	WeightsSoftmax Weights = "softmax"
	WeightsUniform Weights = "uniform"
)

// Affine says whether the second branch is centred on the weighted mean.
type Affine string

// The affine parts.
const (
	AffineCentred Affine = "centred"
	AffineNone    Affine = "none"
)

// Causal says which keys a query may see by position.
type Causal string

// The causal alignments: query i sees key j if j ≤ i + S − T (bottom right: the
// last query sees every key) or j ≤ i (top left).
const (
	CausalNone        Causal = "none"
	CausalBottomRight Causal = "bottom_right"
	CausalTopLeft     Causal = "top_left"
)

// Layout says how the operands q, k, v, r and the result are laid out.
type Layout string

// The layouts. Cache operands are [B, kv_heads, length, size] in all.
const (
	LayoutBHSD Layout = "bhsd" // [B, heads, T, size]
	LayoutBSD  Layout = "bsd"  // [B, T, heads·size]: heads packed in the last axis
	LayoutSBD  Layout = "sbd"  // [T, B, heads·size]: positions first, as in PyTorch's modules
)

// Axes are those of the batch and of the positions, and packed tells that the last one
// has the heads.
func (l Layout) Axes() (batch, positions int, packed bool) {
	switch l {
	case LayoutBSD:
		return 0, 1, true
	case LayoutSBD:
		return 1, 0, true
	}
	return 0, 2, false
}

// EmptyRow says what a query row that sees no key gives.
type EmptyRow string

// The rules for empty rows. Filled evaluates the row with FillValue in place of
// −inf at every masked key, as a file does whose mask adds a finite number.
const (
	EmptyRowZero   EmptyRow = "zero"
	EmptyRowNaN    EmptyRow = "nan"
	EmptyRowFilled EmptyRow = "filled"
)

// Attention specifies the fused node
//
//	Parallax(q, k, v, [r], [bias…], [mask…], [past_k, past_v], [kv_starts, kv_lengths], [sink]) → o, [present_k, present_v]
//
// With T queries, S keys (the past's included), H heads and G kv_heads: query
// head h reads key and value head h/(H/G). Per row,
//
//	s₁ = mask(Σ bias + softcap(Scale·q·k)), −inf where masked
//	s₂ = r·k, unscaled and unmasked
//	p  = softmax(s₁)
//	o  = Σ p (1 + t̄ − t) v   with t = s₂, t̄ = Σ p t        (softmax, centred)
//
// r has q's shape. Biases broadcast to [B, H, T, S] and keep their own shapes;
// the last Relative of them depend on j − i alone: they broadcast to [B, H, 1,
// T+S−1], and the score of query i and key j gets element j − i + T − 1.
//
// Masks broadcast to [B, H, T, S] and keep their own shapes too. A key is seen
// if all of them are true, or if the formula Visible is: it may also compare
// masks that hold numbers with each other and with positions, as float64. kv_starts
// and kv_lengths are integers [B]: keys j with start ≤ j < length are seen.
// sink is [H] or broadcasts to [B, H, T, 1]: the score of a virtual key with
// k = 0, v = 0, t = 0, which joins the denominator only.
//
// Source: arXiv 2605.29157; ONNX Attention (opset 23) for heads, scale, softcap,
// causal and masks.
type Attention struct {
	Probe    Probe    `attr:"probe,none"`
	Weights  Weights  `attr:"weights,softmax"`
	Affine   Affine   `attr:"affine,centred"`
	Ridge    float64  `attr:"ridge,0"` // of ProbeExact: λ ≥ 0
	Heads    int      `attr:"heads"`
	KVHeads  int      `attr:"kv_heads"`
	Scale    float64  `attr:"scale"`
	Softcap  float64  `attr:"softcap,0"` // c·tanh(x/c); 0: none
	Causal   Causal   `attr:"causal,none"`
	Layout   Layout   `attr:"layout,bhsd"`
	EmptyRow EmptyRow `attr:"empty_row,zero"`
	// FillValue stands for −inf at masked keys of a row that sees none, if
	// EmptyRow is filled.
	FillValue float64 `attr:"fill_value,0"`
	// WindowLeft and WindowRight limit the keys of the query at position i (the
	// causal alignment applied) to i−WindowLeft … i+WindowRight; −1: no limit.
	WindowLeft  int `attr:"window_left,-1"`
	WindowRight int `attr:"window_right,-1"`

	// Visible is a formula over the masks, see [ParsePredicate]; empty: all masks.
	Visible string `attr:"visible,"`

	// Which optional operands the node has, in contract order.
	HasProbe   bool `attr:"has_r,false"`
	Biases     int  `attr:"biases,0"`
	Relative   int  `attr:"relative,0"`
	Masks      int  `attr:"masks,0"`
	HasPast    bool `attr:"has_past,false"`
	HasRanges  bool `attr:"has_ranges,false"` // kv_starts and kv_lengths
	HasSink    bool `attr:"has_sink,false"`
	HasPresent bool `attr:"has_present,false"` // outputs present_k, present_v
}

// Operands are the positions of the node's operands; −1: absent.
type Operands struct {
	Q, K, V, R      int
	Bias            int // the first of Biases
	Mask            int // the first of Masks
	PastK, PastV    int
	Starts, Lengths int
	Sink            int
	Count           int
}

// Operands returns where a's operands stand among the node's inputs.
func (a *Attention) Operands() Operands {
	o := Operands{Q: 0, K: 1, V: 2, R: -1, Bias: -1, Mask: -1, PastK: -1, PastV: -1, Starts: -1, Lengths: -1, Sink: -1, Count: 3}
	take := func(present bool, n int) int {
		if !present {
			return -1
		}
		at := o.Count
		o.Count += n
		return at
	}
	o.R = take(a.HasProbe, 1)
	o.Bias = take(a.Biases > 0, a.Biases)
	o.Mask = take(a.Masks > 0, a.Masks)
	if o.PastK = take(a.HasPast, 2); a.HasPast {
		o.PastV = o.PastK + 1
	}
	if o.Starts = take(a.HasRanges, 2); a.HasRanges {
		o.Lengths = o.Starts + 1
	}
	o.Sink = take(a.HasSink, 1)
	return o
}

// Outputs returns how many outputs the node has: 1, or 3 with presents.
func (a *Attention) Outputs() int {
	if a.HasPresent {
		return 3
	}
	return 1
}

// Check returns an error that says which combination of attributes is not a
// legal specification.
func (a *Attention) Check() error {
	if err := a.checkAllButFormula(); err != nil {
		return err
	}
	_, err := a.comparedMasks()
	return err
}

func (a *Attention) checkAllButFormula() error {
	switch {
	case a.Heads < 1 || a.KVHeads < 1:
		return fmt.Errorf("heads = %d and kv_heads = %d must be positive", a.Heads, a.KVHeads)
	case a.Heads%a.KVHeads != 0:
		return fmt.Errorf("heads = %d is not a multiple of kv_heads = %d", a.Heads, a.KVHeads)
	case a.Weights == WeightsSoftmax && a.Affine != AffineCentred:
		return fmt.Errorf("weights = softmax needs affine = centred, got %s", a.Affine)
	case a.Weights == WeightsUniform && (a.Biases > 0 || a.Softcap != 0 || a.HasSink):
		return fmt.Errorf("weights = uniform takes no bias, softcap or sink")
	case a.HasProbe != (a.Probe == ProbeLearned):
		return fmt.Errorf("probe = %s with r present: %t", a.Probe, a.HasProbe)
	case !(a.Ridge >= 0): // NaN included
		return fmt.Errorf("ridge = %g must not be negative", a.Ridge)
	case !(a.Softcap >= 0):
		return fmt.Errorf("softcap = %g must not be negative", a.Softcap)
	case a.WindowLeft < -1 || a.WindowRight < -1:
		return fmt.Errorf("window_left = %d and window_right = %d must be at least -1", a.WindowLeft, a.WindowRight)
	case a.Biases < 0 || a.Masks < 0:
		return fmt.Errorf("biases = %d and masks = %d must not be negative", a.Biases, a.Masks)
	case a.Relative < 0 || a.Relative > a.Biases:
		return fmt.Errorf("relative = %d of %d biases", a.Relative, a.Biases)
	}
	return a.checkNames()
}

func (a *Attention) checkNames() error {
	bad := func(field, value string) error { return fmt.Errorf("%s = %q is not known", field, value) }
	switch a.Probe {
	case ProbeNone, ProbeLearned, ProbeExact:
	default:
		return bad("probe", string(a.Probe))
	}
	switch a.Weights {
	case WeightsSoftmax, WeightsUniform:
	default:
		return bad("weights", string(a.Weights))
	}
	switch a.Affine {
	case AffineCentred, AffineNone:
	default:
		return bad("affine", string(a.Affine))
	}
	switch a.Causal {
	case CausalNone, CausalBottomRight, CausalTopLeft:
	default:
		return bad("causal", string(a.Causal))
	}
	switch a.Layout {
	case LayoutBHSD, LayoutBSD, LayoutSBD:
	default:
		return bad("layout", string(a.Layout))
	}
	switch a.EmptyRow {
	case EmptyRowZero, EmptyRowNaN, EmptyRowFilled:
	default:
		return bad("empty_row", string(a.EmptyRow))
	}
	return nil
}
