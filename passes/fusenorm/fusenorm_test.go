package fusenorm_test

import (
	"testing"

	"github.com/parallax-go/parallax/passes/fusenorm"
	"github.com/parallax-go/parallax/passes/passtest"
)

func TestPass(t *testing.T) { passtest.Files(t, fusenorm.Pass) }
