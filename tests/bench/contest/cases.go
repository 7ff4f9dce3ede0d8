package contest

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/tests/bench/engine"
	"github.com/parallax-go/parallax/tests/bench/zoo"
)

// The sections of the report.
const (
	Models    = "models"
	Attention = "attention"
	Parallax  = "parallax"
	Products  = "products"
	Brain     = "bf16"
	Operators = "operators"
	Windows   = "windows"
	Quantised = "quantised"
	Generated = "generated"
	Loading   = "loading"
	Ablation  = "ablation"
)

// Means are the targets of the sections' geometric means.
var Means = []struct {
	Sections []string
	Value    float64
}{
	{[]string{Attention}, 1.2},
	{[]string{Products, Operators}, 1.05},
}

// Rows lists all rows. real is the folder of the real model, "" for none.
func Rows(real string, quick bool) ([]Row, error) {
	var list []Row
	loaded := []*Case{named("the encoder", encoder(1, 16))}
	list = append(list, encoders()...)
	if real != "" {
		one, all, err := realCases(real)
		if err != nil {
			return nil, err
		}
		list = append(list, sentences(one, all)...)
		loaded = append(loaded, named("the embedding model", one))
	}
	list = append(list, decoders()...)
	list = append(list, vision(quick)...)
	list = append(list, attentions()...)
	list = append(list, parallaxes()...)
	list = append(list, products()...)
	list = append(list, brains()...)
	list = append(list, operators()...)
	list = append(list, windows()...)
	list = append(list, quantised()...)
	list = append(list, generateds()...)
	list = append(list, loads(loaded)...)
	if quick {
		list = slices.DeleteFunc(list, func(r Row) bool { return r.Case.Slow })
	}
	return list, nil
}

// named is c under another name.
func named(name string, c *Case) *Case {
	other := *c
	other.Name = name
	return &other
}

// generated is the contestant that is a Go package made of the model.
const generated = "generated Go"

// generateds are cases as generated Go, by the run in process.
func generateds() []Row {
	probed := attention("Parallax S=512", zoo.Attention{Probe: true}, 512, 512, 1)
	var list []Row
	for _, c := range []*Case{encoder(1, 1), encoder(1, 128), decoder(), attention("attention S=128", zoo.Attention{}, 128, 128, 1), probed} {
		c.Name, c.Alone = c.Name+", as generated Go", true
		c.More = []Contestant{{Name: generated, Engine: engine.Generated}}
		for phase, title := range engine.Phases[c.mode()] {
			row := Row{Section: Generated, Case: c, Phase: phase, Subject: generated, Against: []string{engine.Name}, Target: AtMost(1.02)}
			if len(engine.Phases[c.mode()]) > 1 {
				row.Name = c.Name + ", " + title
			}
			list = append(list, row)
		}
	}
	return list
}

// loads are the time from the file to the first result, and the memory that takes.
func loads(cases []*Case) []Row {
	var list []Row
	for _, c := range cases {
		load, memory := named("load of "+c.Name, c), named("peak memory of "+c.Name, c)
		load.Mode, memory.Fresh = engine.Load, true
		list = append(list,
			Row{Section: Loading, Case: load, Target: AtLeast(1.25)},
			Row{Section: Loading, Case: memory, Target: AtMost(.8)},
		)
	}
	return list
}

// encoderLayers is the size of the encoder: 113 MB of weights.
const encoderLayers = 4

func encoder(batch, seq int64) *Case {
	name := fmt.Sprintf("encoder M=%d", batch*seq)
	if batch > 1 {
		name += fmt.Sprintf(", batch %d", batch)
	}
	return &Case{Name: name, Model: zoo.Encoder(encoderLayers), Dims: map[string]int64{"batch": batch, "seq": seq}}
}

func encoders() []Row {
	var list []Row
	for _, size := range []struct {
		batch, seq int64
		target     float64
	}{
		{1, 1, 1}, {1, 4, 1.15}, {1, 8, 1.15}, {1, 16, 1.5}, {1, 32, 1.3}, {1, 64, 1.15}, {1, 128, 1.05},
		{1, 256, 1.05}, {1, 512, 1.05}, {8, 32, 1.05}, {8, 64, 1.05},
	} {
		list = append(list, Row{Section: Models, Case: encoder(size.batch, size.seq), Target: AtLeast(size.target)})
	}
	for _, seq := range []int64{1, 8, 16, 32, 128} {
		list = append(list, Row{Section: Models, Case: trainedInBrain(encoder(1, seq))})
	}
	return list
}

// trainedInBrain is c with weights that are numbers of bf16, in a file in f32 all the same: so
// are many of models that were trained in it.
func trainedInBrain(c *Case) *Case {
	c.Name += ", weights trained in bf16"
	c.Model.Brain = true
	return c
}

// inSteps is c with quantised weights.
func inSteps(c *Case, steps zoo.Steps) *Case {
	c.Model.Steps = steps
	switch steps {
	case zoo.Blocks:
		c.Name += ", weights of 4 bits in blocks"
		return c
	case zoo.BlocksInBytes:
		c.Name += ", weights of 4 bits in blocks, products in int8"
		c.More = []Contestant{{Name: inBytes, Engine: engine.Name, Variant: engine.INT8}}
	default:
		c.Name += ", in int8"
	}
	// A rounding that falls the other way moves all that a number is multiplied with, and
	// layers pass it on.
	c.Tolerance = .05
	return c
}

// inBytes is this project's contestant that rounds what is multiplied to 8 bits.
const inBytes = "parallax, int8"

// quantised are models with quantised weights.
func quantised() []Row {
	var list []Row
	for _, seq := range []int64{1, 8, 16, 64, 128, 512} {
		list = append(list, Row{Section: Quantised, Case: inSteps(encoder(1, seq), zoo.Dynamic)})
	}
	for _, in := range []struct {
		steps   zoo.Steps
		subject string
	}{{zoo.Blocks, ""}, {zoo.BlocksInBytes, inBytes}} {
		for _, seq := range []int64{1, 16, 128} {
			list = append(list, Row{Section: Quantised, Case: inSteps(encoder(1, seq), in.steps), Subject: in.subject})
		}
		c := inSteps(decoder(), in.steps)
		list = append(list,
			Row{Section: Quantised, Name: c.Name + ", prefill 256", Case: c, Phase: 0, Subject: in.subject},
			Row{Section: Quantised, Name: c.Name + ", 64 steps", Case: c, Phase: 1, Subject: in.subject})
	}
	return list
}

// decoderSizes are a decoder with grouped heads.
var decoderSizes = zoo.Sizes{Layers: 4, Hidden: 768, Heads: 12, KVHeads: 4, Head: 64, FeedForward: 2048}

// handed is this project's contestant that hands the caches over as the peers do.
const handed = "parallax, caches as tensors"

// decoder is the one of the rows.
func decoder() *Case {
	return &Case{
		Name: "decoder", Mode: engine.Decode, Model: zoo.Decoder(decoderSizes), Pasts: zoo.Pasts(decoderSizes),
		Dims: map[string]int64{"batch": 1, "seq": 256, "past": 0}, Steps: 64,
	}
}

func decoders() []Row {
	c, brain := decoder(), trainedInBrain(decoder())
	c.More = []Contestant{{Name: handed, Engine: engine.Name, Variant: engine.Plain}}
	return []Row{
		{Section: Models, Name: "decoder, prefill 256", Case: c, Phase: 0, Target: AtLeast(1.1)},
		{Section: Models, Name: "decoder, 64 steps", Case: c, Phase: 1, Target: AtLeast(1.1)},
		{Section: Models, Name: "decoder, 64 steps, caches as tensors", Case: c, Phase: 1, Subject: handed},
		{Section: Models, Name: "decoder, weights trained in bf16, prefill 256", Case: brain, Phase: 0},
		{Section: Models, Name: "decoder, weights trained in bf16, 64 steps", Case: brain, Phase: 1},
	}
}

func vision(quick bool) []Row {
	layers, name := 12, "ViT-B/16"
	if quick {
		layers, name = 4, "ViT-B/16, 4 layers"
	}
	c := &Case{Name: name, Model: zoo.ViT(layers), Dims: map[string]int64{"batch": 1}}
	return []Row{{Section: Models, Case: c, Target: AtLeast(1.1)}}
}

// attention is a case of the subgraph alone, 12 heads unless a says otherwise.
func attention(name string, a zoo.Attention, queries, keys, batch int) *Case {
	if a.Heads == 0 {
		a.Heads = 12
	}
	if a.KVHeads == 0 {
		a.KVHeads = a.Heads
	}
	if a.Head == 0 {
		a.Head = 64
	}
	return &Case{
		Name: name, Model: a.Graph(),
		Dims: map[string]int64{"batch": int64(batch), "queries": int64(queries), "keys": int64(keys)},
	}
}

func attentions() []Row {
	padded := attention("attention S=512, padding mask, batch 2", zoo.Attention{Padding: true}, 512, 512, 2)
	padded.Fill = map[string]fill{"attention_mask": lengths(512, 512, 300)}
	long := attention("attention S=2048", zoo.Attention{}, 2048, 2048, 1)
	long.Slow = true
	cases := []*Case{
		attention("attention S=128", zoo.Attention{}, 128, 128, 1),
		attention("attention S=512", zoo.Attention{}, 512, 512, 1),
		long,
		attention("attention S=512, D=32", zoo.Attention{Head: 32}, 512, 512, 1),
		attention("attention S=512, D=80", zoo.Attention{Head: 80}, 512, 512, 1),
		attention("attention S=512, D=96", zoo.Attention{Head: 96}, 512, 512, 1),
		attention("attention S=512, D=128", zoo.Attention{Head: 128}, 512, 512, 1),
		attention("attention S=512, causal", zoo.Attention{Causal: true}, 512, 512, 1),
		attention("attention S=512, GQA 4:1", zoo.Attention{KVHeads: 3}, 512, 512, 1),
		padded,
		attention("attention of 1 query, 4096 keys", zoo.Attention{}, 1, 4096, 1),
	}
	var list []Row
	for _, c := range cases {
		list = append(list, Row{Section: Attention, Case: c, Target: AtLeast(1.1)})
	}
	return list
}

// softmax is this project's contestant on the same attention without a probe.
const softmax = "parallax, softmax attention"

// probedTolerance is that of attention with a probe: a gap of its scores multiplies what
// softmax rounds.
const probedTolerance = 1e-3

func parallaxes() []Row {
	var list []Row
	for _, size := range []struct {
		queries, keys, heads int
		causal               bool
		most                 float64
	}{
		{512, 512, 12, false, 1.6}, {1024, 1024, 12, false, 1.6}, {2048, 2048, 12, false, 1.6}, {4096, 4096, 4, false, 1.9},
		{1, 4096, 12, false, 1.15}, {1, 16384, 12, false, 1.15},
		{512, 512, 12, true, 1.6}, {2048, 2048, 12, true, 1.6},
	} {
		name := fmt.Sprintf("Parallax S=%d", size.keys)
		if size.queries == 1 {
			name = fmt.Sprintf("Parallax of 1 query, %d keys", size.keys)
		}
		if size.heads != 12 {
			name += fmt.Sprintf(", %d heads", size.heads)
		}
		if size.causal {
			name += ", causal"
		}
		c := attention(name, zoo.Attention{Heads: size.heads, Causal: size.causal, Probe: true}, size.queries, size.keys, 1)
		plain := zoo.Attention{Heads: size.heads, KVHeads: size.heads, Head: 64, Causal: size.causal}.Graph()
		c.More = []Contestant{{Name: softmax, Engine: engine.Name, Model: &plain}}
		c.Tolerance = probedTolerance
		c.Slow = size.queries >= 2048
		list = append(list,
			Row{Section: Parallax, Name: name + ", by softmax attention", Case: c, Against: []string{softmax}, Target: AtMost(size.most)},
			Row{Section: Parallax, Name: name + ", against peers", Case: c, Target: AtLeast(3)},
		)
	}
	return list
}

// The contestants in bf16.
const (
	brain     = "parallax, bf16"
	peerBrain = "openvino, bf16"
)

// inBrain is c in bf16, by this project and by the peer that has it.
func inBrain(c *Case) Row {
	c.Name += ", bf16"
	c.Alone = true
	c.Tolerance = brainTolerance
	c.More = []Contestant{{Name: brain, Engine: engine.Name, Variant: engine.BF16}, {Name: peerBrain, Engine: "openvino", Variant: engine.BF16}}
	return Row{Section: Brain, Case: c, Subject: brain, Against: []string{peerBrain}, Target: AtLeast(1)}
}

// brainTolerance is some roundings to 8 bits.
const brainTolerance = 3e-2

func brains() []Row {
	var list []Row
	for _, seq := range []int64{1, 16, 32, 128, 512} {
		list = append(list, inBrain(encoder(1, seq)))
	}
	for _, s := range [][3]int{{512, 512, 512}, {1024, 1024, 1024}, {128, 768, 3072}, {16, 768, 3072}, {1, 768, 3072}, {1, 4096, 4096}} {
		list = append(list, inBrain(matmul(s[0], s[1], s[2])))
	}
	for _, s := range []int{128, 512, 2048} {
		list = append(list, inBrain(attention(fmt.Sprintf("attention S=%d", s), zoo.Attention{}, s, s, 1)))
	}
	list = append(list, inBrain(attention("attention S=512, causal", zoo.Attention{Causal: true}, 512, 512, 1)))
	for _, causal := range []bool{false, true} {
		name := "Parallax S=512"
		if causal {
			name += ", causal"
		}
		list = append(list, inBrain(attention(name, zoo.Attention{Causal: causal, Probe: true}, 512, 512, 1)))
	}
	return list
}

func matmul(m, k, n int) *Case {
	return &Case{
		Name: fmt.Sprintf("MatMul %d×%d×%d", m, k, n), Model: zoo.MatMul(k, n),
		Dims: map[string]int64{"m": int64(m)}, Slow: m == 2048,
	}
}

func products() []Row {
	var list []Row
	for _, s := range [][3]int{
		{512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048}, {128, 768, 768}, {128, 768, 3072}, {128, 3072, 768},
		{32, 768, 3072}, {16, 768, 3072}, {1, 4096, 4096},
	} {
		list = append(list, Row{Section: Products, Case: matmul(s[0], s[1], s[2]), Target: LowerEnd(.95)})
	}
	return list
}

// windows are layers that models of images and speech begin with or contain.
func windows() []Row {
	list := []Row{{Section: Windows, Case: &Case{Name: "MaxPool 3×3, 64 channels, 112×112, stride 2", Model: zoo.MaxPool(64), Dims: map[string]int64{"batch": 1, "h": 112, "w": 112}}}}
	for _, c := range []struct {
		name string
		conv zoo.Conv
		h, w int64
	}{
		{"Conv 7×7, stride 2, 3 to 64 channels, 224×224", zoo.Conv{Channels: 3, Filters: 64, Kernel: 7, Stride: 2}, 224, 224},
		{"Conv 3×3, 64 channels, 56×56", zoo.Conv{Channels: 64, Filters: 64, Kernel: 3}, 56, 56},
		{"Conv 3×3, 256 channels, 14×14", zoo.Conv{Channels: 256, Filters: 256, Kernel: 3}, 14, 14},
		{"Conv 1×1, 320 to 1280 channels, 14×14", zoo.Conv{Channels: 320, Filters: 1280, Kernel: 1}, 14, 14},
		{"Conv 3, stride 2, 512 channels, 3200", zoo.Conv{Channels: 512, Filters: 512, Kernel: 3, Stride: 2, Line: true}, 1, 3200},
		{"depthwise Conv 3×3, 144 channels, 56×56", zoo.Conv{Channels: 144, Filters: 144, Kernel: 3, Groups: 144}, 56, 56},
		{"depthwise Conv 3×3, stride 2, 96 channels, 112×112", zoo.Conv{Channels: 96, Filters: 96, Kernel: 3, Groups: 96, Stride: 2}, 112, 112},
		{"depthwise Conv 7×7, 384 channels, 14×14", zoo.Conv{Channels: 384, Filters: 384, Kernel: 7, Groups: 384}, 14, 14},
	} {
		dims := map[string]int64{"batch": 1, "w": c.w}
		if !c.conv.Line {
			dims["h"] = c.h
		}
		list = append(list, Row{Section: Windows, Case: &Case{Name: c.name, Model: c.conv.Graph(), Dims: dims}})
	}
	return list
}

// copies of an operator stand in one file, so that what a run costs beside its
// kernels is small: 5 to 15 µs, and for those side by side as much for three
// inputs and outputs.
var copies = []struct {
	elements       int64
	name           string
	chain, abreast int
}{{4 << 10, "4K", 64, 16}, {64 << 10, "64K", 16, 4}, {1 << 20, "1M", 2, 1}}

func operators() []Row {
	var list []Row
	for _, o := range zoo.Ops {
		for _, size := range copies {
			seq, n := size.elements/1024, size.abreast
			if o.Chain {
				n = size.chain
			}
			c := &Case{
				Name: o.Name + " " + size.name, Model: o.Copies(n),
				Dims: map[string]int64{"batch": 1, "seq": seq, "past": seq / 2}, Fill: map[string]fill{"ids": below(4096), "cos": angle(math.Cos), "sin": angle(math.Sin)},
			}
			list = append(list, Row{Section: Operators, Case: c, Target: LowerEnd(.95)})
		}
	}
	return list
}

// ablation is a case on which the worth of some passes is measured.
type ablation struct {
	of     *Case
	title  string // of the phase; "": there is one
	phase  int
	passes []string
}

func ablations() []ablation {
	ofEncoder := []string{"fusenorm", "fuseattn", "readmasks", "fuseepilogue", "layout", "mergeqkv", "joinnorm", "fusechain"}
	generating, probed := decoder(), attention("Parallax S=512", zoo.Attention{Probe: true}, 512, 512, 1)
	probed.Tolerance = probedTolerance
	return []ablation{
		{of: encoder(1, 16), passes: ofEncoder},
		{of: encoder(1, 128), passes: ofEncoder},
		{of: generating, title: ", prefill 256", passes: []string{"fuserope"}},
		{of: generating, title: ", 64 steps", phase: 1, passes: []string{"fusecache"}},
		{of: probed, passes: []string{"fuseparallax"}},
		{of: &Case{Name: "mixing feed-forward of 3136 tokens", Model: zoo.Mixing(), Dims: map[string]int64{"batch": 1}}, passes: []string{"channelslast"}},
	}
}

// Ablations are rows without one pass each, of those that exist, by the time with all.
func Ablations(exists func(pass string) bool) []Row {
	var list []Row
	for _, a := range ablations() {
		c := a.of
		if !c.Alone { // the first rows of it
			c.Name, c.Alone = "ablation, "+c.Name, true
		}
		for _, pass := range a.passes {
			if exists(pass) {
				name := "without " + pass
				c.More = append(c.More, Contestant{Name: name, Engine: engine.Name, Variant: "passes=-" + pass})
				list = append(list, Row{Section: Ablation, Name: c.Name + a.title + ", " + name, Case: c, Phase: a.phase, Against: []string{name}})
			}
		}
	}
	return list
}
