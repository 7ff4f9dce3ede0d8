package report

// held says, by the title of a row that is not reached, what holds it back.
var held = map[string]string{
	"encoder M=16":                                   "from 4 to 16 rows all engines wait for the weights, which here come from a third-level cache of 300 MB: the peers lose 1.4 by it, not the 1.5 to 2 of a machine whose weights come from memory",
	"attention S=128":                                "the two products take 73 % of the time, at the speed of the tile; exponentials take 9 %, packing keys and values 5 %, scaling queries and results 3 %",
	"attention S=512, D=128":                         "the two products take 73 % of the time, at the speed of the tile; exponentials take 9 %, packing keys and values 5 %, scaling queries and results 3 %",
	"Parallax S=2048, by softmax attention":          "presumably: three products for two, and weights that are corrected once all chunks of keys are known",
	"encoder M=512":                                  "products are nine tenths of the time, and run at 0.9 of the bare tile's speed; 1.14 in an earlier run",
	"attention S=2048":                               "the two products take 73 % of the time, at the speed of the tile; 1.11 in an earlier run",
	"Parallax S=1024, by softmax attention":          "presumably: three products for two, and weights that are corrected once all chunks of keys are known",
	"Parallax S=512, causal, by softmax attention":   "presumably: three products for two, and weights that are corrected once all chunks of keys are known",
	"encoder M=512, batch 8":                         "products are nine tenths of the time, and run at 0.9 of the bare tile's speed",
	"ViT-B/16":                                       "products are 93 % of the time, and run at 0.9 of the bare tile's speed; attention takes 6 %, the convolution 1 %",
	"Parallax S=4096, 4 heads, by softmax attention": "presumably: two results are kept, and rescaled for each chunk of keys",
	"MatMul 32×768×3072":                             "the weight of 9 MB comes from the third-level cache, which both threads share",
	"MatMul 16×768×3072":                             "the weight of 9 MB comes from the third-level cache, which both threads share",
	"MatMul 1×4096×4096":                             "reading the weight, 67 MB, is all there is to do, as it is for the peers",
	"RMSNorm 64K":                                    "presumably: reading and writing is most of it, as it is for OpenVINO",
	"Gather 64K":                                     "presumably: with two threads, handing over work of 2 µs",
	"Softmax 1M":                                     "bound by memory, as it is for the peers; the lower end was 1.07 in a second run",
	"SiLU 4K":                                        "a run of 64 nodes of 0.5 µs each: what a step costs; the lower end was 1.08 in a second run",
	"Parallax S=512, against peers":                  "three products at the speed of the tile take 0.3 to 0.45 of the peers' time; exponentials, corrections and packing are the rest",
	"Parallax S=1024, against peers":                 "three products at the speed of the tile take 0.3 to 0.45 of the peers' time; exponentials, corrections and packing are the rest",
	"Parallax S=2048, against peers":                 "three products at the speed of the tile take 0.3 to 0.45 of the peers' time; exponentials, corrections and packing are the rest",
	"Parallax S=4096, 4 heads, against peers":        "three products at the speed of the tile take 0.3 to 0.45 of the peers' time; exponentials, corrections and packing are the rest",
	"Parallax of 1 query, 4096 keys, against peers":  "presumably: one query is bound by reading the caches, which the peers read at most twice",
	"Parallax of 1 query, 16384 keys, against peers": "presumably: one query is bound by reading the caches, which the peers read at most twice",
}
