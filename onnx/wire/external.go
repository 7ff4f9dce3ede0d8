package wire

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ExternalData says where in which file the elements of a tensor lie.
type ExternalData struct {
	Location string // slash-separated path relative to the model's directory; not checked for leaving it
	Offset   int64  // in bytes, 0 if absent
	Length   int64  // in bytes, -1 if absent: up to what the tensor's shape needs
	Checksum string // SHA1 of the file in hexadecimal, empty if absent
}

// External parses and checks ExternalData. Keys that ONNX doesn't define are
// ignored, as other runtimes keep their own there. An error is an [*Error] with
// no offset.
func (t *Tensor) External() (ExternalData, error) {
	x := ExternalData{Length: -1}
	seen := map[string]bool{}
	for i, entry := range t.ExternalData {
		if entry == nil {
			continue
		}
		err := x.set(entry.Key, entry.Value)
		if seen[entry.Key] {
			err = fmt.Errorf("key %q is given twice", entry.Key)
		}
		if err != nil {
			return ExternalData{}, &Error{fmt.Sprintf("external_data[%d]", i), -1, err.Error()}
		}
		seen[entry.Key] = true
	}
	switch {
	case x.Location == "":
		return ExternalData{}, &Error{"external_data", -1, "there is no location"}
	case x.Length > math.MaxInt64-x.Offset:
		return ExternalData{}, &Error{"external_data", -1, fmt.Sprintf("offset %d + length %d overflows", x.Offset, x.Length)}
	}
	return x, nil
}

func (x *ExternalData) set(key, value string) (err error) {
	switch key {
	case "location":
		x.Location = value
		if strings.ContainsRune(value, 0) {
			err = fmt.Errorf("location %q holds a zero byte", value)
		}
	case "offset":
		x.Offset, err = parseBytes(key, value)
	case "length":
		x.Length, err = parseBytes(key, value)
	case "checksum":
		x.Checksum = value
	}
	return err
}

func parseBytes(key, value string) (int64, error) {
	n, err := strconv.ParseUint(value, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%s is %q, want a number of bytes from 0 to %d", key, value, int64(math.MaxInt64))
	}
	return int64(n), nil
}

// Entries gives the form of x that Tensor.ExternalData holds.
func (x ExternalData) Entries() []*StringStringEntry {
	entries := []*StringStringEntry{
		{Key: "location", Value: x.Location},
		{Key: "offset", Value: strconv.FormatInt(x.Offset, 10)},
	}
	if x.Length >= 0 {
		entries = append(entries, &StringStringEntry{Key: "length", Value: strconv.FormatInt(x.Length, 10)})
	}
	if x.Checksum != "" {
		entries = append(entries, &StringStringEntry{Key: "checksum", Value: x.Checksum})
	}
	return entries
}
