//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package wire

import (
	"errors"
	"os"
)

const canMap = false

func mapFile(*os.File, int) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmapFile([]byte) error { return nil }
