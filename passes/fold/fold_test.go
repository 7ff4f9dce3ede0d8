package fold_test

import (
	"testing"

	"github.com/parallax-go/parallax/passes/fold"
	"github.com/parallax-go/parallax/passes/passtest"
)

func TestPass(t *testing.T) { passtest.Files(t, fold.Pass) }
