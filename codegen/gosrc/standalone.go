package gosrc

import (
	"embed"
	"io/fs"
	"strings"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
	"github.com/parallax-go/parallax/kernels/par"
	"github.com/parallax-go/parallax/kernels/ref"
	"github.com/parallax-go/parallax/runtime/rt"
)

// sources are the packages that generated code may import, each of which embeds
// its own source.
var sources = []struct {
	path  string
	files embed.FS
}{
	{"ir/attr", attr.Sources},
	{"ir/tensor", tensor.Sources},
	{"kernels/cpu", cpu.Sources},
	{"kernels/cpu/simd", simd.Sources},
	{"kernels/par", par.Sources},
	{"kernels/ref", ref.Sources},
	{"runtime/rt", rt.Sources},
}

// runtimeSources returns the sources of the runtime packages, without tests and
// without their copies of themselves, importing each other from runtime.
func runtimeSources(runtime string) ([]File, error) {
	var files []File
	for _, pkg := range sources {
		entries, err := fs.ReadDir(pkg.files, ".")
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.Name() == "embed.go" || strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			data, err := fs.ReadFile(pkg.files, e.Name())
			if err != nil {
				return nil, err
			}
			text := strings.ReplaceAll(string(data), `"`+modulePath+"/", `"`+runtime+"/")
			files = append(files, File{runtimeFolder + "/" + pkg.path + "/" + e.Name(), []byte(text)})
		}
	}
	return files, nil
}
