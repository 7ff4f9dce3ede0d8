package wire_test

import (
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax/onnx/wire"
)

// FuzzDecode: any bytes are a model or an error, and a model's encoding is a
// fixed point.
func FuzzDecode(f *testing.F) {
	for _, name := range small {
		f.Add(readFile(f, filepath.Join(testdata, name)))
	}
	f.Fuzz(func(t *testing.T, b []byte) { checkStable(t, b, wire.Decode, wire.Encode) })
}

// FuzzDecodeTensor takes the bytes for each message found in test data.
func FuzzDecodeTensor(f *testing.F) {
	for _, path := range fixtures(f, ".pb")[:4] {
		f.Add(readFile(f, path))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		checkStable(t, b, wire.DecodeTensor, wire.EncodeTensor)
		checkStable(t, b, wire.DecodeSparseTensor, wire.EncodeSparseTensor)
		checkStable(t, b, wire.DecodeSequence, wire.EncodeSequence)
		checkStable(t, b, wire.DecodeMap, wire.EncodeMap)
		checkStable(t, b, wire.DecodeOptional, wire.EncodeOptional)
		checkStable(t, b, wire.DecodeType, wire.EncodeType)
	})
}
