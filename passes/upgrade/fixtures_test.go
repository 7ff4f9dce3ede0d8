package upgrade_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/graft"
	"github.com/parallax-go/parallax/passes/std"
	"github.com/parallax-go/parallax/passes/upgrade"
)

func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("../../tests/testdata/*models/*/model.onnx")
	if err != nil || len(files) == 0 {
		t.Fatalf("no models: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			g := load(t, file)
			list, err := std.Select("fold,unify,canon,cse,dce,fuseparallax,fuseattn")
			if err != nil {
				t.Fatal(err)
			}
			from, clones := g.Clone()
			if _, err := passes.Run(context.Background(), from, list, nil); err != nil {
				t.Fatal(err)
			}
			if _, err = graft.Fused(g, from, clones); err != nil {
				t.Fatal(err)
			}
			var r upgrade.Report
			if _, err := passes.Run(context.Background(), g, []passes.Pass{upgrade.Pass(nil, &r)}, &passes.Options{Verify: true}); err != nil {
				t.Fatal(err)
			}
			for _, u := range r.Upgraded {
				t.Logf("%s: %v", u.Anchor, u.Parameters)
			}
			for _, f := range r.Refused {
				t.Logf("%s: %+v", f.Anchor, f.Reason)
			}
		})
	}
}

func load(t *testing.T, file string) *ir.Graph {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	files, err := onnx.DirFS(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close() })
	g, err := onnx.Import(m, onnx.Options{Files: files})
	if err != nil {
		t.Fatal(err)
	}
	return g
}
