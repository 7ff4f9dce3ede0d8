package onnx

import (
	"maps"
	"slices"

	"github.com/parallax-go/parallax/onnx/wire"
)

// Info is what a file says about itself.
type Info struct {
	Producer        string
	ProducerVersion string
	IRVersion       int64
	Domain          string
	ModelVersion    int64
	Doc             string
	Opsets          map[string]int64 // by domain; "" is ai.onnx
	Metadata        map[string]string
	Functions       []string // qualified names of the model-local functions
}

// ReadInfo returns what m says about itself.
func ReadInfo(m *wire.Model) Info {
	i := Info{
		Producer: m.ProducerName, ProducerVersion: m.ProducerVersion, IRVersion: m.IRVersion,
		Domain: m.Domain, ModelVersion: m.ModelVersion, Doc: m.DocString,
		Opsets: opsets(m.OpsetImport), Metadata: entries(m.MetadataProps),
	}
	for _, f := range m.Functions {
		if f != nil {
			i.Functions = append(i.Functions, qualified(f.Domain, f.Name))
		}
	}
	return i
}

// Dims are the names of the symbolic dimensions of m's inputs, sorted: those that
// [Options] may pin.
func Dims(m *wire.Model) []string {
	names := map[string]bool{}
	if m.Graph == nil {
		return nil
	}
	for _, in := range m.Graph.Input {
		if in == nil {
			continue
		}
		t, err := ReadType(in.Type, dimOf(in))
		if err != nil { // as Import says
			continue
		}
		for _, name := range t.Shape.Symbols() {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func opsets(list []*wire.OperatorSetID) map[string]int64 {
	m := make(map[string]int64, len(list))
	for _, o := range list {
		if o != nil {
			m[normalDomain(o.Domain)] = o.Version
		}
	}
	return m
}

func entries(list []*wire.StringStringEntry) map[string]string {
	if len(list) == 0 {
		return nil
	}
	m := make(map[string]string, len(list))
	for _, e := range list {
		if e != nil {
			m[e.Key] = e.Value
		}
	}
	return m
}

// normalDomain makes the two spellings of the default domain one.
func normalDomain(domain string) string {
	if domain == "ai.onnx" {
		return ""
	}
	return domain
}

func qualified(domain, name string) string {
	if domain = normalDomain(domain); domain != "" {
		return domain + "." + name
	}
	return name
}
