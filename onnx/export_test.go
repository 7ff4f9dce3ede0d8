package onnx_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

// again exports g and reads the bytes back.
func again(t *testing.T, g *ir.Graph, o onnx.ExportOptions) *ir.Graph {
	t.Helper()
	m, err := onnx.Export(g, o)
	if err != nil {
		t.Fatal(err)
	}
	b, err := wire.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = wire.Decode(b); err != nil {
		t.Fatal(err)
	}
	back, err := onnx.Import(m, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := back.Verify(); err != nil {
		t.Fatal(err)
	}
	return back
}

// TestRoundTripFixtures: what is exported means what was imported, to the last
// attribute and type.
func TestRoundTripFixtures(t *testing.T) {
	for _, path := range models(t) {
		t.Run(strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), testdata+"/"), func(t *testing.T) {
			_, g := load(t, path)
			if diff := cmp.Diff(g.Canonical(), again(t, g, onnx.ExportOptions{}).Canonical()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
