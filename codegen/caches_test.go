package codegen

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/kernels"
)

// appendingKernels have a kernel that appends for the fused node.
func appendingKernels() *kernels.Catalog {
	c := &kernels.Catalog{}
	for _, op := range []string{"Transpose", "Reshape", "Unsqueeze", "Concat", "Gather", "Identity", "Neg"} {
		c.Add(kernels.CPU, kernels.Kernel{ID: "any." + op, Op: op})
	}
	c.Add(kernels.CPU, kernels.Kernel{ID: "any.Parallax", Op: "ai.parallax.Parallax", Append: "any.Append"})
	return c
}

// cacheGraph is an attention with caches; past and present are nodes before and
// after it.
func cacheGraph(input, past, present string) string {
	return `graph {
  input %q : f32[b,2,t,8]
  ` + input + `
  ` + past + `
  %o, %k, %v = ai.parallax.Parallax(%q, %q, %q, %pk, %pv) {heads=2, kv_heads=2, scale=1, has_past=true, has_present=true}
  ` + present + `
  output %o
  output %present_k
  output %present_v
}`
}

const (
	plainInputs = "input %past_k : f32[b,2,p,8]\n input %past_v : f32[b,2,p,8]"
	plainPast   = "%pk = Identity(%past_k)\n %pv = Identity(%past_v)"
	plainOut    = "%present_k = Identity(%k)\n %present_v = Identity(%v)"
)

// TestFindCaches: which caches a step appends to, and what is stateless then.
func TestFindCaches(t *testing.T) {
	const none = ""
	for _, c := range []struct{ name, src, want string }{
		{"as they are", cacheGraph(plainInputs, plainPast, plainOut), `
part -1 axes [0 1 2 3], part -1 axes [0 1 2 3]
stateless: rt.View rt.View any.Identity any.Identity`},
		{"transposed", cacheGraph("input %past_k : f32[b,2,8,p]\n input %past_v : f32[b,p,2,8]",
			"%pk = Transpose(%past_k) {perm=[0,1,3,2]}\n %pv = Transpose(%past_v) {perm=[0,2,1,3]}",
			"%present_k = Transpose(%k) {perm=[0,1,3,2]}\n %present_v = Transpose(%v) {perm=[0,2,1,3]}"), `
part -1 axes [0 1 3 2], part -1 axes [0 2 1 3]
stateless: any.Transpose any.Transpose any.Transpose any.Transpose`},
		{"packed", cacheGraph("input %past_k : f32[b,p,16]\n input %past_v : f32[b,p,16]",
			"%k4 = Reshape(%past_k, i64 = [0, 0, 2, 8])\n %v4 = Reshape(%past_v, i64 = [0, 0, 2, 8])\n %pk = Transpose(%k4) {perm=[0,2,1,3]}\n %pv = Transpose(%v4) {perm=[0,2,1,3]}",
			"%kt = Transpose(%k) {perm=[0,2,1,3]}\n %vt = Transpose(%v) {perm=[0,2,1,3]}\n %present_k = Reshape(%kt, i64 = [0, 0, 16])\n %present_v = Reshape(%vt, i64 = [0, 0, 16])"), `
part -1 axes [0 2 1 3], part -1 axes [0 2 1 3]
stateless: rt.View rt.View any.Transpose any.Transpose any.Transpose any.Transpose any.Reshape any.Reshape`},
		{"one transposed, its present not", cacheGraph("input %past_k : f32[b,2,8,p]\n input %past_v : f32[b,2,p,8]",
			"%pk = Transpose(%past_k) {perm=[0,1,3,2]}\n %pv = Identity(%past_v)", plainOut), none},
		{"batch not first", cacheGraph("input %past_k : f32[2,b,p,8]\n input %past_v : f32[2,b,p,8]",
			"%pk = Transpose(%past_k) {perm=[1,0,2,3]}\n %pv = Transpose(%past_v) {perm=[1,0,2,3]}",
			"%present_k = Transpose(%k) {perm=[1,0,2,3]}\n %present_v = Transpose(%v) {perm=[1,0,2,3]}"), none},
		{"past read elsewhere", cacheGraph(plainInputs, plainPast+"\n %n = Neg(%past_v)\n output %n", plainOut), none},
		{"present read elsewhere", cacheGraph(plainInputs, plainPast, plainOut+"\n %n = Neg(%k)\n output %n"), none},
		{"changed on the way", cacheGraph(plainInputs, "%pk = Neg(%past_k)\n %pv = Identity(%past_v)", plainOut), none},
		{"keys and values exchanged", cacheGraph(plainInputs, plainPast, "%present_k = Identity(%v)\n %present_v = Identity(%k)"), none},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := text.Parse(c.src)
			if err != nil {
				t.Fatal(err)
			}
			p, err := Lower(g, Options{Catalog: appendingKernels(), Target: kernels.CPU})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), cachesOf(p)); diff != "" {
				t.Errorf("caches (-want +got):\n%s\n%s", diff, p)
			}
			if p, err = Lower(g, Options{Catalog: appendingKernels(), Target: kernels.CPU, NoState: true}); err != nil || cachesOf(p) != "" {
				t.Errorf("with NoState: error %v, caches %s", err, cachesOf(p))
			}
		})
	}
}

func cachesOf(p *Program) string {
	var caches, stateless []string
	for _, c := range p.Caches {
		caches = append(caches, fmt.Sprintf("part %d axes %d", c.Part, c.Perm))
	}
	for _, s := range p.Steps {
		if s.Stateless {
			stateless = append(stateless, s.Kernel)
		}
	}
	if len(caches)+len(stateless) == 0 {
		return ""
	}
	return strings.Join(caches, ", ") + "\nstateless: " + strings.Join(stateless, " ")
}
