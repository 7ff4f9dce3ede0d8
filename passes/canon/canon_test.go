package canon_test

import (
	"testing"

	"github.com/parallax-go/parallax/passes/canon"
	"github.com/parallax-go/parallax/passes/passtest"
)

func TestPass(t *testing.T) { passtest.Files(t, canon.Pass) }
