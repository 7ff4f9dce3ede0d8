package simd

import (
	"fmt"
	"os"
	"slices"
	"sync"
)

// LevelVariable names the environment variable that forces a level: one of those
// that [Levels] lists. A level that the processor lacks is an error at start, since
// what was asked for would not be what runs.
const LevelVariable = "PARALLAX_CPU"

// Active is the table of the level in use.
var Active = choose(os.Getenv(LevelVariable))

// Levels returns the tables of the levels that this processor has, the best first.
func Levels() []*Kernels { return slices.Clone(levels()) }

var levels = sync.OnceValue(func() []*Kernels {
	list := append(available(), genericKernels)
	for _, k := range list {
		k.addIntegers()
	}
	return list
})

func choose(name string) *Kernels {
	levels := levels()
	if name == "" {
		return levels[0]
	}
	i := slices.IndexFunc(levels, func(k *Kernels) bool { return k.Level == name })
	if i < 0 {
		names := make([]string, len(levels))
		for i, k := range levels {
			names[i] = k.Level
		}
		fmt.Fprintf(os.Stderr, "%s=%s: this processor has %v\n", LevelVariable, name, names)
		os.Exit(2)
	}
	return levels[i]
}
