package parallax_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/examples/recall"
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
)

// A model is read, optimised and run.
func Example() {
	data, err := recall.Model(recall.Parallax)
	if err != nil {
		log.Fatal(err)
	}
	source, err := parallax.OpenReader(bytes.NewReader(data)) // or parallax.Load with a path
	if err != nil {
		log.Fatal(err)
	}
	model, err := source.Load()
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	outputs, err := model.Run(context.Background(), map[string]*tensor.Tensor{
		"tokens": tensor.Of([]int{1, 4}, []int64{3, 27, 9, 30}),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(outputs["logits"].DType, outputs["logits"].Shape)
	// Output: f32 [1 4 64]
}

// A pass of one's own runs where it is wanted.
func ExampleWithPass() {
	count := passes.Pass{
		Name: "count",
		Doc:  "count the fused nodes",
		Run: func(_ *passes.Context, g *ir.Graph) error {
			fused := 0
			for n := range g.All() {
				if n.Op.QualifiedName() == "ai.parallax.Parallax" {
					fused++
				}
			}
			fmt.Println(fused, "fused nodes")
			return nil
		},
	}
	data, err := recall.Model(recall.Softmax)
	if err != nil {
		log.Fatal(err)
	}
	source, err := parallax.OpenReader(bytes.NewReader(data), parallax.WithPass("fuseattn", count))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := source.Explain(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output: 2 fused nodes
}
