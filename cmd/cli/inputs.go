package cli

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/tensor/npy"
)

// inputFlags says where the inputs of a run come from.
type inputFlags struct {
	files []string
	data  []string
	fill  string
	seed  uint64
}

func (in *inputFlags) addFill(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&in.fill, "fill", "", "make the inputs that are not given: `zeros|ones|random`")
	f.Uint64Var(&in.seed, "seed", 1, "`N` that random inputs follow from")
	choices(cmd, "fill", "zeros", "ones", "random")
}

// gather returns a value for every input of m: from -i, from the data folder,
// or made up.
func (in *inputFlags) gather(m *parallax.Model, dims map[string]int64) (map[string]*tensor.Tensor, error) {
	return in.gatherFirst(m, dims, func(map[string]*tensor.Tensor) {})
}

// gatherFirst is gather with inputs that follow from those given: complete adds
// them.
func (in *inputFlags) gatherFirst(m *parallax.Model, dims map[string]int64, complete func(given map[string]*tensor.Tensor)) (map[string]*tensor.Tensor, error) {
	given := map[string]*tensor.Tensor{}
	if len(in.data) > 0 {
		set, err := readDataSet(in.data[0], portNames(m.Inputs()), portNames(m.Outputs()))
		if err != nil {
			return nil, err
		}
		given = set.inputs
	}
	for _, arg := range in.files {
		if err := readInput(given, arg, m.Inputs()); err != nil {
			return nil, err
		}
	}
	complete(given)
	if in.fill == "" {
		return given, nil
	}
	return given, in.makeUp(given, m.Inputs(), withoutPast(m, dims))
}

// withoutPast adds to dims that sequences begin: what was computed before has the
// length 0.
func withoutPast(m *parallax.Model, dims map[string]int64) map[string]int64 {
	all := map[string]int64{}
	for _, pair := range m.Program().States {
		shape := m.Inputs()[pair.Input].Type.Shape
		if pair.Axis < 0 || pair.Axis >= len(shape) {
			continue
		}
		if name, ok := shape[pair.Axis].IsSymbol(); ok {
			all[name] = 0
		}
	}
	maps.Copy(all, dims)
	return all
}

// readInput takes one -i: name=FILE, or FILE.npz with all inputs by name.
func readInput(given map[string]*tensor.Tensor, arg string, ports []parallax.Port) error {
	name, path, found := strings.Cut(arg, "=")
	if !found {
		path = arg
		if strings.ToLower(filepath.Ext(path)) != ".npz" {
			return fmt.Errorf("-i %s: want name=FILE, or a .npz file that holds inputs by name", arg)
		}
	}
	if strings.ToLower(filepath.Ext(path)) == ".npz" {
		return readArchive(given, name, path, found)
	}
	want := tensor.Float32
	for _, p := range ports {
		if p.Name == name {
			want = p.Type.DType
		}
	}
	t, err := readTensor(path, want)
	given[name] = t
	return err
}

// readArchive takes all arrays of a .npz, or only the one called name.
func readArchive(given map[string]*tensor.Tensor, name, path string, one bool) error {
	arrays, err := npy.ReadArchiveFile(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for key, t := range arrays {
		if !one || key == name {
			given[key] = t
		}
	}
	if one && given[name] == nil {
		return fmt.Errorf("%s holds no array %q", path, name)
	}
	return nil
}

// mostMadeUp bounds made-up inputs in bytes: they are for trying a model out.
const mostMadeUp = 4 << 30

// makeUp adds the inputs that are missing, in the shapes of [parallax.SizesOf].
func (in *inputFlags) makeUp(given map[string]*tensor.Tensor, ports []parallax.Port, dims map[string]int64) error {
	if !slices.Contains([]string{"zeros", "ones", "random"}, in.fill) {
		return errorf("--fill %s is not zeros, ones or random", in.fill)
	}
	r := rand.New(rand.NewPCG(in.seed, 0))
	left := mostMadeUp
	for _, p := range ports {
		if given[p.Name] != nil {
			continue
		}
		shape, err := parallax.SizesOf(p, dims)
		if err != nil {
			return err
		}
		n, ok := tensor.Elements(shape)
		if left -= p.Type.DType.Bytes(n); !ok || left < 0 {
			return fmt.Errorf("input %q: shape %s is too large to be made up", p.Name, tensor.ShapeString(shape))
		}
		t := tensor.New(p.Type.DType, shape...)
		if err := fillTensor(t, in.fill, r); err != nil {
			return fmt.Errorf("input %q: %w", p.Name, err)
		}
		given[p.Name] = t
	}
	return nil
}

func fillTensor(t *tensor.Tensor, how string, r *rand.Rand) error {
	if t.DType == tensor.String {
		return fmt.Errorf("strings can't be made up")
	}
	for i := range t.Len() {
		switch {
		case how == "zeros":
		case how == "ones":
			t.SetFloat(i, 1)
		case t.DType.IsFloat():
			t.SetFloat(i, r.NormFloat64())
		default:
			// Token ids, masks and positions: 0 and 1 are valid in all.
			t.SetInt(i, int64(r.IntN(2)))
		}
	}
	return nil
}

func portNames(ports []parallax.Port) []string {
	names := make([]string, len(ports))
	for i, p := range ports {
		names[i] = p.Name
	}
	return names
}

// dimMap is --dim as a map; the flags have been checked.
func (s *session) dimMap() map[string]int64 {
	dims := map[string]int64{}
	for _, d := range s.dims {
		if name, n, err := parseDim(d); err == nil {
			dims[name] = n
		}
	}
	return dims
}
