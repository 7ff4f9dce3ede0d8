package match_test

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/passes/match"
)

func Example() {
	x := match.Var("x")
	quickGelu := match.Op(op.Mul, x, match.Op(op.Sigmoid, match.Op(op.Mul, x, match.Scalar(1.702))))

	g, err := text.Parse(`graph {
	  input %x : f32[4]
	  %a = Mul(f32 = 1.702, %x)
	  %b = Sigmoid(%a)
	  %c = Mul(%b, %x)
	  output %c
	}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	b, ok := match.First(quickGelu, g.Outputs()[0])
	fmt.Println(ok, b.Value("x").Name, len(b.Nodes))

	why := match.Explain(quickGelu, g.First().Out[0])
	fmt.Printf("at %s: want %s, got %s\n", why.Node, why.Want, why.Got)
	// Output:
	// true x 3
	// at x: want Sigmoid, got graph input f32[4]
}
