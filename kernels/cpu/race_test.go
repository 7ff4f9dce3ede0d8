//go:build race

package cpu

// underRace says that the race detector is at work: sync.Pool then drops buffers at
// random, and runs allocate.
const underRace = true
