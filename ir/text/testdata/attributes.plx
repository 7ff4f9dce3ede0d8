graph "attributes" {
  doc "every kind of attribute\nin two lines"
  metadata "a" = "1"
  metadata "producer" = "\"x\""
  input %0 "x" : f32[2,3,4,4]
  input %1 "w" : f32[6,3,1,1]
  input %2 : f32[2,8,t,16]
  input %3 : f32[2,4,s,16]
  %4 "conv" = Conv(%0, %1) {auto_pad=SAME_UPPER, strides=[2,2]} : f32[2,6,2,2] @"/conv/Conv" sources ["/conv/Conv", "/conv/Pad"]
  const %6 "scale" : f32[2] = [1, 0.5]
  %5 = LayerNormalization(%4, %6) {axis=3, epsilon=1e-12} : f32[2,6,2,2]
  %8 = Cast(%5) {to=bf16, saturate=false} : bf16[2,6,2,2]
  %10 = Opaque(%8, _, %5) {domain="com.example", op_type=Thing, version=3, raw=0x00ff10, why="operator Thing is not known"} : f32[*]
  %9 = ai.parallax.Parallax(%2, %3, %3) {heads=8, kv_heads=4, scale=0.25, causal=bottom_right, window_left=7} : f32[2,8,t,16]
  const %11 : i64[1] = [2]
  %12 "top", _ = TopK(%10, %11) {axis=0, largest=false} : f32[*], _
  Opaque(%12) {domain="", op_type=Sink, why=""} @"sink"
  const %14 "weight" : f32[2,2] = [1, 2, 3, 4]
  _, %15 = ai.parallax.Linear(%4, %14, %6, %4, %6) {trans_b=true, activation=gelu_tanh, norm=rms, epsilon=0.001, biased=[0], has_residual=true} : _, f32[2,6,2,2]
  output %9
  output %4 "conv"
  output %15
}
