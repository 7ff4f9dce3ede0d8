//go:build !linux

package simd

func tilesGranted() bool { return false }

const mayHaveTiles = false
