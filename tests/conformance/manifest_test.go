package conformance

import "testing"

func TestManifest(t *testing.T) {
	pass, err := passing()
	if err != nil {
		t.Fatal(err)
	}
	reasons, err := lacking()
	if err != nil {
		t.Fatal(err)
	}
	for name := range pass {
		if entry, both := reasonFor(reasons, name); both {
			t.Errorf("%s passes, and lacking.txt has %s", name, entry)
		}
	}
}
