"""The cases of contrib.py for the operators that stand around attention."""

import itertools

import numpy as np

from contrib_record import MS, Operand, run

O = Operand
B, T, C = 2, 3, 8


def norms(r):
    x, skip = O("input", r.normal(B, T, C), "B T 8"), O("skip", r.normal(B, T, C), "B T 8")
    gamma, beta, bias = (O(n, r.normal(C), const=True) for n in ["gamma", "beta", "bias"])
    for name, s in {"": skip, " of one batch": O("skip", r.normal(1, T, C)), " of rank 2": O("skip", r.normal(T, C))}.items():
        r.add("SkipLayerNormalization", "skip" + name, {}, [x, s, gamma, beta], ["y"])
        r.add("SkipLayerNormalization", "bias, skip" + name, {"epsilon": 0.1}, [x, s, gamma, beta, bias], ["y", "", "", "sum"])
    r.add("SkipLayerNormalization", "without beta", {}, [x, skip, gamma], ["y"])
    r.add("SkipLayerNormalization", "without beta, bias", {}, [x, skip, gamma, None, bias], ["y", "", "", "sum"])
    flat = [O("input", r.normal(B, C), "B 8"), O("skip", r.normal(B, C), "B 8")]
    r.add("SkipLayerNormalization", "rank 2", {}, flat + [gamma, beta], ["y"])
    r.add("SkipSimplifiedLayerNormalization", "plain", {}, [x, skip, gamma], ["y"])
    r.add("SkipSimplifiedLayerNormalization", "bias", {"epsilon": 0.1}, [x, skip, gamma, bias], ["y", "", "", "sum"])
    r.add("SkipSimplifiedLayerNormalization", "rank 2", {}, flat + [gamma], ["y", "", "", "sum"])
    r.add("SimplifiedLayerNormalization", "plain", {}, [x, gamma], ["y"], domain="", opset=14)
    r.add("SimplifiedLayerNormalization", "epsilon", {"epsilon": 0.1, "axis": -1, "stash_type": 1}, [x, gamma], ["y"], domain="", opset=14)
    r.add("SimplifiedLayerNormalization", "axis", {"axis": 1}, [x, O("gamma", r.normal(T, C), const=True)], ["y"], domain="", opset=14)
    r.add("LayerNormalization", "before opset 17", {"epsilon": 0.1}, [x, gamma, beta], ["y"], domain="", opset=12)
    embeddings(r)
    group_norms(r)


def embeddings(r):
    i32 = np.int32
    word, place, kind = (O(n, r.normal(k, C), const=True) for n, k in [("word", 10), ("position", 6), ("segment", 2)])
    gamma, beta = (O(n, r.normal(C), const=True) for n in ["gamma", "beta"])
    ids = O("ids", r.rng.integers(0, 10, (B, T)).astype(i32), "B T")
    segments = O("segments", r.rng.integers(0, 2, (B, T)).astype(i32), "B T")
    mask = O("mask", np.array([[1, 1, 1], [1, 0, 0]], i32), "B T")
    add = lambda name, operands, out: r.add("EmbedLayerNormalization", name, {}, operands, out)
    add("all", [ids, segments, word, place, kind, gamma, beta, mask], ["y", "mask_index", "sum"])
    add("no segments", [ids, None, word, place, None, gamma, beta, mask], ["y", "mask_index"])
    add("no mask", [ids, segments, word, place, kind, gamma, beta], ["y", "mask_index"])
    add("positions", [ids, segments, word, place, kind, gamma, beta, mask, O("places", np.array([[2, 1, 0], [5, 5, 3]], i32), "B T")], ["y", "mask_index"])
    add("positions of one batch", [ids, None, word, place, None, gamma, beta, None, O("places", np.array([[2, 1, 4]], i32), "1 T")], ["y", "mask_index"])


def group_norms(r):
    """GroupNorm has no CPU kernel: ONNX Runtime computes it of canonical steps."""
    x, gamma, beta = r.normal(2, 3, 2, 8), r.normal(8), r.normal(8)
    groups = x.reshape(2, 6, 2, 4).astype(np.float64)
    mean, var = groups.mean((1, 3), keepdims=True), groups.var((1, 3), keepdims=True)
    y = (((groups - mean) / np.sqrt(var + 1e-5)).reshape(x.shape) * gamma + beta).astype(np.float32)
    silu = (y / (1 + np.exp(-y.astype(np.float64)))).astype(np.float32)
    tail = [O("gamma", gamma, const=True), O("beta", beta, const=True)]
    first = lambda a: np.ascontiguousarray(a.transpose(0, 3, 1, 2))
    r.add("GroupNorm", "last", {"groups": 2, "activation": 0}, [O("x", x)] + tail, ["y"], expect={"y": y})
    r.add("GroupNorm", "last, silu", {"groups": 2, "activation": 1}, [O("x", x)] + tail, ["y"], expect={"y": silu})
    skip, bias = r.normal(2, 8), r.normal(8)
    given = x - skip[:, None, None] - bias
    r.add("SkipGroupNorm", "skip of rank 2, bias", {"groups": 2, "activation": 1}, [O("x", given)] + tail + [O("skip", skip), O("bias", bias, const=True)], ["y", "sum"],
          expect={"y": silu, "sum": x})
    whole = r.normal(2, 8, 3, 2)
    r.add("SkipGroupNorm", "first", {"groups": 2, "activation": 0, "channels_last": 0}, [O("x", first(x) - whole)] + tail + [O("skip", whole)], ["y"], expect={"y": first(y)})
    r.add("GroupNorm", "first", {"groups": 2, "activation": 1, "channels_last": 0}, [O("x", first(x))] + tail, ["y"], expect={"y": first(silu)})


def products(r):
    a, b = r.normal(2, 3, 4), r.normal(2, 4, 5)
    turn = lambda x: np.ascontiguousarray(np.swapaxes(x, -1, -2))
    for ta, tb, alpha in itertools.product([0, 1], [0, 1], [1.0, 0.5]):
        operands = [O("a", turn(a) if ta else a), O("b", turn(b) if tb else b)]
        attrs = {"transA": ta, "transB": tb, "alpha": alpha}
        r.add("FusedMatMul", f"transA={ta} transB={tb} alpha={alpha}", attrs, operands, ["y"])
        r.add("TransposeMatMul", f"transA={ta} transB={tb} alpha={alpha}", attrs, operands, ["y"])
    a, b = r.normal(2, 3, 4, 5), r.normal(2, 3, 5, 6)
    rows_first = lambda x: np.ascontiguousarray(np.moveaxis(x, -2, 0))
    for t, batch in itertools.product([0, 1], [0, 1]):
        stored = lambda x: (rows_first if batch else lambda y: y)(turn(x) if t else x)
        r.add("FusedMatMul", f"transA={t} transBatchA={batch}", {"transA": t, "transBatchA": batch}, [O("a", stored(a)), O("b", b)], ["y"])
        r.add("FusedMatMul", f"transB={t} transBatchB={batch}", {"transB": t, "transBatchB": batch}, [O("a", a), O("b", stored(b))], ["y"])
    r.add("FusedMatMul", "vector", {"transA": 1, "alpha": 2.0}, [O("a", r.normal(4)), O("b", r.normal(4, 5))], ["y"])
    r.add("FusedMatMul", "broadcast", {"transB": 1}, [O("a", r.normal(2, 3, 4)), O("b", r.normal(5, 4))], ["y"])
    m = [O("a", r.normal(3, 4)), O("b", r.normal(4, 5)), O("c", r.normal(5))]
    kinds = {"Relu": {}, "Tanh": {}, "Sigmoid": {}, "LeakyRelu": {"activation_alpha": 0.2}, "Elu": {"activation_alpha": 0.7}, "HardSigmoid": {"activation_alpha": 0.3, "activation_beta": 0.4},
             "Softplus": {}, "Softsign": {}}
    for kind, numbers in kinds.items():
        r.add("FusedGemm", kind, dict(numbers, activation=kind, alpha=0.5), m, ["y"])
    r.add("FusedGemm", "no c", {"activation": "Relu", "transA": 1}, [O("a", r.normal(4, 3)), m[1]], ["y"])
    product = np.maximum(0.5 * m[0].array @ m[1].array, 0)
    r.add("FusedMatMulActivation", "schema", {"activation": "Relu", "alpha": 0.5}, m[:2], ["y"], expect={"y": product})
    x, w = O("x", r.normal(1, 2, 5, 5)), O("w", r.normal(3, 2, 3, 3), const=True)
    bias, z = O("b", r.normal(3), const=True), O("z", r.normal(1, 3, 5, 5))
    pads = {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}
    for kind, numbers in {"Relu": [], "LeakyRelu": [0.2], "Clip": [-0.5, 1.0], "HardSigmoid": [0.3, 0.4]}.items():
        attrs = dict(pads, activation=kind, **({"activation_params": numbers} if numbers else {}))
        r.add("FusedConv", kind, attrs, [x, w, bias], ["y"])
    r.add("FusedConv", "sum", dict(pads, activation="Relu"), [x, w, bias, z], ["y"])
    y = r.normal(2, 4)
    gw, gb = r.normal(4, 4), r.normal(4)
    s = y.astype(np.float64) @ gw + gb
    tanh = 0.5 * s * (1 + np.tanh(np.sqrt(2 / np.pi) * (s + 0.044715 * s ** 3)))
    r.add("GemmFastGelu", "schema", {}, [O("x", y), O("w", gw), O("bias", gb)], ["y"], expect={"y": tanh.astype(np.float32)})


def elementwise(r):
    x, bias = O("x", r.normal(2, 3, 8, scale=2), "B T 8"), O("bias", r.normal(8), const=True)
    r.add("Gelu", "plain", {}, [x], ["y"])
    r.add("BiasGelu", "plain", {}, [x, bias], ["y"])
    r.add("FastGelu", "plain", {}, [x], ["y"])
    r.add("FastGelu", "bias", {}, [x, bias], ["y"])
    r.add("QuickGelu", "plain", {}, [x], ["y"])
    r.add("QuickGelu", "alpha", {"alpha": 0.8}, [x], ["y"])
    skip = r.normal(2, 3, 8)
    r.add("BiasAdd", "schema", {}, [x, bias, O("skip", skip, "B T 8")], ["y"], expect={"y": x.array + bias.array + skip})
    halves = np.split(x.array + bias.array, 2, axis=-1)
    gelu = run("Gelu", MS, 1, {}, [O("x", halves[1])], ["y"])["y"]
    r.add("BiasSplitGelu", "schema", {}, [x, bias], ["y"], expect={"y": halves[0] * gelu})
    r.add("BiasDropout", "schema", {}, [x, bias, O("residual", skip, "B T 8")], ["y", "mask"], expect={"y": x.array + bias.array + skip, "mask": np.ones(x.array.shape, bool)})
    r.add("Trilu", "lower", {"upper": 0}, [O("x", r.normal(4, 4))], ["y"])
    r.add("Trilu", "k", {"upper": 1}, [O("x", r.normal(4, 4)), O("k", np.array(-1, np.int64))], ["y"])
    r.add("Range", "step", {}, [O("start", np.array(1, np.int64), const=True), O("limit", np.array(7, np.int64), const=True), O("delta", np.array(2, np.int64), const=True)], ["y"])
    r.add("Range", "by one", {}, [O("start", np.array([1], np.int32), const=True), O("limit", np.array([4], np.int32), const=True)], ["y"])
    r.add("ExpandDims", "axis", {}, [x, O("axis", np.array(1, np.int32), const=True)], ["y"])
    r.add("ExpandDims", "negative", {}, [x, O("axis", np.array(-1, np.int32), const=True)], ["y"])
    r.add("GatherND", "plain", {}, [O("x", r.normal(3, 4)), O("index", np.array([[0], [2]], np.int64))], ["y"])
    r.add("Pad", "constant", {}, [O("x", r.normal(2, 3)), O("pads", np.array([0, 1, 1, 0], np.int64), const=True), O("value", np.array([1.5], np.float32), const=True)], ["y"])
    r.add("Pad", "reflect", {"mode": "reflect"}, [O("x", r.normal(2, 3)), O("pads", np.array([0, 1, 1, 0], np.int64), const=True)], ["y"])
    s = r.normal(2, 4, 3, 3), r.normal(2, 1, 1, 3)
    e = np.exp((s[0] + s[1]) - (s[0] + s[1]).max(-1, keepdims=True))
    r.add("BiasSoftmax", "inner", {"axis": 3, "is_inner_broadcast": 0}, [O("data", s[0]), O("bias", s[1])], ["y"], expect={"y": e / e.sum(-1, keepdims=True)})
    table = r.normal(5, 3)
    index = np.array([[0, 4], [2, 2]], np.int64)
    r.add("TorchEmbedding", "schema", {}, [O("weight", table, const=True), O("indices", index)], ["y"], expect={"y": table[index]})


def packed(r):
    """Attention of rows without padding has no CPU kernel: it is that of the padded
    rows, with a mask of their lengths."""
    b, t, n, h = 2, 4, 2, 8
    d, lengths = n * h, [4, 2]
    places = [i * t + j for i in range(b) for j in range(lengths[i])]
    rest = [i for i in range(b * t) if i not in places]
    offsets = O("token_offset", np.array(places + rest, np.int32).reshape(b, t), "B T")
    ends = O("cumulative_sequence_length", np.array([0] + list(np.cumsum(lengths)), np.int32))
    full = {k: r.normal(b, t, d) for k in ["query", "key", "value"]}
    cut = {k: v.reshape(b * t, d)[places] for k, v in full.items()}
    bias, more = O("bias", r.normal(3 * d), const=True), O("attention_bias", r.normal(1, n, t, t))
    mask = O("mask", np.array(lengths, np.int32))

    def same(with_bias, with_more, attrs):
        operands = [O(k, v) for k, v in full.items()] + [bias if with_bias else None, mask, more if with_more else None]
        y = run("MultiHeadAttention", MS, 1, dict(attrs, num_heads=n, mask_filter_value=-1e30), operands, ["y"])["y"]
        return {"y": y.reshape(b * t, d)[places]}

    rows = [O(k, v, "N 16") for k, v in cut.items()]
    add = lambda name, attrs, operands, expect: r.add("PackedMultiHeadAttention", name, dict(attrs, num_heads=n), operands, ["y"], expect=expect)
    add("plain", {}, rows + [None, offsets, ends], same(False, False, {}))
    add("bias", {"scale": 0.5}, rows + [bias, offsets, ends, more], same(True, True, {"scale": 0.5}))
    qkv = np.stack([cut[k].reshape(-1, n, h) for k in ["query", "key", "value"]], axis=2)
    add("packed qkv", {}, [O("query", qkv, "N 2 3 8"), None, None, None, offsets, ends], same(False, False, {}))
    x, w = r.normal(b, t, 6), r.normal(6, 3 * d)
    y = run("Attention", MS, 1, {"num_heads": n, "mask_filter_value": -1e30}, [O("input", x), O("weights", w), bias, mask], ["y"])["y"]
    r.add("PackedAttention", "plain", {"num_heads": n}, [O("input", x.reshape(b * t, 6)[places], "N 6"), O("weights", w, const=True), bias, offsets, ends], ["y"],
          expect={"y": y.reshape(b * t, d)[places]})


def relative_bias(r):
    """RelativePositionBias has no CPU kernel: the formula of T5."""
    for both, (buckets, furthest, t, s) in itertools.product([0, 1], [(8, 20, 30, 30), (32, 128, 5, 9)]):
        table = r.normal(buckets, 2)
        n = np.arange(t)[:, None] - np.arange(s)[None]
        half, after = (buckets // 2, (n < 0) * (buckets // 2)) if both else (buckets, 0)
        n = np.abs(n) if both else np.maximum(n, 0)
        near = half // 2
        with np.errstate(divide="ignore"):
            far = near + (np.log(np.maximum(n, 1).astype(np.float32) / near) / np.log(furthest / near) * (half - near)).astype(np.int64)
        bucket = after + np.where(n < near, n, np.minimum(far, half - 1))
        lengths = [O("query_length", np.array([t], np.int64)), O("key_length", np.array([s], np.int64))]
        r.add("RelativePositionBias", f"both={both}, {buckets} buckets", {"max_distance": furthest, "is_bidirectional": both},
              [O("table", table, const=True)] + lengths, ["y"], expect={"y": np.ascontiguousarray(table[bucket].transpose(2, 0, 1)[None])})


def refusals(r):
    """What is not read, and the words of the reason."""
    x = O("x", r.normal(2, 16))
    weights = [O("b", np.zeros((4, 1, 16), np.int32), const=True), O("scales", r.normal(4), const=True)]
    r.refuse("QOrderedMatMul", "plain", {}, [x] + weights, ["y"], "the order of a CUDA kernel")
    r.refuse("BeamSearch", "of a decoder", {}, [O("ids", np.zeros((1, 1), np.int32))], ["y"], "a search over a decoder")
    r.refuse("Conv", "laid out in blocks", {}, [O("x", r.normal(1, 8, 3, 3)), O("w", r.normal(8, 8, 1, 1), const=True)], ["y"], "laid out for the processor", domain="com.microsoft.nchwc")
    r.refuse("Inverse", "plain", {}, [O("x", r.normal(2, 2))], ["y"], "the domain's operator is not known")


PARTS = [norms, products, elementwise, packed, relative_bias, refusals]
