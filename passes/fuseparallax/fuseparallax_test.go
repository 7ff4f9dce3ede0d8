package fuseparallax_test

import (
	"testing"

	"github.com/parallax-go/parallax/passes/fuseparallax"
	"github.com/parallax-go/parallax/passes/passtest"
)

func TestForms(t *testing.T) { passtest.Files(t, fuseparallax.Pass) }
