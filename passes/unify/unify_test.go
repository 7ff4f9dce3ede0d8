package unify_test

import (
	"testing"

	"github.com/parallax-go/parallax/passes/passtest"
	"github.com/parallax-go/parallax/passes/unify"
)

func TestPass(t *testing.T) { passtest.Files(t, unify.Pass) }
