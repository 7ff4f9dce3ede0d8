package attr

import (
	"fmt"
	"strings"
	"testing"
)

func TestChainErrors(t *testing.T) {
	long := strings.Builder{}
	long.WriteString("t0=neg(x0);")
	for i := range MaxChainSteps - 1 {
		fmt.Fprintf(&long, "t%d=neg(t%d);", i+1, i)
	}
	for _, tt := range []struct{ program, want string }{
		{"", "want function(arguments)"},
		{"x0", "want function(arguments)"},
		{"neg(x0", "want function(arguments)"},
		{"log1p(x0)", `there is no function "log1p"`},
		{"neg(x0,x1)", "2 arguments, want 1"},
		{"neg()", "an argument is empty"},
		{"neg(x8)", "not among the first 8"},
		{"neg(x-1)", "not among the first 8"},
		{"neg(t0)", "not among the first 0"},
		{"t0=neg(x0);neg(t1)", "not among the first 1"},
		{"neg(one)", "no operand, result or number"},
		{"neg(1)", "no operand of numbers"},
		{"where(x0,1,2)", "no operand of numbers"},
		{"add(x0,x2)", "operand x1 is not used"},
		{"t0=neg(x0);neg(x0)", "the result t0 is not used"},
		{"where(x0,x0,1)", "both a condition and a number"},
		{"t0=neg(x0);where(t0,x0,1)", "the condition t0 of instruction 1 is no operand"},
		{"add(x0, x1)", "no operand, result or number"},
		{"add(x0,1.0)", "not in its one form"},
		{"neg(x00)", "not in its one form"},
		{"t0=neg(x0)", "not in its one form"},
		{"t1=neg(x0);neg(t0)", "there is no function"},
		{long.String() + "neg(t31)", "more than 32 instructions"},
	} {
		_, err := ParseChain(tt.program)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: error %v, want %q", tt.program, err, tt.want)
		}
	}
}

// FuzzChain checks what finish promises of any program that is read: registers
// hold what is read of them, and no step writes over an argument.
func FuzzChain(f *testing.F) {
	for _, program := range []string{
		"neg(x0)", "t0=mul(x0,x1);t1=silu(t0);add(t1,0.5)", "t0=exp(x0);t1=neg(t0);t2=add(t0,t1);t3=abs(x0);t4=mul(t2,t3);where(x1,t4,-Inf)",
		"add(x0,NaN)", "t0=neg(x0);t1=add(t0,t0);pow(t1,1e-05)",
	} {
		f.Add(program)
	}
	f.Fuzz(func(t *testing.T, program string) {
		c, err := ParseChain(program)
		if err != nil {
			return
		}
		if c.String() != program {
			t.Fatalf("%q is printed as %q", program, c)
		}
		var holds [MaxChainSteps]int
		for i, s := range c.Steps {
			for _, a := range s.Args {
				if a.Kind != ChainResult {
					continue
				}
				if a.Register >= c.Registers || holds[a.Register] != a.Index || a.Register == s.Register {
					t.Fatalf("%q: step %d reads %s from register %d and writes register %d", program, i, a, a.Register, s.Register)
				}
			}
			holds[s.Register] = i
		}
	})
}
