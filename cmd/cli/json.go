package cli

import (
	"encoding/json"
	"math"
)

// schema is the version of every JSON form.
const schema = 1

// number is a float64 whose non-finite values are strings in JSON, which has no
// other form for them.
type number float64

// MarshalJSON prints NaN, Infinity and -Infinity as strings.
func (n number) MarshalJSON() ([]byte, error) {
	switch x := float64(n); {
	case math.IsNaN(x):
		return []byte(`"NaN"`), nil
	case math.IsInf(x, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(x, -1):
		return []byte(`"-Infinity"`), nil
	}
	return json.Marshal(float64(n))
}

// printJSON writes v, indented, to standard output.
func (s *session) printJSON(v any) error {
	e := json.NewEncoder(s.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
