package cpu

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/ref"
)

// digits is a tensor of small integers, sums of products of which are exact.
func digits(rng *rand.Rand, d tensor.DType, shape ...int) *tensor.Tensor {
	t := tensor.New(d, shape...)
	for i := range t.Len() {
		t.SetInt(i, int64(rng.IntN(5)-2))
	}
	return t
}

var einsumCases = []struct {
	equation string
	x, y     []int
}{
	{"ik,kj->ij", []int{5, 7}, []int{7, 70}},
	{"ik,jk->ij", []int{5, 70}, []int{130, 70}},
	{"ik,jk->ji", []int{33, 9}, []int{70, 9}},
	{"ki,kj->ij", []int{9, 5}, []int{9, 4}},
	{"ki,kj", []int{9, 5}, []int{9, 4}},
	{"ba,cb", []int{3, 2}, []int{4, 3}},
	{" b i k , b j k -> b i j ", []int{3, 4, 5}, []int{3, 6, 5}},
	{"bhld,lrd->bhlr", []int{2, 3, 11, 8}, []int{11, 70, 8}},
	{"bnid,bijd->bnij", []int{2, 3, 7, 16}, []int{2, 7, 66, 16}},
	{"ibnd,jbnd->bnij", []int{5, 2, 3, 8}, []int{6, 2, 3, 8}},
	{"bnij,jbnd->ibnd", []int{2, 3, 5, 6}, []int{6, 2, 3, 8}},
	{"ibh,hnd->ibnd", []int{4, 2, 9}, []int{9, 3, 8}},
	{"ibnd,hnd->ibh", []int{4, 2, 3, 8}, []int{9, 3, 8}},
	{"iakb,blk->ila", []int{2, 3, 4, 5}, []int{5, 6, 4}},
	{"abk,ck->acb", []int{2, 3, 4}, []int{5, 4}},
	{"ab,bc->cab", []int{2, 3}, []int{3, 4}},
	{"abc,abd->cdab", []int{2, 3, 4}, []int{2, 3, 5}},
	{"...ik,...kj->...ij", []int{2, 1, 3, 4}, []int{5, 4, 6}},
	{"...k,k", []int{2, 3, 4}, []int{4}},
	{"i...,j...->...ij", []int{2, 3}, []int{4, 3}},
	{"i,j->ij", []int{5}, []int{6}},
	{"i,i->i", []int{5}, []int{5}},
	{"i,i->", []int{50}, []int{50}},
	{",->", []int{}, []int{}},
	{",ij->ji", []int{}, []int{3, 4}},
	{"ik,kj->ij", []int{1, 1}, []int{7, 3}},
	{"ik,kj->ij", []int{3, 7}, []int{1, 4}},
	{"bik,bkj->bij", []int{1, 2, 3}, []int{5, 3, 4}},
	{"ik,kj->ij", []int{0, 7}, []int{7, 3}},
	{"ik,kj->ij", []int{3, 0}, []int{0, 2}},
	{"bik,bjk->bij", []int{0, 2, 3}, []int{0, 4, 3}},
}

func TestEinsum(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(51, 51))
	for _, test := range einsumCases {
		for _, d := range rowTypes {
			a, x, y := &attr.Einsum{Equation: test.equation}, digits(rng, d, test.x...), digits(rng, d, test.y...)
			sameAsRef(t, ctxs, test.equation, 0,
				func(c *Ctx, z *tensor.Tensor) error { return Einsum(c, z, a, x, y) },
				func(z *tensor.Tensor) error { return ref.Einsum(z, a, x, y) })
		}
	}
}

func TestEinsumRefuses(t *testing.T) {
	for _, test := range []struct {
		equation string
		x, y     []int
		want     string
	}{
		{"ii,ij->ij", []int{2, 2}, []int{2, 2}, "'i' is twice"},
		{"ij,jk->ii", []int{2, 2}, []int{2, 2}, "'i' is twice"},
		{"ij,kl->ik", []int{2, 2}, []int{2, 2}, "one term alone"},
		{"ij,j->iz", []int{2, 2}, []int{2}, "'z' is in one term alone"},
		{"ij,jk->i.k", []int{2, 2}, []int{2, 2}, "'.' is no label"},
		{"ij,jk,kl->il", []int{2, 2}, []int{2, 2}, "',' is no label"},
		{"ij,jk->ik", []int{2, 2}, []int{2}, "ranks 2 and 1"},
		{"ij,jk->ik", []int{2, 3}, []int{4, 5}, "sizes 3 and 4 of 'j'"},
		{"...,...->...", []int{2}, []int{3}, "sizes 2 and 3 of the ellipsis"},
		{"abcde,fghij->abcdefghij", []int{1, 1, 1, 1, 1}, []int{1, 1, 1, 1, 1}, "more than 8"},
	} {
		a := &attr.Einsum{Equation: test.equation}
		err := Einsum(&Ctx{}, &tensor.Tensor{}, a, tensor.New(tensor.Float32, test.x...), tensor.New(tensor.Float32, test.y...))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.equation, err, test.want)
		}
	}
	x := tensor.New(tensor.Int64, 2)
	if err := Einsum(&Ctx{}, &tensor.Tensor{}, &attr.Einsum{Equation: "i,i->"}, x, x); err == nil {
		t.Error("integers were taken")
	}
	if err := CanEinsum("ij->ji", 2); err == nil {
		t.Error("one operand was taken")
	}
}
