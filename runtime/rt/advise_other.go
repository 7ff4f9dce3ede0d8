//go:build !linux

package rt

// adviseLarge does nothing: this system has no such advice, or needs none.
func adviseLarge([]byte) {}

// adviseUnused does nothing: the pages go back with the slab.
func adviseUnused([]byte) {}
