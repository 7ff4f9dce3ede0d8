// Package nodetests knows where the ONNX node tests come from and where they
// lie on this machine: beside other caches, never in the repository.
package nodetests

import (
	"os"
	"path/filepath"
)

// The wheel that the node tests are taken from.
const (
	Requirement = "onnx==1.22.0"
	SHA256      = "955e02e1f6d385b53d52f9cd7b9cdf5caf417c300bcfe3c64c6d542be763845b"
	// Folder is where the tests are in the wheel.
	Folder = "onnx/backend/test/data/node"
)

// Tags pin the one file among the wheels of the release.
var Tags = []string{
	"--only-binary=:all:", "--platform", "manylinux_2_27_x86_64",
	"--implementation", "cp", "--python-version", "3.12", "--abi", "abi3",
}

// Dir is where the tests are unpacked to: a folder per test. It is named after
// the hash, so that a folder of that name holds just that wheel's tests.
func Dir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "parallax", "onnx-node-tests-"+SHA256[:16]), nil
}
