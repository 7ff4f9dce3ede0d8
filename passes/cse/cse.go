// Package cse merges what is computed twice: nodes of one operator with equal
// attributes and operands, constants with equal contents, and shape arithmetic
// that comes to the same expressions of the dims, however it was phrased. Only
// then can later passes compare values by identity.
//
// Regions are separate scopes: a value computed outside is not found inside
// unless it is captured. Nodes of random operators, of unknown ones, and nodes
// with regions are left.
package cse

import (
	"hash/maphash"
	"slices"
	"strconv"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Pass is the pass.
var Pass = passes.Pass{Name: "cse", Doc: "merge equal nodes, constants and shape computations", Run: run}

func run(c *passes.Context, g *ir.Graph) error {
	pool := newPool()
	for h := range g.Graphs() {
		s := scope{c: c, pool: pool, constants: map[*tensor.Tensor]*ir.Value{}, known: map[string]*ir.Node{}}
		for n := range h.Nodes() {
			if err := c.Err(); err != nil {
				return err
			}
			s.visit(n)
		}
	}
	return nil
}

// scope is what is known in one graph at a point of its list.
type scope struct {
	c         *passes.Context
	pool      *pool
	constants map[*tensor.Tensor]*ir.Value
	known     map[string]*ir.Node // by key
}

func (s *scope) visit(n *ir.Node) {
	s.c.Work(1)
	for i, v := range n.In {
		if v.IsConst() {
			s.constant(n, i, v)
		}
	}
	if n.Op.Impure || n.Op == op.Opaque || len(n.Regions) > 0 {
		return
	}
	key := nodeKey(n)
	first := s.known[key]
	if first == nil || first.Graph() == nil { // gone with its last reader
		s.known[key] = n
		return
	}
	p := rewrite.NewPatch(n, "equal node")
	if key[0] == symbolic {
		p.Label = "equal shape computation"
	}
	for i, v := range n.Out {
		if v != nil {
			p.Replace(v, first.Out[i])
		}
	}
	if rewrite.Commit(s.c, p) == nil {
		first.AddSources(n)
	}
}

// constant makes operand i of n the first constant of the scope with v's
// contents.
func (s *scope) constant(n *ir.Node, i int, v *ir.Value) {
	t := s.pool.unique(v.Const)
	first := s.constants[t]
	if first == nil {
		v.Const = t
		s.constants[t] = v
		return
	}
	if first != v && s.c.Allow("equal constant") {
		n.SetIn(i, first)
	}
}

// The first byte of a key says what is compared.
const (
	structural = 'n'
	symbolic   = 's'
)

// nodeKey is equal for nodes that compute the same: those with the same
// symbolic contents, or else with the same operator, attributes and operands.
func nodeKey(n *ir.Node) string {
	if key, ok := symbolicKey(n); ok {
		return key
	}
	var b strings.Builder
	b.WriteByte(structural)
	b.WriteString(n.Op.QualifiedName())
	b.WriteByte('{')
	b.WriteString(attr.Format(n.Attr))
	b.WriteByte('}')
	for _, id := range operandIDs(n) {
		b.WriteString(strconv.Itoa(id))
		b.WriteByte(',')
	}
	for _, v := range n.Out {
		if v == nil {
			b.WriteByte('_')
		} else {
			b.WriteByte('%')
		}
	}
	return b.String()
}

func symbolicKey(n *ir.Node) (string, bool) {
	if len(n.Out) != 1 || n.Out[0] == nil || n.Out[0].Sym == nil {
		return "", false
	}
	v := n.Out[0]
	var b strings.Builder
	b.WriteByte(symbolic)
	b.WriteString(v.Type.String())
	for _, d := range v.Sym {
		b.WriteByte(';')
		b.WriteString(d.Key())
	}
	return b.String(), true
}

// operandIDs numbers the operands, −1 for one left out, the first two in order
// if they may be swapped.
func operandIDs(n *ir.Node) []int {
	ids := make([]int, len(n.In))
	for i, v := range n.In {
		ids[i] = -1
		if v != nil {
			ids[i] = v.ID
		}
	}
	if n.Op.Commutative && len(ids) >= 2 {
		slices.Sort(ids[:2])
	}
	return ids
}

// MaxHashed is the size in bytes up to which constants are compared by
// contents. Weights above it are compared by identity: reading them would pull
// the whole file into memory before it is needed.
const MaxHashed = 4 << 20

// maxSample is the size up to which a constant is hashed as a whole at once; of a
// larger one its ends stand for it until another looks the same, so that weights
// stay in the file.
const maxSample = 1 << 10

// pool finds tensors of equal contents, over all scopes.
type pool struct {
	seed    maphash.Seed
	samples map[uint64][]*tensor.Tensor
	hashes  map[*tensor.Tensor]uint64 // of all bytes, where they were asked for
}

func newPool() *pool {
	return &pool{maphash.MakeSeed(), map[uint64][]*tensor.Tensor{}, map[*tensor.Tensor]uint64{}}
}

// unique returns the first tensor seen that equals t.
func (p *pool) unique(t *tensor.Tensor) *tensor.Tensor {
	if t.DType == tensor.String || len(t.Bytes()) > MaxHashed {
		return t
	}
	sample := p.sample(t)
	for _, u := range p.samples[sample] {
		if u == t || p.hash(u) == p.hash(t) && u.Equal(t) {
			return u
		}
	}
	p.samples[sample] = append(p.samples[sample], t)
	return t
}

func (p *pool) sample(t *tensor.Tensor) uint64 {
	var h maphash.Hash
	h.SetSeed(p.seed)
	h.WriteByte(byte(t.DType))
	h.WriteString(tensor.ShapeString(t.Shape))
	data := t.Bytes()
	if len(data) > maxSample {
		h.Write(data[:maxSample/2])
		data = data[len(data)-maxSample/2:]
	}
	h.Write(data)
	return h.Sum64()
}

// hash reads all of t, once. Without it, tensors whose ends are alike would be
// compared each with each.
func (p *pool) hash(t *tensor.Tensor) uint64 {
	sum, ok := p.hashes[t]
	if !ok {
		sum = maphash.Bytes(p.seed, t.Bytes())
		p.hashes[t] = sum
	}
	return sum
}
