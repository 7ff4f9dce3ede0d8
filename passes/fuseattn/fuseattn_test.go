package fuseattn_test

import (
	"testing"

	"github.com/parallax-go/parallax/passes/fuseattn"
	"github.com/parallax-go/parallax/passes/passtest"
)

func TestForms(t *testing.T) { passtest.Files(t, fuseattn.Pass) }
