// Facade is a program that uses the library, to be looked at as a binary.
package main

import (
	"context"
	"log"

	"github.com/parallax-go/parallax"
)

func main() {
	m, err := parallax.Load("model.onnx")
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	if _, err := m.Run(context.Background(), nil); err != nil {
		log.Fatal(err)
	}
}
