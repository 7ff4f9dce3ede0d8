//go:build cross

package static

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"
)

var platforms = []string{
	"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64", "wasip1/wasm",
}

// TestWasm runs the demo model under WebAssembly, with WASI alone.
func TestWasm(t *testing.T) {
	root := repository(t)
	dir := t.TempDir()
	program := filepath.Join(dir, "parallax.wasm")
	build(t, root, program, "./cmd/parallax", "wasip1", "wasm")
	code, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	var stdout, stderr bytes.Buffer
	model := filepath.Join(root, "examples", "recall", "parallax-recall")
	config := wazero.NewModuleConfig().WithStdout(&stdout).WithStderr(&stderr).
		WithArgs("parallax", "verify", "/model/model.onnx").
		WithFSConfig(wazero.NewFSConfig().WithReadOnlyDirMount(model, "/model")).
		WithSysWalltime().WithSysNanotime()
	_, err = r.InstantiateWithConfig(ctx, code, config)
	if exit, ok := err.(*sys.ExitError); err != nil && (!ok || exit.ExitCode() != 0) {
		t.Fatalf("%v\n%s%s", err, &stdout, &stderr)
	}
	if !strings.Contains(stdout.String(), "ok") {
		t.Errorf("verify printed\n%s%s", &stdout, &stderr)
	}
}
