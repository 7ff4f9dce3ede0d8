// Generate continues a sequence of token ids with a decoder: a file with past and
// present pairs runs step by step, its KV cache staying in the model; a file
// without them runs on the whole sequence each time.
//
//	go run ./examples/generate                          a trained model of this repository
//	go run ./examples/generate -n 40 -tokens 1,15,3 model.onnx
//	go run ./examples/generate -text "Once upon" -temperature 0.8 -top-p 0.95 -seed 7 bytes.onnx
//
// Tokens are ids: a tokenizer belongs to a model. With -text they are bytes, for
// models whose vocabulary is that.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/examples/recall"
)

// job is what the command line asks for.
type job struct {
	model   string // "": the trained model of this repository
	tokens  string
	text    string
	count   int
	end     int64
	noCache bool
	sampler Sampler
	seed    uint64
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("generate: ")
	var j job
	flag.StringVar(&j.tokens, "tokens", "", "the prompt as `ids`, separated by commas")
	flag.StringVar(&j.text, "text", "", "the prompt as text whose bytes are the ids")
	flag.IntVar(&j.count, "n", 32, "how many tokens to generate")
	flag.Int64Var(&j.end, "end", -1, "the `id` that ends a sequence")
	flag.BoolVar(&j.noCache, "no-cache", false, "compute the whole sequence at every step")
	flag.Float64Var(&j.sampler.Temperature, "temperature", 0, "0 takes the most likely token")
	flag.IntVar(&j.sampler.TopK, "top-k", 0, "sample among the `K` most likely tokens; 0: among all")
	flag.Float64Var(&j.sampler.TopP, "top-p", 1, "sample among the most likely tokens that have probability `P` together")
	flag.Uint64Var(&j.seed, "seed", 1, "of the samples")
	flag.Parse()
	if flag.NArg() > 1 {
		log.Fatalf("one model at a time, not %q", flag.Args())
	}
	j.model = flag.Arg(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := j.run(ctx, os.Stdout, os.Stderr); err != nil {
		stop()
		log.Fatal(err)
	}
}

// run prints the tokens as they come, and to progress how long they took.
func (j *job) run(ctx context.Context, out, progress io.Writer) error {
	prompt, err := j.prompt()
	if err != nil {
		return err
	}
	m, err := j.load()
	if err != nil {
		return err
	}
	defer m.Close()
	d, err := NewDecoder(m, !j.noCache)
	if err != nil {
		return err
	}
	j.sampler.Seed(j.seed)
	began := time.Now()
	var first time.Duration // until the prompt is read
	sequence, made := prompt, 0
	for ; made < j.count; made++ {
		logits, err := d.Next(ctx, sequence)
		if err != nil {
			return err
		}
		if made == 0 {
			first = time.Since(began)
		}
		token, err := j.sampler.Pick(logits)
		if err != nil {
			return err
		}
		if int64(token) == j.end {
			break
		}
		sequence = append(sequence, int64(token))
		j.show(out, int64(token), made)
	}
	fmt.Fprintln(out)
	rest := time.Since(began) - first
	fmt.Fprintf(progress, "%d tokens read in %s; %d generated, %.0f tokens per second, %s\n",
		len(prompt), first.Round(time.Microsecond), made, float64(max(made-1, 0))/rest.Seconds(), d.How())
	return nil
}

func (j *job) show(out io.Writer, token int64, position int) {
	switch {
	case j.text != "":
		out.Write([]byte{byte(token)})
	case position > 0:
		fmt.Fprintf(out, " %d", token)
	default:
		fmt.Fprint(out, token)
	}
}

// prompt is that of the command line; for the model of this repository, the
// start of a sequence it knows how to continue.
func (j *job) prompt() ([]int64, error) {
	var ids []int64
	switch {
	case j.tokens != "" && j.text != "":
		return nil, errors.New("the prompt is either -tokens or -text")
	case j.text != "":
		for _, b := range []byte(j.text) {
			ids = append(ids, int64(b))
		}
		return ids, nil
	case j.tokens != "":
		for _, s := range strings.Split(j.tokens, ",") {
			id, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
			if err != nil {
				return nil, fmt.Errorf("-tokens: %q is no id", s)
			}
			ids = append(ids, id)
		}
		return ids, nil
	case j.model != "":
		return nil, errors.New("a prompt is missing: give -tokens or -text")
	}
	return recallPrompt()
}

// recallPrompt is the first half of an evaluation sequence: pairs of a key and
// its value, so that after a key that was there before, its value should follow.
func recallPrompt() ([]int64, error) {
	e, err := recall.EvaluationOf(recall.Parallax)
	if err != nil {
		return nil, err
	}
	_, length := e.Sequences()
	ids := make([]int64, length/2)
	for i := range ids {
		ids[i] = e.Tokens.IntAt(i)
	}
	return ids, nil
}

func (j *job) load() (*parallax.Model, error) {
	if j.model != "" {
		return parallax.Load(j.model)
	}
	data, err := recall.Model(recall.Parallax)
	if err != nil {
		return nil, err
	}
	s, err := parallax.OpenReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return s.Load()
}
