package contest

import (
	"path/filepath"

	"github.com/sugarme/tokenizer"
	"github.com/sugarme/tokenizer/pretrained"

	"github.com/parallax-go/parallax/ir/tensor"
)

// The real model and its tokenizer, which examples/embed fetches.
const (
	realModel = "all-minilm-l6-v2.onnx"
	realNames = "all-minilm-l6-v2-tokenizer.json"
)

// realCases are the real model on the first sentence, and on all.
func realCases(folder string) (one, all *Case, err error) {
	tokens, err := pretrained.FromFile(filepath.Join(folder, realNames))
	if err != nil {
		return nil, nil, err
	}
	tokens.WithPadding(nil) // the file's is to 128
	if one, err = realCase("embedding of 1 sentence", tokens, texts[:1]); err != nil {
		return nil, nil, err
	}
	all, err = realCase("embedding of 32 sentences of mixed lengths", tokens, texts)
	return one, all, err
}

func realCase(name string, tokens *tokenizer.Tokenizer, sentences []string) (*Case, error) {
	ids := make([][]int, len(sentences))
	longest := 0
	for i, s := range sentences {
		encoding, err := tokens.EncodeSingle(s, true)
		if err != nil {
			return nil, err
		}
		ids[i] = encoding.Ids
		longest = max(longest, len(ids[i]))
	}
	input, mask := tensor.New(tensor.Int64, len(ids), longest), tensor.New(tensor.Int64, len(ids), longest)
	for i, row := range ids {
		for j, id := range row {
			input.SetInt(i*longest+j, int64(id))
			mask.SetInt(i*longest+j, 1)
		}
	}
	return &Case{Name: name, File: realModel, Inputs: map[string]*tensor.Tensor{
		"input_ids": input, "attention_mask": mask, "token_type_ids": tensor.New(tensor.Int64, len(ids), longest),
	}}, nil
}

// sentences are the rows of the real model.
func sentences(one, all *Case) []Row {
	return []Row{
		{Section: Models, Case: one, Target: AtLeast(1.2)},
		{Section: Models, Case: all, Target: AtLeast(1.1)},
	}
}

// texts are sentences of a few words up to a paragraph, as come in one batch.
var texts = []string{
	"The library opens at nine on weekdays and at ten on Saturdays.",
	"Thank you!",
	"How do I reset my password?",
	"The train to the coast was late again.",
	"Mix the flour with water and salt, let the dough rest for an hour, then bake it in a hot oven until the crust is brown.",
	"Where is the nearest pharmacy?",
	"She plays the cello in a small orchestra.",
	"Our quarterly report shows that the costs of storage fell while those of transport rose, mostly because fuel became dearer in spring.",
	"It rained.",
	"A cat sleeps on the warm roof of the garage.",
	"Please send me the invoice for last month.",
	"The museum has a collection of old maps, among them one of the harbour as it was before the great fire, which visitors may look at on request.",
	"Turn left at the second traffic light.",
	"Water boils at a lower temperature in the mountains.",
	"What does the warranty cover, and for how long?",
	"The function returns an error if the file does not exist, and the caller decides whether that matters.",
	"Good morning.",
	"He repaired the bicycle with a borrowed wrench.",
	"When the committee met on Tuesday it agreed to widen the path along the river, to plant two rows of trees beside it, and to ask the schools for ideas about the bridge.",
	"Two tickets for the evening show, please.",
	"The patient reported mild pain in the left knee after running.",
	"Bees find their way home by the sun.",
	"My order arrived without the charger; could you send it separately, or refund what I paid for it?",
	"The garden needs water.",
	"They moved to a village near the border because the rents in the city had doubled within four years.",
	"Is the soup vegetarian?",
	"An index makes reading faster and writing slower.",
	"The pilot announced that the landing would be delayed by fog, that there was fuel enough for another hour, and that passengers with a connection should speak to the crew once the doors were open.",
	"Close the window before you leave.",
	"The first edition of the dictionary took eleven years.",
	"We compared three methods on the same data and found no difference that mattered in practice.",
	"Sunflowers turn towards the light while they grow and stop when they bloom.",
}
