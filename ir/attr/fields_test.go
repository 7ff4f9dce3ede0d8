package attr

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir/tensor"
)

// all makes one of each struct of attributes.
var all = []func() any{
	maker[ArgReduce], maker[Attention], maker[Axis], maker[BatchNormalization], maker[BitShift], maker[Cast], maker[Conv], maker[ConvTranspose],
	maker[CumSum], maker[DepthSpace], maker[Einsum], maker[Elementwise], maker[EyeLike], maker[FusedConv], maker[GatherND], maker[Gelu], maker[Gemm],
	maker[Col2Im], maker[NonMaxSuppression], maker[RoiAlign], maker[Unique], maker[DFT], maker[GridSample], maker[MelWeightMatrix], maker[Recurrent], maker[STFT],
	maker[GroupNormalization], maker[IsInf], maker[LayerNormalization], maker[Linear], maker[LpNormalization], maker[Mod],
	maker[ONNXAttention], maker[Opaque], maker[Pad], maker[Pool], maker[Quantize], maker[Random], maker[Reduce],
	maker[Reshape], maker[Resize], maker[RotaryEmbedding], maker[Scan], maker[ScatterElements], maker[ScatterND],
	maker[SequenceSplit], maker[Shape], maker[TopK], maker[Transpose], maker[Trilu], maker[Unary],
}

func maker[T any]() any { return New[T]() }

func nameOf(a any) string { return reflect.TypeOf(a).Elem().Name() }

// TestAllStructs checks the list above against the sources: every struct with
// attr tags is in it.
func TestAllStructs(t *testing.T) {
	var listed, tagged []string
	for _, m := range all {
		listed = append(listed, nameOf(m()))
	}
	files, err := fs.Glob(Sources, "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		src, err := Sources.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && hasTag(spec) {
				tagged = append(tagged, spec.Name.Name)
			}
			return true
		})
	}
	slices.Sort(listed)
	slices.Sort(tagged)
	if diff := cmp.Diff(tagged, listed); diff != "" {
		t.Errorf("structs (-in the sources +tested):\n%s", diff)
	}
}

func hasTag(spec *ast.TypeSpec) bool {
	s, ok := spec.Type.(*ast.StructType)
	return ok && slices.ContainsFunc(s.Fields.List, func(f *ast.Field) bool {
		return f.Tag != nil && strings.Contains(f.Tag.Value, `attr:"`)
	})
}

// scramble gives every field of a an arbitrary value.
func scramble(r *rand.Rand, a any) {
	v := reflect.ValueOf(a).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			arbitrary(r, v.Field(i))
		}
	}
}

func arbitrary(r *rand.Rand, v reflect.Value) {
	words := []string{"", "plain", "two words", "comma, brace}", "quote\"", "new\nline", "[1,2]", "0x10", "größer", "\xff"}
	switch v.Interface().(type) {
	case tensor.DType:
		v.Set(reflect.ValueOf(tensor.DType(r.IntN(27))))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 1)
	case reflect.Int:
		v.SetInt(int64(r.Uint64() >> r.IntN(64)))
	case reflect.Uint8:
		v.SetUint(uint64(r.IntN(256)))
	case reflect.Float32:
		v.SetFloat(float64(float32(r.NormFloat64())))
	case reflect.Float64:
		v.SetFloat([]float64{r.NormFloat64(), math.Inf(1), 1e-300}[r.IntN(3)])
	case reflect.String:
		v.SetString(words[r.IntN(len(words))])
	case reflect.Slice:
		s := reflect.MakeSlice(v.Type(), r.IntN(4), 4)
		for i := range s.Len() {
			arbitrary(r, s.Index(i))
		}
		v.Set(s)
	default:
		panic("an attribute of kind " + v.Kind().String())
	}
}

// TestFormatAndSet prints arbitrary attributes and sets them again, field by
// field.
func TestFormatAndSet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, m := range all {
		t.Run(nameOf(m()), func(t *testing.T) {
			if got := Format(m()); strings.Contains(got, "=") && !requiresAny(m()) {
				t.Errorf("all defaults print as %s", got)
			}
			for range 100 {
				a, b := m(), m()
				scramble(r, a)
				for _, f := range Fields(a) {
					if f.Default {
						continue
					}
					if err := Set(b, f.Name, formatValue(f.Value)); err != nil {
						t.Fatal(err)
					}
				}
				if !Equal(a, b) {
					t.Fatalf("%+v\nprints as %s\nwhich is %+v", a, Format(a), b)
				}
				if c := Clone(a); !Equal(a, c) || Format(a) != Format(c) {
					t.Fatalf("%+v is cloned to %+v", a, c)
				}
			}
		})
	}
}

// requiresAny reports whether a has an attribute without a default.
func requiresAny(a any) bool {
	typ := reflect.TypeOf(a).Elem()
	for i := range typ.NumField() {
		if !strings.Contains(typ.Field(i).Tag.Get("attr"), ",") {
			return true
		}
	}
	return false
}

func TestFieldNames(t *testing.T) {
	for _, m := range all {
		seen := map[string]bool{}
		for _, f := range Fields(m()) {
			if f.Name == "" || seen[f.Name] || strings.ContainsAny(f.Name, " =,{}") {
				t.Errorf("%s: attribute %q is empty, there twice, or no word", nameOf(m()), f.Name)
			}
			seen[f.Name] = true
		}
	}
}

func TestFormat(t *testing.T) {
	transpose := New[Transpose]()
	transpose.Perm = []int{0, -1}
	for _, c := range []struct {
		a    any
		want string
	}{
		{nil, ""},
		{New[Axis](), ""},
		{&Axis{Axis: -1}, "axis=-1"},
		{transpose, "perm=[0,-1]"},
		{&Cast{To: tensor.BFloat16, Saturate: true}, "to=bf16"},
		{&Cast{}, "to=invalid, saturate=false"},
		{&LayerNormalization{Axis: -1, Epsilon: 1e-6}, "epsilon=1e-06"},
		{&Opaque{Domain: "", OpType: "A b", Raw: []byte{0, 255}}, `domain="", op_type="A b", raw=0x00ff, why=""`},
		{&Recurrent{Activations: []string{"Tanh", "a]"}, Alpha: []float32{0.5}}, `activation_alpha=[0.5], activations=[Tanh,"a]"], direction=""`},
		{&Einsum{Equation: "ij,jk->ik"}, `equation="ij,jk->ik"`},
	} {
		if got := Format(c.a); got != c.want {
			t.Errorf("%+v prints as %s, want %s", c.a, got, c.want)
		}
	}
}

func TestSetErrors(t *testing.T) {
	for _, c := range []struct {
		a          any
		name, text string
		want       string
	}{
		{nil, "axis", "1", "attribute axis: the operator has none"},
		{New[Axis](), "axes", "1", "attribute axes is not one of axis"},
		{New[Axis](), "axis", "1.5", `attribute axis: strconv.ParseInt: parsing "1.5": invalid syntax`},
		{New[Cast](), "to", "f33", `attribute to: "f33" is not an element type`},
		{New[Cast](), "saturate", "maybe", `attribute saturate: strconv.ParseBool: parsing "maybe": invalid syntax`},
		{New[Transpose](), "perm", "1", `attribute perm: "1" is not a list`},
		{New[Transpose](), "perm", "[1", `attribute perm: "[1" is not a list`},
		{New[Transpose](), "perm", "[1,x]", `attribute perm: strconv.ParseInt: parsing "x": invalid syntax`},
		{New[Opaque](), "raw", "0x1", "attribute raw: encoding/hex: odd length hex string"},
		{New[Einsum](), "equation", `"a`, "attribute equation: invalid syntax"},
		{New[Gemm](), "alpha", "1e99", `attribute alpha: strconv.ParseFloat: parsing "1e99": value out of range`},
	} {
		if err := Set(c.a, c.name, c.text); err == nil || err.Error() != c.want {
			t.Errorf("%s = %s: error %v, want %s", c.name, c.text, err, c.want)
		}
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b any
		want bool
	}{
		{nil, nil, true},
		{nil, New[Axis](), false},
		{New[Axis](), &Axis{}, true},
		{New[Axis](), &Axis{Axis: 1}, false},
		{New[Reshape](), New[Trilu](), false},
		{&Transpose{}, &Transpose{Perm: []int{}}, true},
		{&Transpose{Perm: []int{1, 0}}, &Transpose{Perm: []int{1}}, false},
	} {
		if Equal(c.a, c.b) != c.want || Equal(c.b, c.a) != c.want {
			t.Errorf("%+v and %+v: equal is %t", c.a, c.b, !c.want)
		}
	}
}

func TestCloneIsDeep(t *testing.T) {
	a := &Transpose{Perm: []int{0, 1}}
	b := Clone(a).(*Transpose)
	b.Perm[0] = 7
	if a.Perm[0] != 0 {
		t.Error("the copy shares its list")
	}
	if Clone(nil) != nil {
		t.Error("a copy of nothing is something")
	}
}
