//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package rt

// mapMemory returns nil: this system has no memory outside the Go heap that the
// standard library could ask for.
func mapMemory(int) []byte { return nil }

// freeMemory gives back what mapMemory returned.
func freeMemory([]byte) {}
