package wire_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/onnx/wire"
)

func TestExternal(t *testing.T) {
	const max = "9223372036854775807"
	for _, c := range []struct {
		name    string
		entries string // key=value, separated by blanks
		want    wire.ExternalData
		err     string // a part of it
	}{
		{"location alone", "location=w.data", wire.ExternalData{Location: "w.data", Length: -1}, ""},
		{"all", "location=w offset=4096 length=12 checksum=ab", wire.ExternalData{Location: "w", Offset: 4096, Length: 12, Checksum: "ab"}, ""},
		{"length zero", "location=w length=0", wire.ExternalData{Location: "w"}, ""},
		{"unknown keys", "location=w prepacked_0=x", wire.ExternalData{Location: "w", Length: -1}, ""},
		{"largest", "location=w length=" + max, wire.ExternalData{Location: "w", Length: 1<<63 - 1}, ""},
		{"nothing", "", wire.ExternalData{}, "there is no location"},
		{"empty location", "location=", wire.ExternalData{}, "there is no location"},
		{"zero byte", "location=a\x00b", wire.ExternalData{}, "zero byte"},
		{"negative offset", "location=w offset=-1", wire.ExternalData{}, `external_data[1]: offset is "-1"`},
		{"signed length", "location=w length=+1", wire.ExternalData{}, `length is "+1"`},
		{"no number", "location=w length=", wire.ExternalData{}, `length is ""`},
		{"too large", "location=w offset=9223372036854775808", wire.ExternalData{}, "offset is"},
		{"overflow", "location=w offset=1 length=" + max, wire.ExternalData{}, "overflows"},
		{"twice", "location=w location=w", wire.ExternalData{}, `external_data[1]: key "location" is given twice`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &wire.Tensor{DataLocation: wire.LocationExternal}
			for _, entry := range strings.Fields(c.entries) {
				key, value, _ := strings.Cut(entry, "=")
				m.ExternalData = append(m.ExternalData, &wire.StringStringEntry{Key: key, Value: value})
			}
			got, err := m.External()
			if c.err != "" {
				if _, ok := err.(*wire.Error); !ok || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "at byte") {
					t.Errorf("error is %v, want %q", err, c.err)
				}
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("(-want +got), error %v:\n%s", err, diff)
			}
			again, err := (&wire.Tensor{ExternalData: got.Entries()}).External()
			if diff := cmp.Diff(c.want, again); diff != "" || err != nil {
				t.Errorf("after Entries (-want +got), error %v:\n%s", err, diff)
			}
		})
	}
}
