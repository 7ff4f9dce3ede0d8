package passes

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/kernels"
)

// Options of a run. The zero value runs everything and checks nothing.
type Options struct {
	// Verify checks the graph before the first pass and after each.
	Verify bool
	// DumpAfter, if set, is shown the graph after each pass.
	DumpAfter func(pass string, g *ir.Graph)
	// StopAfter stops after so many rewrites, counted over all passes: binary
	// search over it finds the rewrite that breaks a model. 0: no limit.
	StopAfter int
	// MaxFold is the greatest size in bytes of a folded constant; 0: DefaultMaxFold.
	MaxFold int
	// Record keeps in each Remark what its node replaced.
	Record bool
	// Catalog and Target are for passes that ask whether a kernel exists.
	Catalog *kernels.Catalog
	Target  kernels.Target
}

// DefaultMaxFold lets masks, tables and small weights be folded. Larger weights
// stay views of the mapped file: a folded copy would be private memory.
const DefaultMaxFold = 4 << 20

// maxFolds bounds the constants made in one run, as a multiple of the greatest:
// a model in f16 must not be unpacked weight by weight.
const maxFolds = 32

// Result is what a run tells.
type Result struct {
	Remarks []Remark
	Stats   []Stat // of each pass that ran, in order
	Stopped bool   // by StopAfter
}

// Stat is the account of one pass.
type Stat struct {
	Pass          string
	Before, After int            // nodes, those of regions included
	Rewrites      map[string]int // by label
	Work          int            // steps, see Context.Work
	Time          time.Duration
}

func (s *Stat) count(label string) {
	if s.Rewrites == nil {
		s.Rewrites = map[string]int{}
	}
	s.Rewrites[label]++
}

// Labels returns the labels counted, the most frequent first.
func (s *Stat) Labels() []string {
	return slices.SortedFunc(maps.Keys(s.Rewrites), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.Rewrites[b], s.Rewrites[a]), cmp.Compare(a, b))
	})
}

// Run applies the passes to g in order. Nodes that nothing reads any more are
// removed after each. The error names the pass.
func Run(ctx context.Context, g *ir.Graph, list []Pass, o *Options) (*Result, error) {
	if err := Validate(list); err != nil {
		return nil, err
	}
	c := newContext(ctx, g, o)
	if c.options.Verify {
		if err := g.Verify(); err != nil {
			return nil, fmt.Errorf("before the passes: %w", err)
		}
	}
	r := &Result{}
	for _, p := range list {
		stat, err := c.run(p, g)
		if err != nil {
			return nil, fmt.Errorf("pass %s: %w", p.Name, err)
		}
		r.Stats = append(r.Stats, stat)
		if c.options.DumpAfter != nil {
			c.options.DumpAfter(p.Name, g)
		}
		if c.stopped {
			break
		}
	}
	for i := range c.remarks {
		c.remarks[i].describe()
	}
	r.Remarks, r.Stopped = c.remarks, c.stopped
	return r, nil
}

func newContext(ctx context.Context, g *ir.Graph, o *Options) *Context {
	c := &Context{ctx: ctx, root: g, anchors: map[*ir.Node]int{}, became: map[*ir.Node]int{}}
	if o != nil {
		c.options = *o
	}
	if c.options.MaxFold == 0 {
		c.options.MaxFold = DefaultMaxFold
	}
	return c
}

// run applies one pass, sweeps and verifies.
func (c *Context) run(p Pass, g *ir.Graph) (Stat, error) {
	if err := c.Err(); err != nil {
		return Stat{}, err
	}
	defer func() {
		if r := recover(); r != nil {
			panic(fmt.Sprintf("BUG: pass %s on graph %q: %v", p.Name, g.Name, r))
		}
	}()
	start := time.Now()
	c.stat = &Stat{Pass: p.Name, Before: nodes(g)}
	if err := p.Run(c, g); err != nil {
		return Stat{}, err
	}
	if _, err := c.Retype(); err != nil {
		return Stat{}, err
	}
	Sweep(g)
	c.stat.After, c.stat.Time = nodes(g), time.Since(start)
	if c.options.Verify {
		return *c.stat, g.Verify()
	}
	return *c.stat, nil
}

func nodes(g *ir.Graph) int {
	n := 0
	for h := range g.Graphs() {
		n += h.Len()
	}
	return n
}
