package session

// cacheForms are steps of attention, the keys and values of which lie in the
// file in different ways; p is the past.
var cacheForms = []struct {
	name   string
	caches int // in place; 0: the state has two buffers
	src    string
}{
	{"heads first", 2, `graph {
  input %x : f32[b,4,t,8]
  input %past_k : f32[b,2,p,8]
  input %past_v : f32[b,2,p,8]
  %k, %v = Split(%x, i64 = [2, 2]) {axis=1}
  %present_k = Concat(%past_k, %k) {axis=2}
  %present_v = Concat(%past_v, %v) {axis=2}
  %o = ai.parallax.Parallax(%x, %present_k, %present_v) {heads=4, kv_heads=2, scale=0.5, causal=bottom_right}
  output %o
  output %present_k
  output %present_v
}`},
	{"half precision", 2, `graph {
  input %x : f16[b,4,t,8]
  input %past_k : f16[b,4,p,8]
  input %past_v : f16[b,4,p,8]
  %v = Neg(%x)
  %present_k = Concat(%past_k, %x) {axis=2}
  %present_v = Concat(%past_v, %v) {axis=2}
  %o = ai.parallax.Parallax(%x, %present_k, %present_v) {heads=4, kv_heads=4, scale=0.5}
  output %o
  output %present_k
  output %present_v
}`},
	{"positions first, keys transposed", 2, `graph {
  input %x : f32[b,t,4,8]
  input %past_k : f32[b,4,8,p]
  input %past_v : f32[b,p,4,8]
  %kt = Transpose(%x) {perm=[0,2,3,1]}
  %q = Transpose(%x) {perm=[0,2,1,3]}
  %present_k = Concat(%past_k, %kt) {axis=3}
  %present_v = Concat(%past_v, %x) {axis=1}
  %k = Transpose(%present_k) {perm=[0,1,3,2]}
  %v = Transpose(%present_v) {perm=[0,2,1,3]}
  %o = ai.parallax.Parallax(%q, %k, %v) {heads=4, kv_heads=4, scale=0.5, causal=bottom_right}
  output %o
  output %present_k
  output %present_v
}`},
	{"packed", 2, `graph {
  input %x : f32[b,t,16]
  input %past_k : f32[b,p,16]
  input %past_v : f32[b,p,16]
  %v = Neg(%x)
  %present_k = Concat(%past_k, %x) {axis=1}
  %present_v = Concat(%past_v, %v) {axis=1}
  %o = ai.parallax.Parallax(%x, %present_k, %present_v) {heads=2, kv_heads=2, scale=0.5, layout=bsd}
  output %o
  output %present_k
  output %present_v
}`},
	{"stacked", 2, `graph {
  input %x : f32[b,4,t,8]
  input %past : f32[2,b,4,p,8]
  %past_k = Gather(%past, i64 = 0)
  %past_v = Gather(%past, i64 = 1)
  %v = Neg(%x)
  %ks = Concat(%past_k, %x) {axis=2}
  %vs = Concat(%past_v, %v) {axis=2}
  %o = ai.parallax.Parallax(%x, %ks, %vs) {heads=4, kv_heads=4, scale=0.5, causal=bottom_right}
  %k5 = Unsqueeze(%ks, i64 = [0])
  %v5 = Unsqueeze(%vs, i64 = [0])
  %present = Concat(%k5, %v5)
  output %o
  output %present
}`},
	{"stacked and split", 2, `graph {
  input %x : f32[b,4,t,8]
  input %past : f32[2,b,4,p,8]
  %k5, %v5 = Split(%past, i64 = [1, 1])
  %past_k = Squeeze(%k5, i64 = [0])
  %past_v = Squeeze(%v5, i64 = [0])
  %v = Neg(%x)
  %ks = Concat(%past_k, %x) {axis=2}
  %vs = Concat(%past_v, %v) {axis=2}
  %o = ai.parallax.Parallax(%x, %ks, %vs) {heads=4, kv_heads=4, scale=0.5, causal=bottom_right}
  %ku = Unsqueeze(%ks, i64 = [0])
  %vu = Unsqueeze(%vs, i64 = [0])
  %present = Concat(%ku, %vu)
  output %o
  output %present
}`},
	{"written out", 2, `graph {
  input %x : f32[b,t,32]
  input %past_k : f32[b,4,p,8]
  input %past_v : f32[b,4,p,8]
  %x4 = Reshape(%x, i64 = [0, 0, 4, 8])
  %q = Transpose(%x4) {perm=[0,2,1,3]}
  %v = Neg(%q)
  %present_k = Concat(%past_k, %q) {axis=2}
  %present_v = Concat(%past_v, %v) {axis=2}
  %kt = Transpose(%present_k) {perm=[0,1,3,2]}
  %s = MatMul(%q, %kt)
  %scaled = Mul(%s, f32 = 0.35)
  %w = Softmax(%scaled)
  %y = MatMul(%w, %present_v)
  %yt = Transpose(%y) {perm=[0,2,1,3]}
  %o = Reshape(%yt, i64 = [0, 0, 32])
  output %o
  output %present_k
  output %present_v
}`},
	{"heads in the batch", 0, `graph {
  input %x : f32[b,4,t,8]
  input %past_k : f32[b*4,p,8]
  input %past_v : f32[b*4,p,8]
  %sizes = Shape(%x)
  %b = Slice(%sizes, i64 = [0], i64 = [1])
  %t = Slice(%sizes, i64 = [2], i64 = [3])
  %three = Concat(i64 = [-1], %t, i64 = [8])
  %k = Reshape(%x, %three)
  %v = Neg(%k)
  %present_k = Concat(%past_k, %k) {axis=1}
  %present_v = Concat(%past_v, %v) {axis=1}
  %four = Concat(%b, i64 = [4, -1, 8])
  %k4 = Reshape(%present_k, %four)
  %v4 = Reshape(%present_v, %four)
  %o = ai.parallax.Parallax(%x, %k4, %v4) {heads=4, kv_heads=4, scale=0.5}
  output %o
  output %present_k
  output %present_v
}`},
	{"positions before the batch", 0, `graph {
  input %x : f32[b,t,16]
  input %past_k : f32[p,b,16]
  input %past_v : f32[p,b,16]
  %k = Transpose(%x) {perm=[1,0,2]}
  %v = Neg(%k)
  %present_k = Concat(%past_k, %k)
  %present_v = Concat(%past_v, %v)
  %kb = Transpose(%present_k) {perm=[1,0,2]}
  %vb = Transpose(%present_v) {perm=[1,0,2]}
  %o = ai.parallax.Parallax(%x, %kb, %vb) {heads=2, kv_heads=2, scale=0.5, layout=bsd}
  output %o
  output %present_k
  output %present_v
}`},
	{"the past is read", 0, `graph {
  input %x : f32[b,4,t,8]
  input %past_k : f32[b,4,p,8]
  input %past_v : f32[b,4,p,8]
  %v = Neg(%x)
  %present_k = Concat(%past_k, %x) {axis=2}
  %present_v = Concat(%past_v, %v) {axis=2}
  %o1 = ai.parallax.Parallax(%x, %present_k, %present_v) {heads=4, kv_heads=4, scale=0.5}
  %sum = ReduceSum(%past_k, i64 = [2])
  %o = Add(%o1, %sum)
  output %o
  output %present_k
  output %present_v
}`},
	{"the present is read", 0, `graph {
  input %x : f32[b,4,t,8]
  input %past_k : f32[b,4,p,8]
  input %past_v : f32[b,4,p,8]
  %v = Neg(%x)
  %present_k = Concat(%past_k, %x) {axis=2}
  %present_v = Concat(%past_v, %v) {axis=2}
  %o1 = ai.parallax.Parallax(%x, %present_k, %present_v) {heads=4, kv_heads=4, scale=0.5}
  %most = ReduceMax(%present_k, i64 = [2])
  %o = Add(%o1, %most)
  output %o
  output %present_k
  output %present_v
}`},
}
