package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/sugarme/tokenizer"
	"github.com/sugarme/tokenizer/pretrained"
)

// Embedder turns sentences into vectors.
type Embedder struct {
	model  *parallax.Model
	tokens *tokenizer.Tokenizer
}

// Open loads the model and the tokenizer from dir.
func Open(dir string) (*Embedder, error) {
	tokens, err := pretrained.FromFile(filepath.Join(dir, tokenizerFile))
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	// The file pads every sentence to 128 tokens; Embed pads to the longest.
	tokens.WithPadding(nil)
	model, err := parallax.Load(filepath.Join(dir, modelFile))
	if err != nil {
		return nil, err
	}
	return &Embedder{model: model, tokens: tokens}, nil
}

// Close releases the model.
func (e *Embedder) Close() error { return e.model.Close() }

// Embed returns the mean of each sentence's last hidden states over its tokens.
func (e *Embedder) Embed(ctx context.Context, sentences []string) ([][]float64, error) {
	if len(sentences) == 0 {
		return nil, errors.New("no sentences")
	}
	ids, err := e.encode(sentences)
	if err != nil {
		return nil, err
	}
	inputs, mask := batch(ids)
	outputs, err := e.model.Run(ctx, inputs)
	if err != nil {
		return nil, err
	}
	return meanPool(outputs["last_hidden_state"], mask), nil
}

func (e *Embedder) encode(sentences []string) ([][]int, error) {
	ids := make([][]int, len(sentences))
	for i, s := range sentences {
		encoding, err := e.tokens.EncodeSingle(s, true)
		if err != nil {
			return nil, fmt.Errorf("sentence %d: %w", i+1, err)
		}
		ids[i] = encoding.Ids
	}
	return ids, nil
}

// batch pads the sentences with id 0 to the longest. All tensors are [batch, seq].
func batch(ids [][]int) (inputs map[string]*tensor.Tensor, mask []int64) {
	longest := 0
	for _, s := range ids {
		longest = max(longest, len(s))
	}
	shape := []int{len(ids), longest}
	tokens := make([]int64, len(ids)*longest)
	mask = make([]int64, len(ids)*longest)
	for i, s := range ids {
		for j, id := range s {
			tokens[i*longest+j], mask[i*longest+j] = int64(id), 1
		}
	}
	return map[string]*tensor.Tensor{
		"input_ids":      tensor.Of(shape, tokens),
		"attention_mask": tensor.Of(shape, mask),
		"token_type_ids": tensor.New(tensor.Int64, shape...),
	}, mask
}

// meanPool averages hidden, [batch, seq, size], over the tokens with mask 1.
func meanPool(hidden *tensor.Tensor, mask []int64) [][]float64 {
	rows, seq, size := hidden.Shape[0], hidden.Shape[1], hidden.Shape[2]
	states := tensor.Data[float32](hidden)
	means := make([][]float64, rows)
	for i := range means {
		means[i] = make([]float64, size)
		count := 0.0
		for j := range seq {
			if mask[i*seq+j] == 0 {
				continue
			}
			count++
			for k, x := range states[(i*seq+j)*size:][:size] {
				means[i][k] += float64(x)
			}
		}
		for k := range means[i] {
			means[i][k] /= count
		}
	}
	return means
}

// Cosine returns the cosine of the angle between a and b.
func Cosine(a, b []float64) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += a[i] * b[i]
		aa += a[i] * a[i]
		bb += b[i] * b[i]
	}
	return ab / math.Sqrt(aa*bb)
}
