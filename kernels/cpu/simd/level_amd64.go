package simd

// available returns the levels that processor and system have.
func available() []*Kernels {
	var levels []*Kernels
	f := readFeatures()
	if f.tiles {
		levels = append(levels, avx512With("amx", Kernels{tiles: true, dots: true, bytes: true}))
	}
	if f.bf16 {
		levels = append(levels, avx512With("bf16", Kernels{dots: true, bytes: true}))
	}
	if f.vnni {
		levels = append(levels, avx512With("vnni", Kernels{bytes: true}))
	}
	if f.avx512 {
		levels = append(levels, avx512Kernels)
	}
	if f.avx2 {
		levels = append(levels, avx2Kernels)
	}
	return levels
}

// avx512With is the level with products of narrow numbers: the kernels on float32 are the
// same.
func avx512With(feature string, has Kernels) *Kernels {
	k := *avx512Kernels
	k.Level += feature
	k.bytes, k.dots, k.tiles = has.bytes, has.dots, has.tiles
	return &k
}

// features are what the kernels ask of a processor and of its operating system,
// which must save the registers.
type features struct {
	avx2   bool // with FMA, F16C and BMI2
	avx512 bool // F, BW, DQ and VL beside avx2
	vnni   bool // VPDPBUSD beside avx512
	bf16   bool // VDPBF16PS beside vnni
	tiles  bool // AMX with bfloat16 and bytes beside bf16
}

// bit reports whether all of bits are set.
func bit(x uint32, bits ...int) bool {
	for _, b := range bits {
		if x&(1<<b) == 0 {
			return false
		}
	}
	return true
}

// readFeatures asks CPUID (Intel SDM volume 2A): leaf 1 for FMA, OSXSAVE, AVX and
// F16C, leaf 7 for the rest; XCR0 says which registers the system saves.
func readFeatures() (f features) {
	most, _, _, _ := cpuid(0, 0)
	if most < 7 {
		return f
	}
	_, _, c1, _ := cpuid(1, 0)
	if !bit(c1, 12, 27, 28, 29) {
		return f
	}
	saved := xgetbv()
	_, b7, c7, d7 := cpuid(7, 0)
	f.avx2 = bit(saved, 1, 2) && bit(b7, 3, 5, 8)
	f.avx512 = f.avx2 && bit(saved, 5, 6, 7) && bit(b7, 16, 17, 30, 31)
	a71, _, _, _ := cpuid(7, 1)
	f.vnni = f.avx512 && bit(c7, 11)
	f.bf16 = f.vnni && bit(a71, 5)
	f.tiles = mayHaveTiles && f.bf16 && bit(d7, 22, 24, 25) && bit(saved, 17, 18)
	return f
}

func cpuid(leaf, subleaf uint32) (a, b, c, d uint32)

// xgetbv returns the lower half of XCR0.
func xgetbv() uint32
