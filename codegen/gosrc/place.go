package gosrc

import (
	"bufio"
	"bytes"
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// place says where a package is and where it finds its runtime.
type place struct {
	pkg     string // package name
	method  string
	runtime string // import path before "/ir/tensor"
	goMod   string // contents; "": none is written
}

func locate(o Options) (place, error) {
	l := place{pkg: o.Package, method: o.Func, runtime: modulePath}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return l, err
	}
	if l.pkg == "" {
		l.pkg = packageName(filepath.Base(dir))
	}
	if l.method == "" {
		l.method = "Run"
	}
	if !token.IsIdentifier(l.pkg) || l.pkg == "main" {
		return l, fmt.Errorf("%q can't be the name of the generated package", l.pkg)
	}
	if !token.IsIdentifier(l.method) || !token.IsExported(l.method) {
		return l, fmt.Errorf("%q is not an exported method name", l.method)
	}
	own, outer := o.Module, ""
	if own == "" {
		if outer, err = enclosing(dir); err != nil {
			return l, err
		}
		if own = outer; own == "" {
			own = l.pkg
		}
	}
	if o.Standalone {
		l.runtime = own + "/internal/parallax"
	}
	if outer == "" && (o.Standalone || o.Module != "") {
		l.goMod = goMod(own, o.Standalone)
	}
	return l, nil
}

// packageName makes a name of a folder's.
func packageName(folder string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(folder) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' && b.Len() > 0 {
			b.WriteRune(c)
		}
	}
	if b.Len() == 0 || token.IsKeyword(b.String()) || b.String() == "main" {
		return "model"
	}
	return b.String()
}

// enclosing returns the import path that dir has in the module around it, and ""
// if there is none. A go.mod in dir itself is one that was generated before.
func enclosing(dir string) (string, error) {
	for at := filepath.Dir(dir); ; at = filepath.Dir(at) {
		data, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil {
			module, err := moduleOf(data)
			if err != nil {
				return "", fmt.Errorf("%s: %w", filepath.Join(at, "go.mod"), err)
			}
			rel, err := filepath.Rel(at, dir)
			return module + "/" + filepath.ToSlash(rel), err
		}
		if !os.IsNotExist(err) {
			return "", err
		}
		if at == filepath.Dir(at) {
			return "", nil
		}
	}
}

func moduleOf(goMod []byte) (string, error) {
	lines := bufio.NewScanner(bytes.NewReader(goMod))
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) >= 2 && fields[0] == "module" {
			return strings.Trim(fields[1], `"`), nil
		}
	}
	return "", fmt.Errorf("no module line")
}

func goMod(module string, standalone bool) string {
	text := "module " + module + "\n\ngo 1.25.0\n"
	if standalone {
		return text
	}
	version := "v0.0.0"
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") {
		version = info.Main.Version
	}
	return text + "\nrequire " + modulePath + " " + version + "\n"
}
