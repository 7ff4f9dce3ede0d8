package dce_test

import (
	"testing"

	"github.com/parallax-go/parallax/passes/dce"
	"github.com/parallax-go/parallax/passes/passtest"
)

func TestPass(t *testing.T) { passtest.Files(t, dce.Pass) }
