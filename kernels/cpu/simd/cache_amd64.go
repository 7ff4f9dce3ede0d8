package simd

// vendor is what leaf 0 says, and the highest leaf there is.
func vendor() (name string, most uint32) {
	most, b, c, d := cpuid(0, 0)
	text := make([]byte, 0, 12)
	for _, x := range [...]uint32{b, d, c} {
		text = append(text, byte(x), byte(x>>8), byte(x>>16), byte(x>>24))
	}
	return string(text), most
}

const amd = "AuthenticAMD"

func isAMD() bool {
	name, _ := vendor()
	return name == amd
}

// nearest asks the leaf that describes caches, whose form is the same with both vendors
// (Intel SDM volume 2A, leaf 4; AMD APM volume 3, leaf 8000001D): the first one is that of
// data, of the first level.
func nearest() Cache {
	name, most := vendor()
	leaf := uint32(4)
	if name == amd {
		leaf = 0x8000001d
		most, _, _, _ = cpuid(0x80000000, 0)
	}
	if most < leaf {
		return smallest
	}
	a, b, sets, _ := cpuid(leaf, 0)
	if a&31 == 0 { // no cache is described
		return smallest
	}
	ways, parts, line := int(b>>22)+1, int(b>>12&1023)+1, int(b&4095)+1
	return Cache{Bytes: ways * parts * line * (int(sets) + 1), Ways: ways}
}

// smallest is what processors of the last fifteen years have at least.
var smallest = Cache{Bytes: 32 << 10, Ways: 8}
