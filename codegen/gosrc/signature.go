package gosrc

import (
	"embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"math"
	"strings"
	"sync"

	"github.com/parallax-go/parallax/kernels/cpu"
	"github.com/parallax-go/parallax/kernels/ref"
)

// signature is how a kernel's function is called, in the order of its
// parameters: context, outputs, attributes, operands.
type signature struct {
	context  bool
	outs     int
	outSlice bool // the outputs are one slice
	attr     bool
	ins      int  // without the variadic ones
	variadic bool // any number of operands more
}

func (s signature) most() int {
	if s.variadic {
		return math.MaxInt
	}
	return s.ins
}

// signatureOf returns the signature of the kernel "package.Function".
func signatureOf(kernel string) (signature, error) {
	all, err := signatures()
	if err != nil {
		return signature{}, err
	}
	s, ok := all[kernel]
	if !ok {
		return s, fmt.Errorf("kernel %s has no function that generated code can call", kernel)
	}
	return s, nil
}

// signatures reads them off the sources that the kernel packages embed: what is
// printed is then what compiles.
var signatures = sync.OnceValues(func() (map[string]signature, error) {
	all := map[string]signature{}
	for name, files := range map[string]embed.FS{"cpu": cpu.Sources, "ref": ref.Sources} {
		if err := readSignatures(name, files, all); err != nil {
			return nil, err
		}
	}
	return all, nil
})

func readSignatures(pkg string, files embed.FS, all map[string]signature) error {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		source, err := fs.ReadFile(files, e.Name())
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.IsExported() {
				if s, ok := kernelSignature(f.Type); ok {
					all[pkg+"."+f.Name.Name] = s
				}
			}
		}
	}
	return nil
}

// kernelSignature reads a function's parameters. Without attributes between
// them, the first tensor is the output and the rest are operands. It is false
// for a function that is no kernel.
func kernelSignature(f *ast.FuncType) (s signature, ok bool) {
	tensors := 0
	for _, p := range f.Params.List {
		n := max(len(p.Names), 1)
		switch typ := types.ExprString(p.Type); {
		case typ == "*Ctx":
			s.context = true
		case typ == "*tensor.Tensor":
			tensors += n
		case typ == "...*tensor.Tensor":
			s.variadic = true
		case typ == "[]*tensor.Tensor":
			s.outSlice = true
		case strings.HasPrefix(typ, "*attr.") && n == 1:
			s.attr, s.outs, tensors = true, tensors, 0
		default:
			return s, false
		}
	}
	if !s.attr && !s.outSlice {
		s.outs, tensors = 1, tensors-1
	}
	s.ins = tensors
	results := f.Results
	return s, results != nil && len(results.List) == 1 && types.ExprString(results.List[0].Type) == "error" && tensors >= 0
}
