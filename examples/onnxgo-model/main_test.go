package main

import (
	"testing"

	"github.com/parallax-go/parallax/examples/recall"
)

func TestEvaluate(t *testing.T) {
	correct, counted, err := evaluate(recall.Parallax, 4)
	if err != nil {
		t.Fatal(err)
	}
	// The model's README gives the accuracy on the whole set; it is well above half.
	if counted == 0 || 2*correct < counted {
		t.Errorf("%d of %d tokens recalled", correct, counted)
	}
}
