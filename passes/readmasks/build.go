package readmasks

import (
	"maps"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// patch makes the node that says what was understood, and returns its result; nil
// if it can't be built.
func (t *attention) patch() *rewrite.Patch {
	c, ok := t.understand(t.seen)
	if !ok {
		return nil
	}
	p := rewrite.NewPatch(t.node, "read masks")
	m := &emitter{space: t.space, b: p.Builder, size: t.sizesOf(), done: map[*expr]*ir.Value{}}
	biases, ok := t.buildBiases(m)
	if !ok {
		return nil
	}
	in := slices.Clone(t.node.In[:t.rowOperands()])
	in = append(in, biases...)
	masks, ok := m.all(c.masks)
	if !ok {
		return nil
	}
	in = append(in, masks...)
	if t.at.PastK >= 0 {
		in = append(in, t.node.In[t.at.PastK], t.node.In[t.at.PastV])
	}
	if in, ok = t.buildRanges(m, c, in); !ok {
		return nil
	}
	if t.at.Sink >= 0 {
		in = append(in, t.node.In[t.at.Sink])
	}
	t.specify(c)
	return t.replace(p, in)
}

// rowOperands is the number of operands before the biases: q, k, v and r.
func (t *attention) rowOperands() int {
	if t.spec.HasProbe {
		return 4
	}
	return 3
}

// specify writes c into the specification.
func (t *attention) specify(c *condition) {
	a := t.spec
	a.Causal, a.WindowLeft, a.WindowRight = c.causal, c.left, c.right
	a.Masks, a.Visible = len(c.masks), ""
	if !c.plainMasks() {
		a.Visible = c.visible.String()
	}
	a.HasRanges = c.starts != nil || c.lengths != nil
	if a.Biases == 0 && (!t.hides() || t.seesAlways(t.seen)) {
		a.EmptyRow, a.FillValue = attr.EmptyRowZero, 0
	}
}

func (t *attention) replace(p *rewrite.Patch, in []*ir.Value) *rewrite.Patch {
	names := make([]string, len(t.node.Out))
	for i, v := range t.node.Out {
		if v == nil {
			names[i] = ir.OmitOutput
		}
	}
	out := p.Spec(ir.Spec{Op: op.Parallax, Attr: t.spec, In: in, Outs: len(names), Names: names, Name: t.node.Name})
	if p.Err() != nil {
		return nil
	}
	for i, v := range t.node.Out {
		if v != nil {
			p.Replace(v, out[i])
		}
	}
	return p
}

// buildBiases makes the operands of the terms: those by key minus query are the
// last ones.
func (t *attention) buildBiases(m *emitter) ([]*ir.Value, bool) {
	var out, relative []*ir.Value
	far := m.relative(t)
	shift := &shifter{from: t.space, to: far.space, done: map[*expr]*expr{}}
	for _, x := range t.terms {
		if t.isZero(x.val) {
			continue
		}
		var v *ir.Value
		switch e := shift.relative(x.val); {
		case x.from != nil && !wide(x.from):
		case !x.val.vars.spans():
			v = m.emit(x.val)
		case e != nil && e.vars.has(key):
			if v = far.emit(e); v != nil {
				relative = append(relative, v)
				continue
			}
		case x.from == nil:
			v = m.emit(x.val)
		}
		if v == nil {
			v = x.from
		}
		if v == nil {
			return nil, false
		}
		out = append(out, v)
	}
	t.spec.Biases, t.spec.Relative = len(out)+len(relative), len(relative)
	return append(out, relative...), true
}

// relative returns an emitter of operands by key minus query.
func (m *emitter) relative(t *attention) *emitter {
	dims := t.dims
	dims[key] = t.span()
	dims[query] = sym.Const(1)
	return &emitter{space: newSpace(dims), b: m.b, size: m.size, done: map[*expr]*ir.Value{}}
}

// span is the number of differences of a key and a query.
func (t *attention) span() sym.Dim {
	return t.dims[query].Add(t.dims[key]).Sub(sym.Const(1))
}

func (m *emitter) all(es []*expr) ([]*ir.Value, bool) {
	out := make([]*ir.Value, len(es))
	for i, e := range es {
		if out[i] = m.emit(e); out[i] == nil {
			return nil, false
		}
	}
	return out, true
}

// buildRanges appends kv_starts and kv_lengths, if there are any.
func (t *attention) buildRanges(m *emitter, c *condition, in []*ir.Value) ([]*ir.Value, bool) {
	if c.starts == nil && c.lengths == nil {
		return in, true
	}
	starts, lengths := c.starts, c.lengths
	if starts == nil {
		starts = t.int(0)
	}
	if lengths == nil {
		lengths = t.affine(lineOf(t.dims[key]), t.int(0).dtype)
	}
	for _, e := range []*expr{starts, lengths} {
		v, n := m.emit(e), m.size.list(m.b, t.dims[batch])
		if v == nil || n == nil {
			return nil, false
		}
		if e.vars != none {
			v = m.b.Op(op.Squeeze, nil, v, m.b.Ints(1, 2, 3))
		}
		in = append(in, m.b.Op(op.Expand, nil, v, n))
	}
	return in, true
}

// sizesOf tells where the extents of the scores can be read.
func (t *attention) sizesOf() *sizes {
	z := newSizes()
	for _, v := range t.reader.sizes {
		if v.Def == nil || v.Def.Graph() == t.node.Graph() {
			z.tell(v)
		}
	}
	q, k := t.node.In[t.at.Q], t.node.In[t.at.K]
	first, length, _ := t.spec.Layout.Axes()
	z.axis(t.dims[batch], q, first)
	z.axis(t.dims[query], q, length)
	z.axis(k.Type.Shape[length], k, length)
	if t.spec.HasPast {
		past := t.node.In[t.at.PastK]
		z.axis(past.Type.Shape[2], past, 2)
	}
	// The span is made of what is known without it: with one query it is the
	// number of keys.
	apart := &sizes{maps.Clone(z.known)}
	if apart.of(ir.NewBuilder(t.node.Graph()), t.dims[key]) == nil {
		return z
	}
	z.add(t.span(), func(b *ir.Builder) *ir.Value {
		keys, queries := apart.of(b, t.dims[key]), apart.of(b, t.dims[query])
		return b.Op(op.Sub, nil, b.Op(op.Add, nil, keys, queries), b.Int(1))
	})
	return z
}
