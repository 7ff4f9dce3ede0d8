graph "types" {
  input %0 "a" : f32[batch,2*seq+1,`a b`,max(m, n)]
  input %1 "b" : seq(f32[*])
  input %2 "c" : opt(seq(i64[n]))
  input %3 "d" : map(str, f32[])
  input %4 "e" : invalid[*]
  input %5 "f" : map(i64, seq(opt(bool[2])))
  %6 = Identity(%2) : opt(seq(i64[n]))
  %7 "g", %8 "h" = Opaque(%4) {domain=a, op_type=B, why=""} : seq(f32[u7_0]), map(str, f32[])
  output %6
  output %0 "a"
  output %0 "a"
}
