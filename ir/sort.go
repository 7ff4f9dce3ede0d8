package ir

import "fmt"

// Sort restores topological order, keeping the order of nodes that don't depend
// on each other. It is for passes that insert nodes before operands they read.
// A cycle is an error that names a node on it.
func (g *Graph) Sort() error {
	if g.sorted() {
		return nil
	}
	var order []*Node
	state := map[*Node]uint8{} // 1: being visited, 2: done
	for n := g.first; n != nil; n = n.next {
		if err := g.visit(n, state, &order); err != nil {
			return err
		}
	}
	for _, n := range order {
		g.Move(n, nil)
	}
	g.numbered = false
	return nil
}

func (g *Graph) sorted() bool {
	seen := make(map[*Node]bool, g.count)
	for n := g.first; n != nil; n = n.next {
		for _, v := range n.In {
			if v != nil && v.Def != nil && !seen[v.Def] {
				return false
			}
		}
		seen[n] = true
	}
	return true
}

// visit appends root after everything it reads. It keeps its own stack: graphs
// may be deeper than the goroutine stack should be.
func (g *Graph) visit(root *Node, state map[*Node]uint8, order *[]*Node) error {
	stack := []*Node{root}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		if state[n] == 2 {
			stack = stack[:len(stack)-1]
			continue
		}
		state[n] = 1
		ready := true
		for _, v := range n.In {
			if v == nil || v.Def == nil || state[v.Def] == 2 {
				continue
			}
			if state[v.Def] == 1 {
				return NewError(v.Def, fmt.Errorf("the node depends on its own output"))
			}
			stack = append(stack, v.Def)
			ready = false
		}
		if ready {
			state[n] = 2
			*order = append(*order, n)
			stack = stack[:len(stack)-1]
		}
	}
	return nil
}
