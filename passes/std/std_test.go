package std

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/passes"
)

func TestTableIsValid(t *testing.T) {
	if err := passes.Validate(Passes()); err != nil {
		t.Error(err)
	}
}

func TestOrderSatisfiesReasons(t *testing.T) {
	order := names()
	for _, r := range Reasons() {
		before, after := slices.Index(order, r.Before), slices.Index(order, r.After)
		if before < 0 || after < 0 || before >= after {
			t.Errorf("%s must come before %s, because %s; the order is %s", r.Before, r.After, r.Because, order)
		}
		if r.Because == "" {
			t.Errorf("%s before %s: no reason", r.Before, r.After)
		}
	}
	for _, name := range order {
		if !slices.ContainsFunc(Reasons(), func(r Reason) bool { return r.Before == name || r.After == name }) {
			t.Errorf("nothing says why %s stands where it does", name)
		}
	}
}

func TestSelect(t *testing.T) {
	all := names()
	without := func(name string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(n string) bool { return n == name })
	}
	tests := []struct {
		spec string
		want []string
	}{
		{"", all},
		{"std", all},
		{"none", nil},
		{"cse,fold", []string{"fold", "cse"}},
		{"-cse", without("cse")},
		{"-cse,+cse", all},
		{"std,-fold", without("fold")},
		{"none,+dce", []string{"dce"}},
	}
	for _, tt := range tests {
		list, err := Select(tt.spec)
		if err != nil {
			t.Errorf("Select(%q): %v", tt.spec, err)
			continue
		}
		var got []string
		for _, p := range list {
			got = append(got, p.Name)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Select(%q) (-want +got):\n%s", tt.spec, diff)
		}
	}
}

func TestSelectUnknown(t *testing.T) {
	for _, spec := range []string{"bogus", "-bogus", "+bogus", "-"} {
		_, err := Select(spec)
		if err == nil || !strings.Contains(err.Error(), "fuseattn") {
			t.Errorf("Select(%q) = %v, want an error that lists the passes", spec, err)
		}
	}
}
