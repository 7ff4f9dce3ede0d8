package report

import "strings"

// What several rows of Zen 4 have in common.
const (
	zenModel     = "products are nine tenths of the time and more, and run at 0.93 to 0.98 of what a core can multiply (114 GF/s); the peers' run at 0.9"
	zenAttention = "the two products take 83 to 88 % of the time, at 111 of the 114 GF/s that a core can multiply; exponentials take 7 %, packing 2 to 5 %"
	zenProduct   = "all engines do 0.93 to 0.98 of what a core can multiply (114 GF/s); with two threads, the runtime's monitor thread interrupts ours every 75 µs for the first 5 ms after a pause"
	zenParallax  = "three products take 83 % of the time, at the speed of the tile, as the peers' three do"
)

// held says what holds back rows that are not reached: by the processor, as it is
// described, and by the row's title.
var held = map[string]map[string]string{
	"family 6 model 207": { // Emerald Rapids
		"encoder M=16":                                   "from 4 to 16 rows all engines wait for the weights, which here come from a third-level cache of 300 MB. A core has 16 lines on their way at a time: fetching alone does 17.5 GB/s, products of 8 rows 11, those of 16 rows 10; without waiting these would take three quarters of the time",
		"attention S=128":                                "the two products take 73 % of the time, at the speed of the tile; exponentials take 9 %, packing keys and values 5 %, scaling queries and results 3 %",
		"attention S=512, D=128":                         "the two products take 73 % of the time, at the speed of the tile; exponentials take 9 %, packing keys and values 5 %, scaling queries and results 3 %",
		"Parallax S=2048, by softmax attention":          "presumably: three products for two, and weights that are corrected once all chunks of keys are known",
		"encoder M=512":                                  "products are nine tenths of the time, and run at 0.9 of the bare tile's speed",
		"attention S=2048":                               "the two products take 73 % of the time, at the speed of the tile",
		"Parallax S=1024, by softmax attention":          "presumably: three products for two, and weights that are corrected once all chunks of keys are known",
		"Parallax S=512, causal, by softmax attention":   "presumably: three products for two, and weights that are corrected once all chunks of keys are known",
		"encoder M=512, batch 8":                         "products are nine tenths of the time, and run at 0.9 of the bare tile's speed",
		"ViT-B/16":                                       "products are 93 % of the time, and run at 0.9 of the bare tile's speed; attention takes 6 %, the convolution 1 %",
		"Parallax S=4096, 4 heads, by softmax attention": "presumably: two results are kept, and rescaled for each chunk of keys",
		"MatMul 32×768×3072":                             "the weight of 9 MB comes from the third-level cache, which both threads share",
		"MatMul 16×768×3072":                             "the weight of 9 MB comes from the third-level cache, which both threads share",
		"MatMul 1×4096×4096":                             "reading the weight, 67 MB, is all there is to do, as it is for the peers",
		"Softmax 1M":                                     "bound by memory, as it is for the peers",
		"SiLU 4K":                                        "a run of 64 nodes of 0.5 µs each: what a step costs",
		"Parallax S=512, against peers":                  "three products at the speed of the tile take 0.3 to 0.45 of the peers' time; exponentials, corrections and packing are the rest",
		"Parallax S=1024, against peers":                 "three products at the speed of the tile take 0.3 to 0.45 of the peers' time; exponentials, corrections and packing are the rest",
		"Parallax S=2048, against peers":                 "three products at the speed of the tile take 0.3 to 0.45 of the peers' time; exponentials, corrections and packing are the rest",
		"Parallax S=4096, 4 heads, against peers":        "three products at the speed of the tile take 0.3 to 0.45 of the peers' time; exponentials, corrections and packing are the rest",
		"Parallax of 1 query, 4096 keys, against peers":  "presumably: one query is bound by reading the caches, which the peers read at most twice",
		"Parallax of 1 query, 16384 keys, against peers": "presumably: one query is bound by reading the caches, which the peers read at most twice",
		"MatMul 512×512×512":                             "the interval is wide: the machine's speed differs between sittings",
		"MatMul 1024×1024×1024":                          "the interval is wide: the machine's speed differs between sittings",
		"MatMul 2048×2048×2048":                          "the interval is wide: the machine's speed differs between sittings",
		"MatMul 128×768×768":                             "the interval is wide: the machine's speed differs between sittings",
		"MatMul 128×768×3072":                            "the interval is wide: the machine's speed differs between sittings",
		"MatMul 128×3072×768":                            "the interval is wide: the machine's speed differs between sittings",
		"Add/Mul chain 64K":                              "the interval is wide: the machine's speed differs between sittings",
		"MatMul 1024×1024×1024, bf16":                    "AMX does twice as much in some sittings as in others",
		"attention S=512, D=80":                          "the two products take 73 % of the time, at the speed of the tile; exponentials take 9 %, packing keys and values 5 %, scaling queries and results 3 %",
		"encoder M=1, as generated Go":                   "the same steps in another process: 0.98 when measured again",
		"Parallax S=512, as generated Go":                "the same steps in another process: 0.98 when measured again",
	},
	"family 25 model 17": { // Zen 4
		"encoder M=16":           zenModel,
		"encoder M=32":           zenModel,
		"encoder M=64":           zenModel,
		"encoder M=128":          zenModel,
		"encoder M=256":          zenModel,
		"encoder M=512":          zenModel,
		"encoder M=256, batch 8": zenModel,
		"encoder M=512, batch 8": zenModel,
		"ViT-B/16":               zenModel,
		"embedding of 32 sentences of mixed lengths":     zenModel,
		"decoder, prefill 256":                           zenModel,
		"attention S=128":                                zenAttention,
		"attention S=512":                                zenAttention,
		"attention S=2048":                               zenAttention,
		"attention S=512, D=32":                          zenAttention,
		"attention S=512, D=80":                          zenAttention,
		"attention S=512, D=96":                          zenAttention,
		"attention S=512, D=128":                         zenAttention,
		"attention S=512, padding mask, batch 2":         zenAttention,
		"MatMul 512×512×512":                             zenProduct,
		"MatMul 2048×2048×2048":                          zenProduct,
		"MatMul 128×768×768":                             zenProduct,
		"MatMul 128×768×3072":                            zenProduct,
		"MatMul 128×3072×768":                            zenProduct,
		"MatMul 32×768×3072":                             zenProduct,
		"MatMul 16×768×3072":                             zenProduct,
		"Parallax S=512, against peers":                  zenParallax,
		"Parallax S=1024, against peers":                 zenParallax,
		"Parallax S=2048, against peers":                 zenParallax,
		"Parallax S=4096, 4 heads, against peers":        "four products beyond 2048 keys, at the speed of the tile, where the peers have three",
		"Parallax of 1 query, 4096 keys, against peers":  "one query is bound by reading the caches, which the peers read at most twice",
		"Parallax of 1 query, 16384 keys, against peers": "one query is bound by reading the caches, which the peers read at most twice",
	},
}

// heldOn are the reasons that are known of a processor.
func heldOn(processor string) map[string]string {
	for name, reasons := range held {
		if strings.Contains(processor, name+" ") {
			return reasons
		}
	}
	return nil
}
