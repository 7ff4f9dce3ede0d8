package main

import (
	"fmt"
	"strings"

	"github.com/parallax-go/parallax/onnx/wire"
	. "github.com/parallax-go/parallax/tests/onnxtest"
)

// A decoder as exporters write it: 4 heads of 8 with 2 of keys, a cache, rotary
// embedding, a causal mask made of Range, and the shape arithmetic around all.

// layer is one layer of a decoder; # stands for its number. A line is an operator,
// its operands, its output, and perhaps an axis or permutation.
const layer = `
Mul h# h# sq#
ReduceMean sq# last ms#
Add ms# eps me#
Sqrt me# rms#
Div h# rms# n#
Mul n# gain g#
MatMul g# wq q0#
MatMul g# wk k0#
MatMul g# wv v0#
Shape g# sh#
Gather sh# zero b#
Gather sh# one t#
Unsqueeze b# first b1#
Unsqueeze t# first t1#
Concat b1#,t1#,minus1,eight qs# 0
Reshape q0# qs# q1#
Reshape k0# qs# k1#
Reshape v0# qs# v1#
Transpose q1# q2# 0,2,1,3
Transpose k1# k2# 0,2,1,3
Transpose v1# v2# 0,2,1,3
Mul q2# cos qc#
Slice q2#,first,four,fourth qa#
Slice q2#,four,end,fourth qb#
Neg qb# qn#
Concat qn#,qa# qr# 3
Mul qr# sin qi#
Add qc# qi# q3#
Mul k2# cos kc#
Slice k2#,first,four,fourth ka#
Slice k2#,four,end,fourth kb#
Neg kb# kn#
Concat kn#,ka# kr# 3
Mul kr# sin ki#
Add kc# ki# k3#
Concat pk#,k3# nk# 2
Concat pv#,v2# nv# 2
Shape nk# ks#
Gather ks# two s#
Unsqueeze s# first s1#
Concat b1#,two1,two1,s1#,eight rs# 0
Concat b1#,four,s1#,eight rf# 0
Unsqueeze nk# second k5#
Expand k5# rs# ke#
Reshape ke# rf# kk#
Unsqueeze nv# second v5#
Expand v5# rs# ve#
Reshape ve# rf# vv#
Transpose kk# kt# 0,1,3,2
MatMul q3# kt# s0#
Mul s0# scale ss#
Add ss# mask sm#
Softmax sm# p#
MatMul p# vv# o0#
Transpose o0# o1# 0,2,1,3
Concat b1#,t1#,minus1 os# 0
Reshape o1# os# o2#
MatMul o2# wo o3#
Add h# o3# r#
MatMul r# wu u#
Sigmoid u# z#
Mul u# z# a#
MatMul a# wd d#
Add r# d# h%
`

// prologue makes the tables of the rotary embedding and the mask.
const prologue = `
Shape pk.0 ps
Gather ps two past
Shape h.0 hs
Gather hs one new
Add past new total
Range past,total,one positions
Range zero,total,one keys
Cast positions angles float
Unsqueeze angles second fresh
Mul fresh frequencies turned
Concat turned,turned both 1
Cos both cos
Sin both sin
Unsqueeze positions second rows
Greater keys rows hidden
Cast hidden hiddenf float
Mul hiddenf least mask
`

// decoder is a decoder of so many layers.
func decoder(layers int) *wire.Model {
	inputs, outputs := "h.0:f32[batch,seq,32]", fmt.Sprintf("h.%d:f32[batch,seq,32]", layers)
	g := &wire.Graph{}
	g.Node = lines(prologue)
	for i := range layers {
		text := strings.NewReplacer("#", fmt.Sprintf(".%d", i), "%", fmt.Sprintf(".%d", i+1)).Replace(layer)
		g.Node = append(g.Node, lines(text)...)
		inputs += fmt.Sprintf(" pk.%d:f32[batch,2,past,8] pv.%d:f32[batch,2,past,8]", i, i)
		outputs += fmt.Sprintf(" nk.%d:f32[batch,2,total,8] nv.%d:f32[batch,2,total,8]", i, i)
	}
	g.Name, g.Input, g.Output = "decoder", Values(inputs), Values(outputs)
	for name, list := range map[string][]int64{
		"first": {0}, "second": {1}, "fourth": {3}, "minus1": {-1}, "two1": {2}, "four": {4}, "eight": {8}, "end": {1 << 62}, "last": {-1},
	} {
		g.Initializer = append(g.Initializer, Int64s(name, []int64{1}, list...))
	}
	for name, x := range map[string]int64{"zero": 0, "one": 1, "two": 2} {
		g.Initializer = append(g.Initializer, Int64s(name, nil, x))
	}
	for name, x := range map[string]float32{"eps": 1e-5, "scale": 0.35355338, "least": -3.4028235e38, "gain": 1} {
		g.Initializer = append(g.Initializer, Floats(name, nil, x))
	}
	g.Initializer = append(g.Initializer, Floats("frequencies", []int64{4}, 1, .1, .01, .001))
	for name, columns := range map[string]int64{"wq": 32, "wk": 16, "wv": 16, "wo": 32, "wu": 64, "wd": 32} {
		rows := int64(32)
		if name == "wd" {
			rows = 64
		}
		g.Initializer = append(g.Initializer, &wire.Tensor{Name: name, DataType: wire.Float, Dims: []int64{rows, columns}, RawData: make([]byte, 4*rows*columns)})
	}
	return Model(17, g)
}

// lines reads the lines of layer and prologue.
func lines(text string) []*wire.Node {
	var nodes []*wire.Node
	for line := range strings.Lines(strings.TrimSpace(text)) {
		words := strings.Fields(line)
		name, words := words[0], words[1:]
		n := &wire.Node{OpType: name, Name: name}
		last := words[len(words)-1]
		switch name {
		case "Transpose":
			n.Attribute, words = []*wire.Attribute{Ints("perm", numbers(last)...)}, words[:len(words)-1]
		case "Concat":
			n.Attribute, words = []*wire.Attribute{Int("axis", numbers(last)[0])}, words[:len(words)-1]
		case "Cast":
			n.Attribute, words = []*wire.Attribute{Int("to", int64(wire.Float))}, words[:len(words)-1]
		case "ReduceMean":
			n.Attribute, words = []*wire.Attribute{Ints("axes", -1)}, []string{words[0], words[2]}
		}
		in := words[:len(words)-1]
		if len(in) == 1 {
			in = strings.Split(in[0], ",")
		}
		n.Input, n.Output = in, words[len(words)-1:]
		n.Name = n.Output[0]
		nodes = append(nodes, n)
	}
	return nodes
}

func numbers(list string) []int64 {
	var out []int64
	for _, word := range strings.Split(list, ",") {
		var n int64
		if _, err := fmt.Sscan(word, &n); err != nil {
			panic("BUG: " + word + " is no number")
		}
		out = append(out, n)
	}
	return out
}
