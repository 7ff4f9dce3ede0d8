package attn

import (
	"reflect"
	"testing"
)

var (
	testZ    = Symbol{Kind: Norm}
	testP    = Symbol{Kind: Weight}
	testT    = Symbol{Kind: Score2, Probe: 1}
	testMean = Symbol{Kind: Mean, Probe: 1}
	testRow  = Symbol{Kind: Row, Value: 4}
	testO    = Symbol{Kind: Moment0, Value: 2}
	testOT   = Symbol{Kind: Moment1, Value: 2, Probe: 1}
)

func term(x float64, s ...Symbol) Term { return Term{x, mono(s...)} }

func TestPoly(t *testing.T) {
	e := poly(term(1, testZ, testP))
	inverse, ok := poly(term(2, testZ)).Inverse()
	if !ok {
		t.Fatal("no inverse of one term")
	}
	if got := e.Times(inverse).String(); got != "0.5·p" {
		t.Errorf("e/2Z = %s", got)
	}
	one := Number(1)
	if _, ok := one.Plus(1, e).Inverse(); ok {
		t.Error("a sum has an inverse")
	}
	if got := e.Plus(-1, e); len(got) != 0 {
		t.Errorf("e - e = %s", got)
	}
	if got := one.Plus(1, poly(term(1, testMean))).Times(poly(term(1, testO))).String(); got != "mean1·o2 + o2" {
		t.Errorf("(1 + mean)·o = %s", got)
	}
}

func TestForm(t *testing.T) {
	tests := []struct {
		name string
		p    Poly
		want Form
		ok   bool
	}{
		{"attention", poly(term(1, testO)), Form{Value: 2, Probe: -1, Gain: 1}, true},
		{"Parallax", poly(term(1, testO), term(1, testMean, testO), term(-1, testOT)), Form{Value: 2, Probe: 1, Factor: 1, Gain: 1}, true},
		{"opposite probe", poly(term(1, testO), term(-1, testMean, testO), term(1, testOT)), Form{Value: 2, Probe: 1, Factor: -1, Gain: 1}, true},
		{"scaled probe", poly(term(1, testO), term(.5, testMean, testO), term(-.5, testOT)), Form{Value: 2, Probe: 1, Factor: .5, Gain: 1}, true},
		{"half a correction", poly(term(1, testO), term(1, testMean, testO), term(-.5, testOT)), Form{}, false},
		{"no mean", poly(term(1, testO), term(-1, testOT)), Form{}, false},
		{"twice attention", poly(term(2, testO)), Form{Value: 2, Probe: -1, Gain: 2}, true},
		{"times a factor", poly(term(1, testO, testRow)), Form{Value: 2, Probe: -1, Gain: 1, Rows: mono(testRow)}, true},
		{"a factor of one term", poly(term(1, testO), term(1, testMean, testO, testRow), term(-1, testOT)), Form{}, false},
		{"not normalised", poly(term(1, testZ, testO)), Form{}, false},
		{"other values", poly(term(1, testO), term(1, testMean, testO), term(-1, Symbol{Kind: Moment1, Value: 3, Probe: 1})), Form{}, false},
		{"nothing", Poly{}, Form{}, false},
	}
	for _, tt := range tests {
		if got, ok := tt.p.form(); ok != tt.ok || ok && !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, %t, want %+v, %t", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

func TestSummed(t *testing.T) {
	two, key := 2, true
	tests := []struct {
		name  string
		m     Monomial
		value *int
		key   *bool
		want  string
	}{
		{"probabilities", mono(testP), nil, nil, ""},
		{"unnormalised", mono(testZ, testP), nil, nil, "Z"},
		{"p t", mono(testP, testT), nil, nil, "mean1"},
		{"p v", mono(testP), &two, nil, "o2"},
		{"p t v", mono(testP, testT), &two, nil, "ot1.2"},
		{"p k", mono(testP), nil, &key, "kmean"},
		{"p v k", mono(testP), &two, &key, "cov2"},
		{"p k, feature by feature", mono(testP, Symbol{Kind: Key}), nil, nil, "kmean"},
		{"p k v, feature by feature", mono(testP, Symbol{Kind: Key}), &two, nil, "cov2"},
		{"p k k", mono(testP, Symbol{Kind: Key}), nil, &key, "no"},
		{"t alone", mono(testT), nil, nil, "no"},
		{"p squared", mono(testP, testP), nil, nil, "no"},
		{"p t squared", mono(testP, testT, testT), nil, nil, "no"},
		{"p over t", mono(testP).times(mono(testT).inverse()), nil, nil, "no"},
	}
	for _, tt := range tests {
		m, ok := summed(tt.m, tt.value, tt.key)
		got := "no"
		if ok {
			got = m.key()
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
