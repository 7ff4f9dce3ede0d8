package contest

import (
	"math"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir/tensor"
)

// blocks are rounds of one run each, in one sitting.
func blocks(times ...int64) [][]Block {
	var all []Block
	for _, t := range times {
		all = append(all, Block{{t, 10 * t}})
	}
	return [][]Block{all}
}

func measured() *Measurement {
	return &Measurement{Case: &Case{Name: "case"}, Threads: 1, NS: map[string][][]Block{
		"parallax": blocks(100, 110, 90), "onnxruntime": blocks(220, 240, 200), "openvino": blocks(130, 145, 115), "other": blocks(50, 55, 45),
	}}
}

func TestJudge(t *testing.T) {
	m := measured()
	tests := []struct {
		name    string
		row     Row
		best    string
		figure  float64
		reached bool
	}{
		{"the faster peer", Row{Case: m.Case, Target: AtLeast(1.2)}, "openvino", 1.3, true},
		{"not reached", Row{Case: m.Case, Target: AtLeast(1.5)}, "openvino", 1.3, false},
		{"phase", Row{Case: m.Case, Phase: 1, Target: AtLeast(1.2)}, "openvino", 1.3, true},
		{"at most", Row{Case: m.Case, Against: []string{"other"}, Target: AtMost(1.6)}, "other", 2, false},
		{"the lower end", Row{Case: m.Case, Target: LowerEnd(1.29)}, "openvino", 1.3, false},
		{"another subject", Row{Case: m.Case, Subject: "other", Target: AtLeast(2)}, "openvino", 2.6, true},
	}
	for _, tt := range tests {
		v := tt.row.Judge(m)
		if v == nil || v.Best != tt.best || math.Abs(v.Figure-tt.figure) > 1e-9 || v.Reached() != tt.reached {
			t.Errorf("%s: %+v, want %v against %s, reached %v", tt.name, v, tt.figure, tt.best, tt.reached)
		}
	}
}

func TestJudgeWithoutPeers(t *testing.T) {
	m := measured()
	delete(m.NS, "openvino")
	r := Row{Case: m.Case, Target: AtLeast(1)}
	if v := r.Judge(m); v == nil || v.Best != "onnxruntime" {
		t.Errorf("%+v, want the peer that is left", v)
	}
	delete(m.NS, "onnxruntime")
	if v := r.Judge(m); v != nil {
		t.Errorf("%+v, want nothing", v)
	}
}

func TestSame(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	one := func(x ...float32) map[string]*tensor.Tensor {
		return map[string]*tensor.Tensor{"y": tensor.Of([]int{len(x)}, x)}
	}
	tests := []struct {
		name      string
		got, want map[string]*tensor.Tensor
		fault     string // "": the same
	}{
		{"equal", one(1, 2), one(1, 2), ""},
		{"within", one(1000, .05), one(1000, .001), ""},
		{"beyond", one(1000, .5), one(1000, .1), "differs"},
		{"NaN twice", one(1, nan), one(1, nan), ""},
		{"NaN once", one(1, nan), one(1, 2), "differs"},
		{"infinite", one(1, inf), one(1, inf), ""},
		{"beside an infinity", one(1, inf), one(2, inf), "differs"},
		{"infinite once", one(1, inf), one(1, 2), "differs"},
		{"shape", one(1), one(1, 2), "is"},
		{"names", map[string]*tensor.Tensor{}, one(1), "outputs"},
	}
	for _, tt := range tests {
		err := same(tt.got, tt.want, 0)
		if (err == nil) != (tt.fault == "") || err != nil && !strings.Contains(err.Error(), tt.fault) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.fault)
		}
	}
}
