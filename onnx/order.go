package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/onnx/wire"
)

// order returns the indices of list so that each node follows those that define
// what it reads. Nodes stay in the order of the file where they may: most files
// are sorted, though not all are. A name defined twice or a cycle is an error.
func (f *frame) order(list []*wire.Node) ([]int, error) {
	producer := map[string]int{}
	for i, n := range list {
		if n == nil {
			return nil, fmt.Errorf("node %d of graph %q is empty", i, f.g.Name)
		}
		for _, name := range n.Output {
			if name == "" {
				continue
			}
			_, known := f.values[name]
			if _, dup := producer[name]; dup || known {
				return nil, f.fail(n, fmt.Errorf("it defines %q, which is defined already", name))
			}
			producer[name] = i
		}
	}
	s := sorter{f: f, list: list, producer: producer, state: make([]uint8, len(list))}
	for i := range list {
		if err := s.visit(i); err != nil {
			return nil, err
		}
	}
	return s.order, nil
}

type sorter struct {
	f        *frame
	list     []*wire.Node
	producer map[string]int
	state    []uint8 // see the constants
	order    []int
}

const (
	unvisited uint8 = iota
	waiting         // for what it reads
	done
)

// visit appends node root after everything it reads. It keeps its own stack: a
// chain of nodes may be as long as the file.
func (s *sorter) visit(root int) error {
	stack := []int{root}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		if s.state[i] == done {
			stack = stack[:len(stack)-1]
			continue
		}
		s.state[i] = waiting
		ready := true
		for _, name := range s.reads(i) {
			j, local := s.producer[name]
			if !local || s.state[j] == done {
				continue
			}
			if s.state[j] == waiting {
				return s.f.fail(s.list[j], errors.New("the node depends on its own output"))
			}
			stack, ready = append(stack, j), false
		}
		if ready {
			s.state[i] = done
			s.order = append(s.order, i)
			stack = stack[:len(stack)-1]
		}
	}
	return nil
}

func (s *sorter) reads(i int) []string {
	n := s.list[i]
	captured := s.f.capturedNames(n)
	if len(captured) == 0 {
		return n.Input
	}
	return slices.Concat(n.Input, captured)
}

// capturedNames lists what the subgraphs of n read from around it.
func (imp *importer) capturedNames(n *wire.Node) []string {
	graphs := subgraphs(n)
	if len(graphs) == 0 {
		return nil
	}
	names := slices.Clone(imp.freeNames(graphs[0]))
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		seen[name] = true
	}
	for _, g := range graphs[1:] {
		for _, name := range imp.freeNames(g) {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

func subgraphs(n *wire.Node) []*wire.Graph {
	var list []*wire.Graph
	for _, a := range n.Attribute {
		switch {
		case a == nil:
		case a.G != nil:
			list = append(list, a.G)
		default:
			list = append(list, a.Graphs...)
		}
	}
	return slices.DeleteFunc(list, func(g *wire.Graph) bool { return g == nil })
}

// freeNames lists what g reads and doesn't define, in the order of reading.
func (imp *importer) freeNames(g *wire.Graph) []string {
	if names, ok := imp.free[g]; ok {
		return names
	}
	bound := boundNames(g)
	names := []string{}
	seen := map[string]bool{}
	read := func(name string) {
		if name != "" && !bound[name] && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for _, n := range g.Node {
		if n == nil {
			continue
		}
		for _, name := range n.Input {
			read(name)
		}
		for _, name := range imp.capturedNames(n) {
			read(name)
		}
	}
	for _, out := range g.Output {
		if out != nil {
			read(out.Name)
		}
	}
	imp.free[g] = names
	return names
}

// boundNames is the set of names that g defines.
func boundNames(g *wire.Graph) map[string]bool {
	bound := map[string]bool{}
	for _, in := range g.Input {
		if in != nil {
			bound[in.Name] = true
		}
	}
	for _, t := range g.Initializer {
		if t != nil {
			bound[t.Name] = true
		}
	}
	for _, t := range g.SparseInitializer {
		if t != nil && t.Values != nil {
			bound[t.Values.Name] = true
		}
	}
	for _, n := range g.Node {
		if n == nil {
			continue
		}
		for _, out := range n.Output {
			bound[out] = true
		}
	}
	return bound
}
