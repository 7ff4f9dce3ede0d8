module github.com/parallax-go/parallax/examples/embed

go 1.25.0

require (
	github.com/parallax-go/parallax v0.0.0
	github.com/sugarme/tokenizer v0.3.0
)

replace github.com/parallax-go/parallax => ../..
