package sym

import (
	"go/ast"
	goparser "go/parser"
	"go/token"
	"strconv"
	"testing"
)

// goValue evaluates the Go that Format writes.
type goValue struct{ vars map[string]int64 }

func (g goValue) expr(e ast.Expr) (int64, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		n, err := strconv.ParseInt(e.Value, 10, 64)
		return n, err == nil
	case *ast.Ident:
		n, ok := g.vars[e.Name]
		return n, ok
	case *ast.ParenExpr:
		return g.expr(e.X)
	case *ast.UnaryExpr:
		n, ok := g.expr(e.X)
		return -n, ok && e.Op == token.SUB
	case *ast.BinaryExpr:
		return g.apply(e.Op.String(), e.X, e.Y)
	case *ast.CallExpr:
		switch f := e.Fun.(type) {
		case *ast.FuncLit:
			return g.body(f.Body.List)
		case *ast.Ident:
			return g.apply(f.Name, e.Args[0], e.Args[1])
		case *ast.SelectorExpr:
			return g.apply(f.Sel.Name, e.Args[0], e.Args[1])
		}
	}
	return 0, false
}

func (g goValue) apply(name string, x, y ast.Expr) (int64, bool) {
	a, ok1 := g.expr(x)
	b, ok2 := g.expr(y)
	if !ok1 || !ok2 {
		return 0, false
	}
	op := map[string]string{
		"+": "add", "-": "sub", "*": "mul", "FloorDiv": "div", "CeilDiv": "ceildiv",
		"min": "min", "max": "max", "Broadcast": "broadcast",
	}[name]
	return operations[op].numbers(a, b)
}

func (g goValue) body(list []ast.Stmt) (int64, bool) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.AssignStmt:
			v, ok := g.expr(s.Rhs[0])
			if !ok {
				return 0, false
			}
			g.vars[s.Lhs[0].(*ast.Ident).Name] = v
		case *ast.ReturnStmt:
			return g.expr(s.Results[0])
		}
	}
	return 0, false
}

func checkGo(t *testing.T, d Dim, all []Bindings) {
	t.Helper()
	text := d.Format(func(name string) string { return "n_" + name })
	e, err := goparser.ParseExpr(text)
	if err != nil {
		t.Fatalf("%s: %v\n%s", d, err, text)
	}
	for _, b := range all {
		want, err := d.Eval(b)
		if err != nil {
			continue
		}
		g := goValue{map[string]int64{}}
		for name, v := range b {
			g.vars["n_"+name] = v
		}
		if got, ok := g.expr(e); !ok || got != want {
			t.Errorf("%s is %d at %v; as Go %d, %t:\n%s", d, want, b, got, ok, text)
			return
		}
	}
}

func TestFormatIsGoOfTheSameValue(t *testing.T) {
	all := bindings()
	eachRandom(t, randomCount, func(_ *expr, d Dim) { checkGo(t, d, all) })
	large := Symbol("a")
	for range 12 {
		large = large.Add(Const(1)).Div(Symbol("b")).Mul(large.Add(Symbol("c")).Div(Const(3)))
	}
	checkGo(t, large, all)
}
