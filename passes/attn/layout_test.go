package attn

import (
	"testing"

	"github.com/parallax-go/parallax/ir/sym"
)

func shape(t *testing.T, s string) sym.Shape {
	t.Helper()
	x, err := sym.ParseShape(s)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestReshape(t *testing.T) {
	tests := []struct{ from, to, want string }{
		{"[b,t,64]", "[b,t,8,8]", "[0:b][1:t][2/8:8][2:8]"},
		{"[b,t,8,8]", "[b,t,64]", "[0:b][1:t][2:8 3:8]"},
		{"[8*b,t,4]", "[b,8,t,4]", "[0/8:b][0:8][1:t][2:4]"},
		{"[b,8,t,4]", "[8*b,t,4]", "[0:b 1:8][2:t][3:4]"},
		{"[b,1,t]", "[b,t]", "[0:b][2:t]"},
		{"[b,t]", "[b,1,t,1]", "[0:b][][1:t][]"},
		{"[b,t]", "[b*t]", "[0:b 1:t]"},
		{"[b*t]", "[b,t]", "[0/t:b][0:t]"},
		{"[6,4]", "[4,6]", ""}, // cuts across the axes
		{"[b,t]", "[t,b]", ""},
		{"[n]", "[b,t]", ""},
		{"[b,t]", "[b]", ""},
	}
	for _, tt := range tests {
		got, ok := Identity(shape(t, tt.from)).Reshape(shape(t, tt.to))
		if ok != (tt.want != "") || ok && got.String() != tt.want {
			t.Errorf("%s as %s is %s, %t, want %s", tt.from, tt.to, got, ok, tt.want)
		}
		if ok && !got.Shape().Equal(shape(t, tt.to)) {
			t.Errorf("%s as %s has shape %s", tt.from, tt.to, got.Shape())
		}
	}
}

func TestReshapeBackIsIdentity(t *testing.T) {
	for _, to := range []string{"[b,t,8,2,4]", "[b*t,64]", "[b,1,64*t]"} {
		l := Identity(shape(t, "[b,t,64]"))
		there, ok := l.Reshape(shape(t, to))
		if !ok {
			t.Errorf("not by way of %s", to)
			continue
		}
		if back, ok := there.Reshape(l.Shape()); !ok || !back.Equal(l) {
			t.Errorf("by way of %s back as %s", to, back)
		}
	}
}

func TestBroadcast(t *testing.T) {
	b, n, s := Whole(0, sym.Symbol("b")), Whole(1, sym.Const(8)), Whole(2, sym.Symbol("s"))
	repeated := Whole(absent, sym.Const(8))
	tests := []struct {
		name string
		l, m Layout
		want string // "" : they don't fit
	}{
		{"equal", Layout{b, s}, Layout{b, s}, "[0:b][2:s]"},
		{"lower rank", Layout{b, n, s}, Layout{s}, "[0:b][1:8][2:s]"},
		{"size 1", Layout{b, nil, s}, Layout{b, n, nil}, "[0:b][1:8][2:s]"},
		{"expanded", Layout{b, repeated, s}, Layout{b, n, s}, "[0:b][1:8][2:s]"},
		{"other roles", Layout{b, n}, Layout{b, s}, ""},
	}
	for _, tt := range tests {
		got, ok := Broadcast(tt.l, tt.m)
		if ok != (tt.want != "") || ok && got.String() != tt.want {
			t.Errorf("%s: %s, %t, want %s", tt.name, got, ok, tt.want)
		}
	}
}
