"""The cases of contrib.py for attention of com.microsoft."""

import itertools

import numpy as np

from contrib_record import MS, Operand, run

O = Operand
B, T, P, N, H = 2, 4, 3, 2, 8
D = N * H
S = P + T


def masks(r, keys, batch=B, queries=T):
    """The mask operands that ONNX Runtime's kernels take, by name: right and left
    padding, gaps, a row with nothing to see."""
    i32 = np.int32
    raw = (r.rng.random((batch, keys)) < 0.6).astype(i32)
    raw[:, 0] = 1
    empty = raw.copy()
    empty[1] = 0
    full = (r.rng.random((batch, queries, keys)) < 0.6).astype(i32)
    full[0, -1] = 0
    ends = np.array([keys - 1, keys // 2][:batch], i32)
    starts = np.array([1, 0][:batch], i32)
    return {
        "ends": O("mask", ends, "B"),
        "bounds": O("mask", np.concatenate([ends, starts])),
        "keys": O("mask", raw, "B keys"),
        "empty": O("mask", empty, "B keys"),
        "rows": O("mask", full, "B T keys"),
        "dummy": O("mask", np.ones((batch, 1), i32)),
    }


BLIND = ("empty", "rows")  # masks with rows that see nothing


def only_padding(masks):
    """The masks that MultiHeadAttention takes."""
    return {name: m for name, m in masks.items() if name not in ("bounds", "dummy")}


def attention(r):
    di = 12
    x, w, b = O("input", r.normal(B, T, di), "B T 12"), O("weights", r.normal(di, 3 * D, scale=0.4), const=True), O("bias", r.normal(3 * D), const=True)
    past = O("past", r.normal(2, B, N, P, H), "2 B 2 P 8")
    base = {"num_heads": N}
    for one_way, scale in [(0, None), (1, 0.5)]:
        attrs = dict(base, unidirectional=one_way, **({"scale": scale} if scale else {}))
        r.add("Attention", f"plain one_way={one_way} scale={scale}", attrs, [x, w, b], ["y"])
        r.add("Attention", f"past one_way={one_way} scale={scale}", attrs, [x, w, b, None, past], ["y", "present"])
    r.add("Attention", "without bias", base, [x, w], ["y"])
    r.add("Attention", "present alone", base, [x, w, b], ["y", "present"])
    for one_way in [0, 1]:
        for name, m in masks(r, T).items():
            r.add("Attention", f"mask {name} one_way={one_way}", dict(base, unidirectional=one_way), [x, w, b, m], ["y"], blind=name in BLIND)
        for name, m in masks(r, S).items():
            r.add("Attention", f"past, mask {name} one_way={one_way}", dict(base, unidirectional=one_way), [x, w, b, m, past], ["y", "present"], blind=name in BLIND)
    r.add("Attention", "fill", dict(base, mask_filter_value=-1.5), [x, w, b, masks(r, T)["keys"]], ["y"])
    r.add("Attention", "fill, one_way", dict(base, mask_filter_value=-1.5, unidirectional=1), [x, w, b, masks(r, T)["rows"]], ["y"])
    bias = O("attention_bias", r.normal(1, N, T, T))
    r.add("Attention", "attention bias", base, [x, w, b, None, None, bias], ["y"])
    r.add("Attention", "attention bias and mask", dict(base, unidirectional=1), [x, w, b, masks(r, T)["keys"], None, bias], ["y"])
    inf = r.normal(B, 1, T, T)
    inf[0, 0, 1] = -np.inf
    inf[1, 0, :, 2] = -np.inf
    r.add("Attention", "attention bias of -inf", base, [x, w, b, None, None, O("attention_bias", inf)], ["y"])
    wv = O("weights", r.normal(di, 2 * D + N * 4, scale=0.4), const=True)
    r.add("Attention", "hidden sizes", dict(base, qkv_hidden_sizes=[D, D, N * 4]), [x, wv, O("bias", r.normal(2 * D + N * 4), const=True)], ["y"])
    single = O("input", r.normal(B, 1, di), "B 1 12")
    r.add("Attention", "one token", dict(base, unidirectional=1), [single, w, b, None, past], ["y", "present"])


def multi_head(r):
    q, k, v = O("query", r.normal(B, T, D), "B T 16"), O("key", r.normal(B, T, D), "B T 16"), O("value", r.normal(B, T, D), "B T 16")
    ck, cv = O("key", r.normal(B, 6, D), "B L 16"), O("value", r.normal(B, 6, N * 4), "B L 8")
    bias = O("bias", r.normal(3 * D), const=True)
    pk, pv = O("past_key", r.normal(B, N, P, H), "B 2 P 8"), O("past_value", r.normal(B, N, P, H), "B 2 P 8")
    base = {"num_heads": N}
    outs = ["y", "present_key", "present_value"]
    add = lambda name, attrs, operands, out=["y"], **more: r.add("MultiHeadAttention", name, dict(base, **attrs), operands, out, **more)
    for one_way, scale in [(0, None), (1, 0.5)]:
        attrs = dict({"unidirectional": one_way}, **({"scale": scale} if scale else {}))
        add(f"plain one_way={one_way} scale={scale}", attrs, [q, k, v])
        add(f"bias one_way={one_way} scale={scale}", attrs, [q, k, v, bias])
        add(f"past one_way={one_way} scale={scale}", attrs, [q, k, v, bias, None, None, pk, pv], outs)
    add("cross", {}, [q, ck, cv])
    add("cross, bias", {}, [q, ck, cv, O("bias", r.normal(2 * D + N * 4), const=True)])
    r.refuse("MultiHeadAttention", "cross, one way", dict(base, unidirectional=1), [q, ck, cv], ["y"], "as many new keys as queries")
    add("cross of a cache", {}, [q, O("key", r.normal(B, N, 6, H), "B 2 L 8"), O("value", r.normal(B, N, 6, H), "B 2 L 8")])
    add("cross of a cache, bias", {}, [q, O("key", r.normal(B, N, 6, H), "B 2 L 8"), O("value", r.normal(B, N, 6, H), "B 2 L 8"), bias])
    add("presents alone", {}, [q, k, v], outs)
    # No CPU kernel takes these: they mean the same as separate operands.
    separate = lambda *operands: run("MultiHeadAttention", MS, 1, base, list(operands), ["y"])
    heads = r.normal(B, 6, N, 2, H)
    both = [O(n, heads[:, :, :, i].reshape(B, 6, D)) for i, n in enumerate(["key", "value"])]
    r.add("MultiHeadAttention", "packed kv", base, [q, O("key", heads, "B L 2 2 8")], ["y"], expect=separate(q, *both))
    heads = r.normal(B, T, N, 3, H)
    packed = O("query", heads, "B T 2 3 8")
    three = [O(n, heads[:, :, :, i].reshape(B, T, D)) for i, n in enumerate(["query", "key", "value"])]
    r.add("MultiHeadAttention", "packed qkv", base, [packed], ["y"], expect=separate(*three))
    r.add("MultiHeadAttention", "packed qkv, bias", base, [packed, None, None, bias], ["y"], expect=separate(*three, bias))
    for one_way in [0, 1]:
        for name, m in only_padding(masks(r, T)).items():
            add(f"mask {name} one_way={one_way}", {"unidirectional": one_way}, [q, k, v, None, m], blind=name in BLIND)
        for name, m in only_padding(masks(r, S)).items():
            add(f"past, mask {name} one_way={one_way}", {"unidirectional": one_way}, [q, k, v, None, m, None, pk, pv], outs, blind=name in BLIND)
    starts = np.array([3, 2, 0, 4, 8, 0, 3, 5], np.int32)
    add("mask of packed rows", {}, [q, k, v, None, O("mask", starts)])
    add("fill", {"mask_filter_value": -2.0}, [q, k, v, None, masks(r, T)["keys"]])
    for shape in [(B, N, T, T), (1, N, T, T), (B, 1, T, T), (1, 1, T, T)]:
        add(f"attention bias {shape}", {}, [q, k, v, None, None, O("attention_bias", r.normal(*shape))])
    add("past, attention bias", {}, [q, k, v, None, None, O("attention_bias", r.normal(1, N, T, S)), pk, pv], outs)
    add("all", {"unidirectional": 1}, [q, k, v, bias, masks(r, S)["keys"], O("attention_bias", r.normal(1, N, T, S)), pk, pv], outs)
    room = 9
    buffers = [O("past_key", r.normal(B, N, room, H), "B 2 M 8"), O("past_value", r.normal(B, N, room, H), "B 2 M 8")]
    add("shared buffer", {}, [q, k, v, None, None, None] + buffers + [O("past_sequence_length", np.array([P], np.int32))], outs)
    one = lambda n: O(n, r.normal(B, 1, D), "B 1 16")
    add("one token", {"unidirectional": 1}, [one("query"), one("key"), one("value"), bias, None, None, pk, pv], outs)


def decoder_masked(r):
    one = lambda n: O(n, r.normal(B, 1, D), "B 1 16")
    room = 9
    pk, pv = O("past_key", r.normal(B, N, room, H), "B 2 M 8"), O("past_value", r.normal(B, N, room, H), "B 2 M 8")
    used = O("past_sequence_length", np.array([P], np.int32))
    bias = O("bias", r.normal(3 * D), const=True)
    outs = ["y", "present_key", "present_value"]
    attrs = {"num_heads": N, "past_present_share_buffer": 1}
    add = lambda name, a, operands, out=outs: r.add("DecoderMaskedMultiHeadAttention", name, a, operands, out)
    qkv = [one("query"), one("key"), one("value")]
    mask = masks(r, P + 1, queries=1)
    add("plain", attrs, qkv + [None, None, pk, pv, used])
    add("scale", dict(attrs, scale=0.5), qkv + [None, None, pk, pv, used])
    add("mask", attrs, qkv + [mask["keys"], None, pk, pv, used])
    add("mask, fill", dict(attrs, mask_filter_value=-2.0), qkv + [mask["empty"], None, pk, pv, used])
    add("attention bias", attrs, qkv + [None, O("attention_bias", r.normal(1, N, 1, P + 1)), pk, pv, used])
    add("bias", attrs, qkv + [None, None, pk, pv, used, None, None, bias])
    add("one beam", attrs, qkv + [None, None, pk, pv, used, O("beam_width", np.array([1], np.int32), const=True)])
    thirds = [O(o.name, o.array) for o in qkv]
    same = run("DecoderMaskedMultiHeadAttention", MS, 1, attrs, thirds + [None, None, pk, pv, used], outs)
    packed = O("query", np.concatenate([o.array for o in thirds], 2), "B 1 48")
    r.add("DecoderMaskedMultiHeadAttention", "packed", attrs, [packed, None, None, None, None, pk, pv, used], outs, expect=same)
    cross = [O("key", r.normal(B, N, 6, H), "B 2 L 8"), O("value", r.normal(B, N, 6, H), "B 2 L 8")]
    r.add("DecoderMaskedMultiHeadAttention", "cross", {"num_heads": N}, [one("query")] + cross, ["y"])
    r.add("DecoderMaskedMultiHeadAttention", "cross, mask", {"num_heads": N}, [one("query")] + cross + [masks(r, 6)["keys"]], ["y"])
    r.add("DecoderMaskedMultiHeadAttention", "cross, bias", {"num_heads": N}, [one("query")] + cross + [None] * 7 + [bias], ["y"])


def group_query(r):
    heads, kv = 4, 2
    i32 = np.int32
    tables = [O("cos_cache", r.uniform(-1, 1, 16, 8), const=True), O("sin_cache", r.uniform(-1, 1, 16, 8), const=True)]
    outs = ["y", "present_key", "present_value"]

    def add(name, attrs, t, past, total, lengths, rotary=None, extra=(), packed=False, out=outs, batch=B, h=None):
        h = h or (16 if rotary else H)  # kernels that rotate want multiples of 16
        q, k, v = r.normal(batch, t, heads * h), r.normal(batch, t, kv * h), r.normal(batch, t, kv * h)
        if packed:
            qkv = [O("query", np.concatenate([q, k, v], 2), "B T %d" % ((heads + 2 * kv) * h)), None, None]
        else:
            qkv = [O("query", q, "B T %d" % (heads * h)), O("key", k, "B T %d" % (kv * h)), O("value", v, "B T %d" % (kv * h))]
        cache = [None, None]
        if past is not None:
            cache = [O("past_key", r.normal(batch, kv, past, h), "B 2 P %d" % h), O("past_value", r.normal(batch, kv, past, h), "B 2 P %d" % h)]
        operands = qkv + cache + [O("seqlens_k", np.array(lengths, i32) - 1, "B"), O("total_sequence_length", np.array(total, i32))]
        operands += list(rotary) if rotary else [None, None]
        operands += list(extra)
        padding = {"y": [[b, n] for b, n in enumerate(lengths) if n < t]} if t == total else None
        r.add("GroupQueryAttention", name, dict({"num_heads": heads, "kv_num_heads": kv}, **attrs), operands, out, padding=padding)

    rotated = {"do_rotary": 1}
    for packed in [False, True]:
        p = " packed" if packed else ""
        add("prompt" + p, {}, 5, None, 5, [5, 5], packed=packed)
        add("prompt, rotary" + p, rotated, 5, None, 5, [5, 5], tables, packed=packed)
        add("prompt, right padding" + p, {}, 5, None, 5, [5, 3], packed=packed)
        add("step" + p, rotated, 1, 4, 5, [5, 5], tables, packed=packed)
        add("step of two lengths" + p, rotated, 1, 4, 5, [5, 3], tables, packed=packed)
        add("step in a buffer" + p, rotated, 1, 9, 5, [5, 4], tables, packed=packed)
        add("prompt in a buffer" + p, rotated, 5, 9, 5, [5, 3], tables, packed=packed)
    add("several tokens", rotated, 3, 4, 7, [7], tables, batch=1)
    add("several tokens in a buffer", rotated, 3, 9, 7, [7], tables, batch=1)
    add("prompt of an empty past", rotated, 5, 0, 5, [5, 5], tables)
    add("interleaved", {"do_rotary": 1, "rotary_interleaved": 1}, 3, None, 3, [3, 3], tables)
    add("rotary of a part", rotated, 3, None, 3, [3, 3], tables, h=32)
    for window in [1, 2, 3]:
        add(f"window {window}, prompt", {"local_window_size": window}, 6, None, 6, [6, 6])
        add(f"window {window}, step", {"local_window_size": window}, 1, 7, 8, [8, 8])
    for t, past in [(4, None), (1, 4)]:
        total = t + (past or 0)
        full = [total, total]
        at = f"{t} after {past or 0}"
        add("scale, " + at, {"scale": 0.7}, t, past, total, full)
        add("softcap, " + at, {"softcap": 1.5, "scale": 2.0}, t, past, total, full)
        add("smooth softmax, " + at, {"smooth_softmax": 1}, t, past, total, full)
        bias = lambda b, n, keys=total: O("attention_bias", r.normal(b, n, t, keys))
        add("head sink, " + at, {}, t, past, total, full, extra=[None, None, O("head_sink", r.normal(heads), const=True)])
        add("attention bias, " + at, {}, t, past, total, full, extra=[None, bias(1, 1)])
        add("attention bias per head, softcap, " + at, {"softcap": 1.5}, t, past, total, full, extra=[None, bias(2, heads)])
        add("not causal, " + at, {"causal": 0}, t, past, total, full)
        add("not causal, two lengths, " + at, {"causal": 0}, t, past, total, [total, total - 1])
        ids = r.rng.integers(0, 16, (B, t)).astype(np.int64)
        add("positions, " + at, rotated, t, past, total, full, tables, extra=[O("position_ids", ids)])
    add("attention bias in a buffer", {}, 1, 9, 5, [5, 5], extra=[None, O("attention_bias", r.normal(1, 4, 1, 5))])
    add("window in a buffer", {"local_window_size": 2}, 2, 9, 5, [5], batch=1)
    add("window, sink, interleaved", {"local_window_size": 3, "do_rotary": 1, "rotary_interleaved": 1}, 1, 9, 7, [7, 4], tables,
        extra=[None, None, O("head_sink", r.normal(heads), const=True)])
    # No CPU kernel has the norms of queries and keys: they come first.
    q, k, v = r.normal(B, 3, heads * 16), r.normal(B, 3, kv * 16), r.normal(B, 3, kv * 16)
    gain = [O(n, r.normal(16), const=True) for n in ["q_norm_weight", "k_norm_weight"]]
    lengths = [None, None, O("seqlens_k", np.array([2, 2], i32), "B"), O("total_sequence_length", np.array(3, i32))] + tables
    attrs = {"num_heads": heads, "kv_num_heads": kv, "do_rotary": 1}
    normal = lambda x, w, e: (x.reshape(B, 3, -1, 16) / np.sqrt(np.mean(x.reshape(B, 3, -1, 16) ** 2, -1, keepdims=True) + e) * w).reshape(x.shape).astype(np.float32)
    given = lambda q, k: [O("query", q, "B T 64"), O("key", k, "B T 32"), O("value", v, "B T 32")] + lengths
    same = run("GroupQueryAttention", MS, 1, attrs, given(normal(q, gain[0].array, 0.1), normal(k, gain[1].array, 0.01)), outs)
    r.add("GroupQueryAttention", "norms of queries and keys", dict(attrs, qk_norm_epsilon=0.1, k_norm_epsilon=0.01),
          given(q, k) + [None] * 5 + gain, outs, expect=same)
    r.refuse("GroupQueryAttention", "quantised cache", dict(attrs, k_quant_type="PER_TENSOR"), given(q, k), ["y"], "a quantised cache")
    r.refuse("GroupQueryAttention", "evicting cache", dict(attrs, local_window_size=2, sliding_window_cache=1), given(q, k), ["y"], "sliding_window_cache")
    r.refuse("GroupQueryAttention", "scores", dict(attrs, qk_output=1), given(q, k), outs + ["scores"], "the output of scores")
    add("output alone", {}, 4, None, 4, [4, 4], out=["y"])


def rotary(r):
    cos, sin = O("cos_cache", r.uniform(-1, 1, 16, H // 2), const=True), O("sin_cache", r.uniform(-1, 1, 16, H // 2), const=True)
    ids = {"table": O("position_ids", r.rng.integers(0, 16, (B, T)).astype(np.int64), "B T"), "offset": O("position_ids", np.array([3], np.int64))}
    for inter, (name, i) in itertools.product([0, 1], ids.items()):
        r.add("RotaryEmbedding", f"rank 3, {name}, interleaved={inter}", {"interleaved": inter}, [O("input", r.normal(B, T, D), "B T 16"), i, cos, sin], ["y"])
        r.add("RotaryEmbedding", f"rank 4, {name}, interleaved={inter}", {"interleaved": inter}, [O("input", r.normal(B, N, T, H), "B 2 T 8"), i, cos, sin], ["y"])
    part = {"num_heads": N, "rotary_embedding_dim": H}
    r.add("RotaryEmbedding", "part, rank 3", part, [O("input", r.normal(B, T, N * 16), "B T 32"), ids["table"], cos, sin], ["y"])
    r.add("RotaryEmbedding", "part, rank 4", part, [O("input", r.normal(B, N, T, 16), "B 2 T 16"), ids["table"], cos, sin], ["y"])
    of_one = O("position_ids", ids["table"].array[:1], "1 T")
    x = O("input", r.normal(B, T, D), "B T 16")
    same = run("RotaryEmbedding", MS, 1, {}, [x, O("position_ids", np.repeat(of_one.array, B, 0)), cos, sin], ["y"])
    r.add("RotaryEmbedding", "positions of one batch entry", {}, [x, of_one, cos, sin], ["y"], expect=same)
    r.add("RotaryEmbedding", "scale", {"scale": 2.0}, [O("input", r.normal(B, T, D), "B T 16"), ids["table"], cos, sin], ["y"])
    emb = r.uniform(-3, 3, B, T, H)
    q, qr, k, kr = (r.normal(B, N, T, H) for _ in range(4))
    c, s = np.cos(emb)[:, None], np.sin(emb)[:, None]
    names = dict(emb=emb, q=q, q_rot=qr, k=k, k_rot=kr)
    r.add("GemmaRotaryEmbedding", "schema", {}, [O(n, a) for n, a in names.items()], ["a", "b"], expect={"a": q * c + qr * s, "b": k * c + kr * s})


PARTS = [attention, multi_head, decoder_masked, group_query, rotary]
