package readmasks

import (
	"testing"

	"github.com/parallax-go/parallax/passes/passtest"
)

func TestPass(t *testing.T) { passtest.Files(t, Pass) }
